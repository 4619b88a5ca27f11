"""`make fuzz`: drives the readers of hostile input with input that is made to break them.

Each target has its share of the minutes, as many at a time as there are cores. What breaks one is kept in .fuzz/found,
told with how to try it again, and makes the exit status 1; what led to new branches is kept in .fuzz/corpus.
"""

import os
import re
import subprocess
import sys
import time
import traceback
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from tests.fuzz import target

_ROOT = Path(__file__).resolve().parents[2]
_KEPT = _ROOT / ".fuzz"
_STATUS = re.compile(r"^#(\d+)\s+\w+ +cov: (\d+)", re.MULTILINE)
_ONE_INPUT_SECONDS = 20
_MEMORY_MB = 2048
_TAIL = 4096


class Finding(Exception):
    """A target broke; `path` is the input."""

    def __init__(self, name: str, path: Path | None, told: str) -> None:
        super().__init__(name)
        self.name = name
        self.path = path
        self.told = told


@click.command(help=__doc__)
@click.argument("names", nargs=-1, metavar="[TARGET]...")
@click.option("--minutes", default=4.0, show_default=True, help="For all targets together.")
@click.option("--seeds", type=click.Path(exists=True, path_type=Path), help="A folder of more inputs to begin from.")
@click.option("--replay", type=click.Path(exists=True, path_type=Path), help="Try one kept input again, on one target.")
def main(names: tuple[str, ...], minutes: float, seeds: Path | None, replay: Path | None) -> None:
    known = target.names()
    if unknown := sorted(set(names) - set(known)):
        raise click.UsageError(f"There is no target {', '.join(unknown)}. There are: {', '.join(known)}.")
    if replay is not None:
        _replay(replay, names)
        return
    chosen = list(names) or known
    cores = min(len(chosen), len(os.sched_getaffinity(0)))
    findings = _all(chosen, cores, max(1, int(minutes * 60 * cores / len(chosen))), seeds)
    for found in findings:
        click.echo(f"\n{found.name} broke:\n\n{found.told}")
        if found.path is not None:
            path = found.path.relative_to(_ROOT)
            click.echo(f'The input is {path}; try it again with: make fuzz ARGS="--replay {path} {found.name}"')
    sys.exit(1 if findings else 0)


def _replay(path: Path, names: Sequence[str]) -> None:
    if len(names) != 1:
        raise click.UsageError("Say which target to try the input on.")
    try:
        target.load(names[0]).check(path.read_bytes())
    except Exception:  # noqa: BLE001 - whatever it is, it is what was asked for
        traceback.print_exc()
        sys.exit(1)
    click.echo("It holds.")


def _all(names: Sequence[str], cores: int, seconds: int, seeds: Path | None) -> list[Finding]:
    columns = (TextColumn("{task.description:14}"), BarColumn(), TextColumn("{task.fields[told]}"), TimeElapsedColumn())
    console = Console()
    findings: list[Finding] = []
    with Progress(*columns, console=console) as progress, ThreadPoolExecutor(cores) as pool:

        def one(name: str) -> None:
            task = progress.add_task(name, total=seconds, told="")
            try:
                told = _one(name, seconds, seeds, progress, task)
            except Finding as found:
                findings.append(found)
                told = "broke"
                progress.update(task, told=told)
            if not console.is_terminal:
                console.print(f"{name:14} {told}")

        for done in [pool.submit(one, name) for name in names]:
            done.result()
    return findings


def _one(name: str, seconds: int, seeds: Path | None, progress: Progress, task: TaskID) -> str:
    """Fuzz one target; gives what it did. Raises Finding."""
    corpus, found = _KEPT / "corpus" / name, _KEPT / "found"
    for folder in (corpus, found):
        folder.mkdir(parents=True, exist_ok=True)
    loaded = target.load(name)
    for seed in loaded.seeds:
        (corpus / sha256(seed).hexdigest()).write_bytes(seed)
    log = _KEPT / f"{name}.log"
    begun = time.time()
    options = {
        "max_total_time": seconds,
        "max_len": loaded.max_len,
        "timeout": _ONE_INPUT_SECONDS,
        "rss_limit_mb": _MEMORY_MB,
        "artifact_prefix": f"{found}/{name}-",
        "print_final_stats": 1,
    }
    command = [sys.executable, "-m", "tests.fuzz.child", name, *(f"-{key}={value}" for key, value in options.items())]
    with log.open("wb") as output:
        child = subprocess.Popen([*command, str(corpus), *([str(seeds)] if seeds else [])], cwd=_ROOT, stderr=output)
        try:
            told = _watch(child, log, begun, progress, task)
        finally:
            child.kill()
            child.wait()
    if child.returncode != 0:
        made = [path for path in found.glob(f"{name}-*") if path.stat().st_mtime >= begun]
        raise Finding(name, max(made, key=lambda path: path.stat().st_mtime, default=None), _end_of(log))
    progress.update(task, completed=seconds)
    return told


def _watch(child: subprocess.Popen[bytes], log: Path, begun: float, progress: Progress, task: TaskID) -> str:
    """Wait for the child's end, and tell its progress meanwhile."""
    while True:
        try:
            child.wait(timeout=1)
        except subprocess.TimeoutExpired:
            told = _told(log)
            progress.update(task, completed=time.time() - begun, told=told)
        else:
            return _told(log)


def _told(log: Path) -> str:
    found = _STATUS.findall(_end_of(log))
    return f"{int(found[-1][0]):>10,} runs, {found[-1][1]} branches" if found else ""


def _end_of(log: Path) -> str:
    with log.open("rb") as output:
        output.seek(max(0, log.stat().st_size - _TAIL))
        return output.read().decode("utf-8", "replace")


if __name__ == "__main__":
    main()
