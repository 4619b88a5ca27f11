import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.lib.postgres import EmbeddedPostgres, running_dsn
from app.lib.supervise import Supervisor, _Charge

# A supervised program: its arguments say which children and services it has; every line it prints is one event.
PROGRAM = """
import json, os, signal, subprocess, sys, time
from pathlib import Path
from app.lib.postgres import EmbeddedPostgres
from app.lib.supervise import Supervisor

def log(event, fields):
    os.write(1, (json.dumps({"event": event, **fields}) + "\\n").encode())

def wait(kind):
    log("up", {"name": kind, "pid": os.getpid(), "group": os.getpgid(0)})
    while True:
        time.sleep(1)  # a signal between log and pause would be waited for in vain

def polite():
    def leave(number, frame):
        log("bye", {"name": "polite"})
        sys.exit(0)
    signal.signal(signal.SIGTERM, leave)
    wait("polite")

def stubborn():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    wait("stubborn")

def crash():
    raise ValueError("Subject: text of a mail")

def short():
    return 3

class Sleeper:
    def __init__(self, name):
        self.name = name
        self.restart()
    def restart(self):
        self.process = subprocess.Popen(["sleep", "1000"], stdout=subprocess.DEVNULL)
        log("sleeping", {"name": self.name, "pid": self.process.pid})
    def stop(self):
        self.process.kill()
        self.process.wait()

given = json.loads(sys.argv[1])
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whatever nohup said to the tests
if not given["prctl"]:
    sys.platform = "another"
supervisor = Supervisor(log, grace=given["grace"])
for name in given["services"]:
    service = Sleeper(name)
    supervisor.watch(name, poll=lambda s=service: s.process.poll(), restart=service.restart, stop=service.stop)
if given["data"]:
    server = EmbeddedPostgres(Path(given["data"]), durable=False)
    server.start()
    log("serving", {"pid": server.pid})
    supervisor.watch("postgres", poll=server.poll, restart=server.launch, stop=server.stop)
runs = {"calm": lambda: wait("calm"), "polite": polite, "stubborn": stubborn, "crash": crash, "short": short}
for name in given["children"]:
    supervisor.add(name, runs[name])
supervisor.run()
log("over", {})
"""
HANGS_AFTER = 60


class Program:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.seen: list[dict[str, Any]] = []

    def until(self, event: str, name: str | None = None) -> dict[str, Any]:
        assert self.process.stdout
        for line in self.process.stdout:
            self.seen.append(json.loads(line))
            if self.seen[-1]["event"] == event and name in {None, self.seen[-1].get("name")}:
                return self.seen[-1]
        raise AssertionError(f"{event} never came: {self.seen}")

    def up(self, *names: str) -> dict[str, int]:
        """The process ids of these children, once all of them are up in whatever order."""
        pids: dict[str, int] = {}
        while not pids.keys() >= set(names):
            event = self.until("up")
            pids[event["name"]] = event["pid"]
        return pids

    def rest(self) -> list[str]:
        """Every further event, once the last process that could write one is gone."""
        assert self.process.stdout
        later = [json.loads(line) for line in self.process.stdout]
        self.seen += later
        return [f"{event['event']} {event['name']}" if "name" in event else event["event"] for event in later]


@contextmanager
def program(
    *children: str, services: tuple[str, ...] = (), data: Path | None = None, grace: float = 20, prctl: bool = True
) -> Iterator[Program]:
    given = {"children": children, "services": services, "data": data and str(data), "grace": grace, "prctl": prctl}
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, json.dumps(given)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    guard = threading.Timer(HANGS_AFTER, process.kill)
    guard.start()
    try:
        yield Program(process)
    finally:
        guard.cancel()
        process.terminate()
        process.communicate()


def test_a_killed_child_is_replaced_and_its_sibling_left_alone() -> None:
    with program("calm", "polite") as running:
        first = running.up("calm", "polite")
        os.kill(first["calm"], signal.SIGKILL)
        assert running.until("child_died")["code"] == -signal.SIGKILL
        assert running.up("calm")["calm"] != first["calm"]
        os.kill(first["polite"], 0)


def test_a_child_that_ends_is_restarted_after_growing_pauses() -> None:
    with program("short") as running:
        died = [running.until("child_died") for _ in range(3)]
    assert [event["restart_in"] for event in died] == [0.1, 0.2, 0.4]
    assert {event["code"] for event in died} == {3}


