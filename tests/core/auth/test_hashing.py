import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator

import pytest

from app.core.auth import hashing
from app.core.auth.guessing import Origin
from app.core.auth.hashing import PasswordHasher
from app.errors import Invalid, LimitReached
from app.vault import passwords
from app.vault.passwords import PasswordCost

CHEAP = PasswordCost(memory_kib=64, iterations=1, lanes=1, bcrypt_rounds=4)
FLOOD = Origin(network="4:1/24")


@pytest.fixture
async def hasher() -> AsyncIterator[PasswordHasher]:
    made = PasswordHasher(CHEAP)
    yield made
    made.close()


class Work:
    """Password work that waits until it is let go, and what of it has run."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.done: list[str] = []
        self.most_at_once = 0
        self._running = 0
        self._lock = threading.Lock()

    def __call__(self, password: str, **_cost: object) -> None:
        with self._lock:
            self._running += 1
            self.most_at_once = max(self.most_at_once, self._running)
        self.go.wait(30)
        with self._lock:
            self._running -= 1
            self.done.append(password)


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    made = Work()
    monkeypatch.setattr(passwords, "check_nothing", made)
    return made


async def test_what_was_set_is_checked(hasher: PasswordHasher) -> None:
    new = await hasher.set("correct horse battery")
    assert await hasher.check("correct horse battery", new.record) == new.key
    assert await hasher.check("wrong", new.record) is None
    assert await hasher.check("correct horse battery", None) is None


async def test_two_work_at_once_and_the_rest_waits(hasher: PasswordHasher, work: Work) -> None:
    tasks = [asyncio.create_task(hasher.check(str(number), None)) for number in range(10)]
    await asyncio.sleep(0)
    work.go.set()
    await asyncio.gather(*tasks)
    assert len(work.done) == 10
    assert work.most_at_once <= 2


async def test_a_full_queue_is_told_and_empties_again(hasher: PasswordHasher, work: Work) -> None:
    waiting = [asyncio.create_task(hasher.check("x", None, FLOOD)) for _ in range(hashing._AT_ONCE + hashing._PLACES)]
    await asyncio.sleep(0)
    with pytest.raises(LimitReached) as caught:
        await hasher.check("x", None, FLOOD)
    assert caught.value.retry_after == 60
    with pytest.raises(LimitReached):
        await hasher.set("x", FLOOD)
    work.go.set()
    await asyncio.gather(*waiting)
    assert await hasher.check("x", None, FLOOD) is None
    assert len(work.done) == hashing._AT_ONCE + hashing._PLACES + 1


async def test_a_flood_makes_nobody_else_wait_long(hasher: PasswordHasher, work: Work) -> None:
    flood = [asyncio.create_task(hasher.check("flood", None, FLOOD)) for _ in range(200)]
    await asyncio.sleep(0)
    others = [
        asyncio.create_task(hasher.check("owner", None, Origin(network="4:2/24", known_as="a browser"))),
        asyncio.create_task(hasher.check("another", None, Origin(network="4:2/24"))),
    ]
    await asyncio.sleep(0)
    work.go.set()
    await asyncio.gather(*others)
    assert work.done.index("owner") <= 3
    assert work.done.index("another") <= 6
    await asyncio.gather(*flood, return_exceptions=True)


async def test_who_hangs_up_leaves_the_queue_but_not_the_thread(hasher: PasswordHasher, work: Work) -> None:
    count = hashing._AT_ONCE + hashing._PLACES
    waiting = [asyncio.create_task(hasher.check("gone", None, FLOOD)) for _ in range(count)]
    await asyncio.sleep(0)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    here = asyncio.create_task(hasher.check("here", None, FLOOD))
    await asyncio.sleep(0)
    assert work.most_at_once <= 2
    work.go.set()
    assert await here is None
    hasher._threads.shutdown(wait=True)
    assert sorted(work.done) == ["gone", "gone", "here"]
    assert work.most_at_once <= 2


async def test_work_that_fails_gives_its_turn_back(hasher: PasswordHasher) -> None:
    for _ in range(5):
        with pytest.raises(Invalid):
            await hasher.set("")
    assert await hasher.check("x", None) is None


@pytest.mark.skipif(sys.platform != "linux", reason="only there a thread has a priority of its own")
async def test_hashing_gives_way_to_everything_else(hasher: PasswordHasher, monkeypatch: pytest.MonkeyPatch) -> None:
    priorities: list[int] = []
    monkeypatch.setattr(passwords, "check_nothing", lambda *_, **__: priorities.append(_priority()))
    await hasher.check("x", None)
    assert priorities == [min(19, hashing._NICENESS + _priority())]


def _priority() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
