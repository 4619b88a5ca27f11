"""Argon2 off the event loop, few at a time: each run takes 64 MiB and a fifth of a second of one core."""

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from app.core.accounts.model import NewPassword
from app.core.auth.guessing import LOCAL, Origin
from app.core.auth.turns import Turns
from app.vault import passwords
from app.vault.passwords import PasswordCost, PasswordRecord

_T = TypeVar("_T")
_AT_ONCE = 2
_PLACES = 64
_NICENESS = 5
"""A third of the weight of others: pages stay quick, and a busy machine still signs people in."""


class PasswordHasher:
    """Runs password work in two threads, in turns by where it comes from (`Turns`); 64 strangers may wait.

    `cost` is what new passwords, and guesses at logins that nobody has, take.
    """

    def __init__(self, cost: PasswordCost = passwords.COST) -> None:
        self._cost = cost
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="argon2", initializer=_give_way)
        self._turns = Turns(at_once=_AT_ONCE, places=_PLACES)

    async def set(self, password: str, origin: Origin = LOCAL) -> NewPassword:
        """The record to store and the holder key it opens with. Raises Invalid, LimitReached."""
        record, key = await self._run(origin, partial(passwords.set_password, password, cost=self._cost))
        return NewPassword(record=record, key=key)

    async def check(self, password: str, record: PasswordRecord | None, origin: Origin = LOCAL) -> bytes | None:
        """The holder key, or None when the password is wrong. Without a record: None, at the same cost."""
        if record is None:
            await self._run(origin, partial(passwords.check_nothing, password, cost=self._cost))
            return None
        return await self._run(origin, partial(passwords.check_password, password, record))

    def is_outdated(self, record: PasswordRecord) -> bool:
        """Whether the record was made at another cost than new ones are."""
        return passwords.is_outdated(record, cost=self._cost)

    def close(self) -> None:
        """Let running work end; nothing new is taken."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, origin: Origin, work: Callable[[], _T]) -> _T:
        """Do the work when its turn comes. Who hangs up meanwhile keeps the turn until the thread is free again."""
        await self._turns.take(origin.source, is_known=origin.is_known)
        try:
            running = asyncio.get_running_loop().run_in_executor(self._threads, work)
        except BaseException:
            self._turns.give_back()
            raise
        running.add_done_callback(self._ended)
        return await asyncio.shield(running)

    def _ended(self, running: "asyncio.Future[_T]") -> None:
        self._turns.give_back()
        if not running.cancelled():
            running.exception()  # looked at, or asyncio reports what nobody waited for


def _give_way() -> None:
    """Pages come before passwords: on Linux a thread has a priority of its own."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