def test_pauses_grow_to_five_seconds_and_a_steady_life_resets_them() -> None:
    charge, now, pauses = _Charge("child"), 1_000.0, []
    for lived in (60.0, *[0.1] * 8, 2.5, 0.1):
        charge.came_up(now)
        now += lived
        charge.went_down(now)
        pauses.append(charge.pause)
        assert charge.due == now + charge.pause
    assert pauses == [0.0, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 0.0, 0.1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_told_to_end_it_ends_children_first_and_services_in_reverse(number: signal.Signals) -> None:
    with program("polite", services=("database", "proxy")) as running:
        running.until("up")
        running.process.send_signal(number)
        running.until("stopping")
        assert running.rest() == [
            "bye polite",
            "child_ended polite",
            "service_stopped proxy",
            "service_stopped database",
            "over",
        ]
        assert running.process.wait() == 0


def test_a_child_that_does_not_end_is_killed_after_the_grace() -> None:
    with program("stubborn", "polite", grace=0.3) as running:
        running.up("stubborn", "polite")
        running.process.terminate()
        running.until("stopping")
        assert running.rest() == [
            "bye polite",
            "child_ended polite",
            "child_killed stubborn",
            "child_ended stubborn",
            "over",
        ]


def test_a_second_interrupt_does_not_wait() -> None:
    with program("stubborn", grace=10 * HANGS_AFTER) as running:
        running.until("up")
        running.process.send_signal(signal.SIGINT)
        running.until("stopping")
        running.process.send_signal(signal.SIGINT)
        assert running.rest() == ["child_killed stubborn", "child_ended stubborn", "over"]


@pytest.mark.parametrize("prctl", [True, False])
def test_a_killed_supervisor_leaves_no_child_behind(*, prctl: bool) -> None:
    with program("calm", "polite", "stubborn", grace=0.3, prctl=prctl) as running:
        running.up("calm", "polite", "stubborn")
        running.process.kill()
        # The end of the output is the proof: each child holds the pipe as long as it lives.
        assert running.rest() == ["bye polite"]


def test_a_child_is_out_of_reach_of_a_ctrl_c_in_the_terminal() -> None:
    with program("calm") as running:
        child = running.until("up")
        assert child["group"] == child["pid"] != os.getpgid(running.process.pid)


def test_a_crash_is_told_without_its_text() -> None:
    with program("crash") as running:
        crash = running.until("child_crashed")
        assert running.until("child_died")["code"] == 70
        running.process.terminate()
        running.rest()
    assert crash["error"] == "ValueError"
    assert "at" in crash
    assert "Subject" not in json.dumps(running.seen)


def test_a_service_that_dies_is_restarted_without_touching_the_children() -> None:
    with program("calm", services=("database",)) as running:
        first = running.until("sleeping")
        running.until("up")
        os.kill(first["pid"], signal.SIGKILL)
        assert running.until("service_died")["code"] == -signal.SIGKILL
        assert running.until("sleeping")["pid"] != first["pid"]
        running.until("service_restarted")
        running.process.terminate()
        assert "child_ended calm" in running.rest()
        assert [event["event"] for event in running.seen].count("up") == 1


def test_postgres_outlives_its_children_and_is_restarted_when_killed() -> None:
    with tempfile.TemporaryDirectory(prefix="restante-test-") as folder:
        data = Path(folder, "data")
        with program("calm", data=data) as running:
            os.kill(running.until("serving")["pid"], signal.SIGKILL)
            running.until("service_restarted", "postgres")
            running.process.terminate()
            assert running.rest()[-2:] == ["service_stopped postgres", "over"]
        assert running_dsn(data) is None
        server = EmbeddedPostgres(data, durable=False)
        server.start()
        server.stop()


def run_here(answer: Callable[[str], None], prepare: Callable[[Supervisor], None]) -> list[str]:
    events: list[str] = []

    def log(event: str, _fields: Mapping[str, object]) -> None:
        events.append(event)
        answer(event)

    supervisor = Supervisor(log)
    prepare(supervisor)
    supervisor.run()
    return events


def end_self(_event: str = "") -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def test_it_puts_the_signals_back_as_they_were() -> None:
    handlers = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)]
    events = run_here(
        lambda _: None, lambda supervisor: supervisor.watch("s", poll=end_self, restart=end_self, stop=lambda: None)
    )
    assert events == ["stopping", "service_stopped"]
    assert handlers == [
        signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
    ]


def test_where_no_process_can_be_made_it_tries_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> int:
        raise BlockingIOError

    monkeypatch.setattr(os, "fork", refuse)
    tries: list[str] = []

    def answer(event: str) -> None:
        tries.append(event)
        if tries.count("child_not_started") == 2:
            end_self()

    events = run_here(answer, lambda supervisor: supervisor.add("child", lambda: 0))
    assert events == ["child_not_started", "child_not_started", "stopping"]


def test_a_service_that_cannot_be_restarted_or_stopped_holds_up_nothing() -> None:
    def refuse() -> None:
        raise RuntimeError

    def answer(event: str) -> None:
        if event == "service_not_restarted":
            end_self()

    def prepare(supervisor: Supervisor) -> None:
        supervisor.watch("first", poll=lambda: None, restart=refuse, stop=lambda: None)
        supervisor.watch("second", poll=lambda: 1, restart=refuse, stop=refuse)

    events = run_here(answer, prepare)
    assert events == ["service_died", "service_not_restarted", "stopping", "service_not_stopped", "service_stopped"]


def test_a_log_that_nobody_reads_ends_nothing() -> None:
    def answer(_event: str) -> None:
        raise BrokenPipeError

    events = run_here(
        answer, lambda supervisor: supervisor.watch("s", poll=end_self, restart=end_self, stop=lambda: None)
    )
    assert events == ["stopping", "service_stopped"]
