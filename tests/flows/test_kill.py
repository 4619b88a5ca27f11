"""Processes die at random moments under load; every message answered with 250 is there exactly once, readable.

RESTANTE_KILLS sets how often (default 6); RESTANTE_SEED repeats a run.
"""

import os
import random
import signal
import smtplib
import threading
from collections import Counter
from pathlib import Path

import httpx

from tests.flows.conftest import PASSWORD, Restante

KILLS = int(os.environ.get("RESTANTE_KILLS", "6"))
SENDERS = 4


class Load:
    """Clients that send one message after the other, and note those that were answered with 250."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._stop = threading.Event()
        self._progress = threading.Condition()
        self.acknowledged: dict[str, bytes] = {}
        self._threads = [threading.Thread(target=self._send_on, args=(number,)) for number in range(SENDERS)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def wait_for_more(self, count: int) -> None:
        """Until `count` more messages were acknowledged."""
        with self._progress:
            wanted = len(self.acknowledged) + count
            assert self._progress.wait_for(lambda: len(self.acknowledged) >= wanted, timeout=60)

    def _send_on(self, sender: int) -> None:
        count = 0
        while not self._stop.is_set():
            try:
                with smtplib.SMTP("127.0.0.1", self._port, timeout=20) as client:
                    while not self._stop.is_set():
                        count += 1
                        self._send(client, f"{sender}-{count}", large=count % 10 == 0)
            except (OSError, smtplib.SMTPException):
                self._stop.wait(0.02)  # the server is gone; try again as a sender would

    def _send(self, client: smtplib.SMTP, name: str, *, large: bool) -> None:
        lines = ["A" * 76] * 3000 if large else [f"Body of {name}."]
        encoding = "Content-Transfer-Encoding: base64\r\n" if large else ""
        text = f"From: a@b.example\r\nSubject: {name}\r\n{encoding}\r\n" + "\r\n".join(lines) + "\r\n"
        client.sendmail("a@b.example", ["box@flow.test"], text.encode())
        with self._progress:
            self.acknowledged[name] = text.encode()
            self._progress.notify_all()


def _victims(service: Restante) -> dict[str, int]:
    """By name: the supervisor, its children, and the embedded Postgres with one of its backends."""
    assert service.process is not None
    children: dict[str, int] = {}
    for event in service.events():
        if event["event"] == "child_started":
            children[event["name"]] = event["pid"]
    postmaster = int((service.folder / "data/postgres/cluster/postmaster.pid").read_text().split()[0])
    family = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    return children | {"supervisor": service.process.pid, "postgres": postmaster, "backend": int(family[-1])}


def _kill(service: Restante, chance: random.Random) -> str:
    victims = _victims(service)
    name = chance.choice(sorted(victims))
    try:
        os.kill(victims[name], signal.SIGKILL)
    except ProcessLookupError:
        return f"{name} (gone already)"
    if name == "supervisor":
        assert service.process is not None
        service.process.wait()
        service.start()
    return name


def test_what_was_acknowledged_is_there_exactly_once(restante: Restante) -> None:
    seed = int(os.environ.get("RESTANTE_SEED", "0")) or random.SystemRandom().randrange(1 << 32)
    chance = random.Random(seed)
    restante.command("account", "create", "ada", "--password-stdin", stdin=PASSWORD + "\n")
    restante.command("alias", "create", "box@flow.test", "--account", "ada")
    key = restante.command("key", "create", "--account", "ada")["key"]
    load = Load(restante.smtp_port)
    load.start()
    killed = []
    try:
        for _ in range(KILLS):
            load.wait_for_more(chance.randrange(1, 60))
            killed.append(_kill(restante, chance))
            load.wait_for_more(1)
    finally:
        load.stop()
    restante.wait_until_ready()
    print(f"seed {seed}; killed {', '.join(killed)}; {len(load.acknowledged)} acknowledged")  # noqa: T201 - what repeating a failed run needs
    with httpx.Client(base_url=restante.url, headers={"Authorization": f"Bearer {key}"}, timeout=30) as api:
        found: dict[str, str] = {}
        counts: Counter[str] = Counter()
        cursor: str | None = ""
        while cursor is not None:
            page = api.get("/api/v1/messages", params={"limit": 100} | ({"cursor": cursor} if cursor else {})).json()
            for message in page["data"]:
                counts[message["subject"]] += 1
                found[message["subject"]] = message["id"]
            cursor = page["next"]
        assert {name: counts[name] for name in load.acknowledged} == dict.fromkeys(load.acknowledged, 1)
        for name, text in load.acknowledged.items():
            assert api.get(f"/api/v1/messages/{found[name]}/source").content == text
