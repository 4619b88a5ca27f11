"""One parent, some forked children and some services: start them, restart what dies, end all in order.

The parent has no event loop and no threads, so forking it is safe at any time.
"""

import gc
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

from app.lib import lifeline
from app.lib.logs import error_fields

Log = Callable[[str, Mapping[str, object]], object]
"""Takes an event's name and its fields."""

GRACE_SECONDS = 30.0
_CRASHED = 70  # EX_SOFTWARE of sysexits.h
_QUICK_SECONDS = 2.0
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0
_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_HANDLED = (*_ENDING, signal.SIGCHLD)


class _Charge:
    """What the supervisor looks after: one child, or one service."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.started = 0.0
        self.pause = 0.0
        self.due: float | None = None

    def came_up(self, now: float) -> None:
        self.started, self.due = now, None

    def went_down(self, now: float) -> None:
        """Due at once, but after ever longer pauses while it keeps dying soon after its start."""
        quick = now - self.started < _QUICK_SECONDS
        self.pause = min(self.pause * 2 or _FIRST_PAUSE, _LONGEST_PAUSE) if quick else 0.0
        self.due = now + self.pause


class _Child(_Charge):
    def __init__(self, name: str, run: Callable[[], int | None]) -> None:
        super().__init__(name)
        self.run = run
        self.pid: int | None = None


class _Service(_Charge):
    def __init__(
        self, name: str, poll: Callable[[], int | None], restart: Callable[[], object], stop: Callable[[], object]
    ) -> None:
        super().__init__(name)
        self.poll, self.restart, self.stop = poll, restart, stop


class Supervisor:
    """Runs children and watches services until SIGTERM, SIGINT or SIGHUP, in the main thread.

    `grace` is how long children may take to end after SIGTERM, in seconds.
    """

    def __init__(self, log: Log, *, grace: float = GRACE_SECONDS) -> None:
        self._log = log
        self._grace = grace
        self._children: list[_Child] = []
        self._services: list[_Service] = []
        self._stopping = False
        self._hurried = False

    def add(self, name: str, run: Callable[[], int | None]) -> None:
        """A child: forked from the parent as it is then, it calls `run` and exits with its answer (None is 0).

        It is restarted whenever it ends. SIGTERM asks it to end, and is also what it gets when the parent dies. It has
        its own process group, so a Ctrl-C in the terminal reaches the parent alone.
        """
        self._children.append(_Child(name, run))

    def watch(
        self, name: str, *, poll: Callable[[], int | None], restart: Callable[[], object], stop: Callable[[], object]
    ) -> None:
        """A service that runs already, in a child process made elsewhere (PostgreSQL).

        `poll` tells None while it runs; `restart` must not wait for long, since nothing else is looked after
        meanwhile; `stop` is called once the children have ended, the service that was added first last.
        """
        self._services.append(_Service(name, poll, restart, stop))

    def run(self) -> None:
        """Start the children and look after all until told to end; return when everything has ended.

        A second SIGINT kills children at once. If the start fails, what did start is ended before the error goes on.
        """
        with self._signals() as woken, lifeline.open_lifeline() as line:
            gc.collect()
            # Objects the children share with us are then never touched by their collector: their pages stay shared.
            gc.freeze()
            try:
                for service in self._services:
                    service.came_up(time.monotonic())
                for child in self._children:
                    child.due = time.monotonic()
                while not self._stopping:
                    self._look(line)
                    _sleep(woken, self._next_due())
            finally:
                gc.unfreeze()
                self._end_children(woken)
                self._end_services()

    @contextmanager
    def _signals(self) -> Iterator[socket.socket]:
        """A socket that has a byte to read after every signal, so that none arrives unseen between look and sleep."""
        woken, waker = socket.socketpair()
        waker.setblocking(False)
        before = {number: signal.getsignal(number) for number in _HANDLED}
        former = signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
        try:
            for number in _HANDLED:
                # `nohup` ignores SIGHUP, and means it.
                if number != signal.SIGHUP or before[number] != signal.SIG_IGN:
                    signal.signal(number, self._told)
            yield woken
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(former)
            woken.close()
            waker.close()

    def _told(self, number: int, _frame: FrameType | None) -> None:
        if number in _ENDING:
            self._hurried |= self._stopping and number == signal.SIGINT
            self._stopping = True

    def _look(self, line: lifeline.Lifeline) -> None:
        self._reap()
        now = time.monotonic()
        for service in self._services:
            if service.due is None and (code := service.poll()) is not None:
                service.went_down(now)
                self._tell("service_died", {"name": service.name, "code": code, "restart_in": service.pause})
            if service.due is not None and service.due <= now:
                self._restart(service)
        for child in self._children:
            if child.due is not None and child.due <= now and not self._stopping:
                self._fork(child, line)

    def _next_due(self) -> float | None:
        """Seconds until something is to be restarted; None when only a signal can bring news."""
        due = [charge.due for charge in (*self._children, *self._services) if charge.due is not None]
        return max(0.0, min(due) - time.monotonic()) if due else None

    def _restart(self, service: _Service) -> None:
        service.came_up(time.monotonic())
        try:
            service.restart()
        except Exception as error:  # noqa: BLE001 - whatever it was, the next attempt follows
            service.went_down(time.monotonic())
            self._tell(
                "service_not_restarted", {"name": service.name, "restart_in": service.pause, **error_fields(error)}
            )
        else:
            self._tell("service_restarted", {"name": service.name})

    def _fork(self, child: _Child, line: lifeline.Lifeline) -> None:
        """Signals wait while the child still has our handlers, so that none meant for it is lost."""
        _flush()
        parent = os.getpid()
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, _HANDLED)
        try:
            pid = os.fork()
            if pid == 0:
                self._be(child, line, parent, blocked)
        except OSError as error:
            child.went_down(time.monotonic())
            self._tell("child_not_started", {"name": child.name, "restart_in": child.pause, **error_fields(error)})
        else:
            child.pid = pid
            child.came_up(time.monotonic())
            self._tell("child_started", {"name": child.name, "pid": pid})
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)

    def _be(self, child: _Child, line: lifeline.Lifeline, parent: int, mask: Iterable[int]) -> NoReturn:
        """The child's whole life; whatever happens, it never returns into the parent's code."""
        code = _CRASHED
        try:
            signal.set_wakeup_fd(-1)
            for number in _HANDLED:
                signal.signal(number, signal.SIG_DFL)
            os.setpgid(0, 0)
            line.hold(parent, grace=self._grace)
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            code = child.run() or 0
        except SystemExit as leaving:
            code = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
        except BaseException as error:  # noqa: BLE001 - its text could quote mail: only type and place are told
            self._tell("child_crashed", {"name": child.name, **error_fields(error)})
        finally:
            _flush()
            os._exit(code)

    def _reap(self) -> None:
        for child in self._children:
            if child.pid is None:
                continue
            pid, status = os.waitpid(child.pid, os.WNOHANG)
            if pid == 0:
                continue
            child.pid = None
            fields = {"name": child.name, "pid": pid, "code": os.waitstatus_to_exitcode(status)}
            if self._stopping:
                self._tell("child_ended", fields)
            else:
                child.went_down(time.monotonic())
                self._tell("child_died", {**fields, "restart_in": child.pause})

    def _end_children(self, woken: socket.socket) -> None:
        self._stopping = True
        self._tell("stopping", {"grace": self._grace})
        self._send(signal.SIGTERM)
        deadline = time.monotonic() + self._grace
        while self._any_lives() and not self._hurried and (left := deadline - time.monotonic()) > 0:
            _sleep(woken, left)
        for name in self._send(signal.SIGKILL):
            self._tell("child_killed", {"name": name})
        while self._any_lives():
            _sleep(woken, None)

    def _any_lives(self) -> bool:
        self._reap()
        return any(child.pid is not None for child in self._children)

    def _send(self, number: signal.Signals) -> list[str]:
        """To every child that lives; their names."""
        alive = [child for child in self._children if child.pid is not None]
        for child in alive:
            if child.pid is not None:
                os.kill(child.pid, number)
        return [child.name for child in alive]

    def _tell(self, event: str, fields: Mapping[str, object]) -> None:
        # A reader of our logs that went away must not take the processes with it.
        with suppress(OSError, ValueError):
            self._log(event, fields)

    def _end_services(self) -> None:
        for service in reversed(self._services):
            try:
                service.stop()
            except Exception as error:  # noqa: BLE001 - the others are to be stopped all the same
                self._tell("service_not_stopped", {"name": service.name, **error_fields(error)})
            else:
                self._tell("service_stopped", {"name": service.name})


def _sleep(woken: socket.socket, seconds: float | None) -> None:
    """Until a signal, at most so long."""
    # Zero would mean a socket that never waits and raises another error.
    woken.settimeout(None if seconds is None else max(seconds, 0.001))
    with suppress(TimeoutError):
        woken.recv(4096)


def _flush() -> None:
    """What is still in a buffer at a fork would be written twice, and what is in one at `_exit` never."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
