import asyncio
import threading

import pytest

from app.core.auth import hashing
from app.core.auth.hashing import PasswordHasher
from app.errors import LimitReached
from app.vault import passwords
from app.vault.passwords import PasswordCost

CHEAP = PasswordCost(memory_kib=64, iterations=1, lanes=1, bcrypt_rounds=4)


async def test_what_was_set_is_checked() -> None:
    hasher = PasswordHasher(CHEAP)
    new = await hasher.set("correct horse battery")
    assert await hasher.check("correct horse battery", new.record) == new.key
    assert await hasher.check("wrong", new.record) is None
    assert await hasher.check("correct horse battery", None) is None
    hasher.close()


async def test_a_full_queue_is_told_and_empties_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two threads work, sixty-two callers wait, the next is sent away."""
    hasher = PasswordHasher(CHEAP)
    release = threading.Event()
    running: list[int] = []

    def slow(_password: str, **_cost: object) -> None:
        running.append(1)
        release.wait(30)

    monkeypatch.setattr(passwords, "check_nothing", slow)
    waiting = [asyncio.create_task(hasher.check("x", None)) for _ in range(hashing._WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(LimitReached) as caught:
        await hasher.check("x", None)
    assert caught.value.retry_after == 60
    with pytest.raises(LimitReached):
        await hasher.set("x")
    assert len(running) <= 2
    release.set()
    await asyncio.gather(*waiting)
    assert await hasher.check("x", None) is None
    assert len(running) == hashing._WAITING + 1
    hasher.close()


async def test_those_who_hang_up_leave_their_place(monkeypatch: pytest.MonkeyPatch) -> None:
    hasher = PasswordHasher(CHEAP)
    release = threading.Event()
    monkeypatch.setattr(passwords, "check_nothing", lambda *_, **__: release.wait(30))
    waiting = [asyncio.create_task(hasher.check("x", None)) for _ in range(hashing._WAITING)]
    await asyncio.sleep(0)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    release.set()
    assert await hasher.check("x", None) is None
    hasher.close()
