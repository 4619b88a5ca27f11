"""Reading /proc, against real child processes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import measure
from bench.measure import POSTGRES, SERVER, Family, Meter

BURN = "import time\nwhile time.process_time() < 0.15: pass\n"
HOLD = "import sys; block = b'x' * {size}; print('ready', flush=True); sys.stdin.read()"
GROW = "import sys; sys.stdin.readline(); block = b'x' * {size}; print('grown', flush=True); sys.stdin.read()"


@contextmanager
def child(code: str, cwd: Path | None = None) -> Iterator[subprocess.Popen[str]]:
    """A Python that runs `code` and ends when its standard input does."""
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process


def ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline()


def test_a_tree_holds_its_descendants_and_their_memory() -> None:
    with child(HOLD.format(size=30_000_000)) as process:
        ready(process)
        alone = measure.usage(Family(root=process.pid, folder=None))[SERVER]
        both = measure.usage(Family(root=os.getpid(), folder=None))[SERVER]
        share = measure.pss(Family(root=process.pid, folder=None))
    assert alone.processes == 1
    assert both.processes >= 2
    assert alone.rss == alone.biggest > 30_000_000
    assert both.rss > alone.rss
    assert 30_000_000 < share[SERVER] <= alone.rss * 1.1
    assert share[POSTGRES] == 0


def test_a_process_is_found_by_its_working_directory(tmp_path: Path) -> None:
    with child(HOLD.format(size=1), cwd=tmp_path) as process:
        ready(process)
        assert measure.usage(Family(root=None, folder=tmp_path))[SERVER].processes == 1
    assert measure.usage(Family(root=None, folder=tmp_path))[SERVER].processes == 0


def test_postgres_is_told_by_its_name(tmp_path: Path) -> None:
    renamed = "open('/proc/self/comm', 'w').write('postgres');" + HOLD.format(size=1)
    with child(renamed, cwd=tmp_path) as process:
        ready(process)
        found = measure.usage(Family(root=None, folder=tmp_path))
    assert (found[POSTGRES].processes, found[SERVER].processes) == (1, 0)


def test_cpu_of_children_that_ended_counts() -> None:
    with Meter(Family(root=os.getpid(), folder=None)) as meter:
        subprocess.run([sys.executable, "-c", BURN], check=True)
    assert meter.cpu(SERVER) >= 0.1
    assert meter.cpu(POSTGRES) == 0
    assert meter.other_cores >= 0


def test_growth_is_seen_above_the_start() -> None:
    with child(GROW.format(size=40_000_000)) as process:
        assert process.stdin is not None
        with Meter(Family(root=process.pid, folder=None)) as meter:
            process.stdin.write("\n")
            process.stdin.flush()
            ready(process)
    assert 30_000_000 < meter.growth(SERVER) < 80_000_000
    assert meter.biggest(SERVER) > 40_000_000
