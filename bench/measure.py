"""What processes cost: CPU and memory of a family of processes, read from /proc (Linux only). It starts nothing."""

import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
INTERVAL = 0.1
"""Seconds between two samples; one costs about 2 ms of CPU, counted as the load's."""
SERVER, POSTGRES = "server", "postgres"


@dataclass(frozen=True, kw_only=True, slots=True)
class Family:
    """Whose processes to count: `root` and its descendants, and whoever's root or working directory is in `folder`.

    The second finds daemons that left their parent: Postgres works in its data directory, others in a chroot.
    """

    root: int | None
    folder: Path | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """One group at one moment. CPU in seconds, of dead children too once they were waited for; memory in bytes."""

    processes: int = 0
    cpu: float = 0.0
    rss: int = 0
    biggest: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class _Process:
    pid: int
    parent: int
    group: str
    cpu: float
    rss: int


def usage(family: Family) -> dict[str, Usage]:
    """The family's usage now, by group: Postgres apart from everything else."""
    found = {SERVER: Usage(), POSTGRES: Usage()}
    for process in _members(family):
        before = found[process.group]
        found[process.group] = Usage(
            processes=before.processes + 1,
            cpu=before.cpu + process.cpu,
            rss=before.rss + process.rss,
            biggest=max(before.biggest, process.rss),
        )
    return found


def pss(family: Family) -> dict[str, int]:
    """The family's proportional set size in bytes, by group: shared pages count once, split among their users."""
    found = {SERVER: 0, POSTGRES: 0}
    for process in _members(family):
        try:
            rollup = (PROC / str(process.pid) / "smaps_rollup").read_text()
        except OSError:  # it ended meanwhile
            continue
        found[process.group] += (
            next((int(line.split()[1]) for line in rollup.splitlines() if line[:4] == "Pss:"), 0) * 1024
        )
    return found


def pids(family: Family) -> list[int]:
    """The ids of the family's processes now, Postgres's among them."""
    return [process.pid for process in _members(family)]


def _members(family: Family) -> list[_Process]:
    everyone = {process.pid: process for entry in PROC.iterdir() if (process := _read(entry)) is not None}
    return [process for process in everyone.values() if _belongs(process, everyone, family)]


def _read(entry: Path) -> _Process | None:
    """One line of proc_pid_stat(5); the command's name may hold spaces and parentheses."""
    if not entry.name.isdigit():
        return None
    try:
        head, _, tail = (entry / "stat").read_text(errors="replace").rpartition(") ")
    except OSError:
        return None
    fields = tail.split()
    return _Process(
        pid=int(entry.name),
        parent=int(fields[1]),
        group=POSTGRES if head.partition("(")[2].startswith("postgres") else SERVER,
        cpu=sum(map(int, fields[11:15])) / TICKS,
        rss=int(fields[21]) * PAGE,
    )


def _belongs(process: _Process, everyone: dict[int, _Process], family: Family) -> bool:
    ancestor: _Process | None = process
    while ancestor is not None:
        if ancestor.pid == family.root:
            return True
        ancestor = everyone.get(ancestor.parent)
    return family.folder is not None and any(_lies_in(process.pid, link, family.folder) for link in ("cwd", "root"))


def _lies_in(pid: int, link: str, folder: Path) -> bool:
    try:
        return (PROC / str(pid) / link).readlink().is_relative_to(folder)
    except OSError:
        return False


def _busy() -> float:
    """Seconds all cores together have worked since the machine started, proc_stat(5); `steal` is another's work."""
    with (PROC / "stat").open() as file:
        user, nice, system, _idle, _wait, irq, softirq, *_ = map(int, file.readline().split()[1:])
    return (user + nice + system + irq + softirq) / TICKS


def _own() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


class Meter:
    """Measures a family while a `with` block runs; afterwards the methods say what it cost."""

    def __init__(self, family: Family) -> None:
        self._family = family
        self._samples: list[dict[str, Usage]] = []
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._started = self._busy_before = self._own_before = 0.0
        self.other_cores = 0.0
        """How many cores were busy with neither the family nor the load: 0 is a quiet machine."""

    def __enter__(self) -> Self:
        self._samples.append(usage(self._family))
        self._started, self._busy_before, self._own_before = time.monotonic(), _busy(), _own()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._is_over.set()
        self._thread.join()
        self._samples.append(usage(self._family))
        others = (_busy() - self._busy_before) - (_own() - self._own_before) - self.cpu(SERVER) - self.cpu(POSTGRES)
        self.other_cores = max(0.0, others / (time.monotonic() - self._started))

    def _sample(self) -> None:
        while not self._is_over.wait(INTERVAL):
            self._samples.append(usage(self._family))

    def cpu(self, group: str) -> float:
        """CPU seconds the group used in the block."""
        return self._samples[-1][group].cpu - self._samples[0][group].cpu

    def growth(self, group: str) -> int:
        """Bytes by which the group's resident memory, summed over its processes, rose at most above its start."""
        return max(sample[group].rss for sample in self._samples) - self._samples[0][group].rss

    def biggest(self, group: str) -> int:
        """Resident bytes of the group's biggest process at its biggest sample."""
        return max(sample[group].biggest for sample in self._samples)
