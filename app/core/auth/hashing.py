"""Argon2 off the event loop, few at a time: each run takes 64 MiB and a tenth of a second of one core."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

from app.core.accounts.model import NewPassword
from app.errors import LimitReached
from app.vault import passwords
from app.vault.passwords import PasswordCost, PasswordRecord

_AT_ONCE = 2
_WAITING = 64


class PasswordHasher:
    """Runs password work in two threads; beyond 64 waiting callers, more are told to come back.

    `cost` is what new passwords, and guesses at logins that nobody has, take.
    """

    def __init__(self, cost: PasswordCost = passwords.COST) -> None:
        self._cost = cost
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="argon2")
        self._waiting = 0

    async def set(self, password: str) -> NewPassword:
        """The record to store and the holder key it opens with. Raises Invalid, LimitReached."""
        with self._place():
            work = partial(passwords.set_password, password, cost=self._cost)
            record, key = await asyncio.get_running_loop().run_in_executor(self._threads, work)
            return NewPassword(record=record, key=key)

    async def check(self, password: str, record: PasswordRecord | None) -> bytes | None:
        """The holder key, or None when the password is wrong. Without a record: None, at the same cost."""
        with self._place():
            loop = asyncio.get_running_loop()
            if record is None:
                work = partial(passwords.check_nothing, password, cost=self._cost)
                await loop.run_in_executor(self._threads, work)
                return None
            return await loop.run_in_executor(self._threads, passwords.check_password, password, record)

    def is_outdated(self, record: PasswordRecord) -> bool:
        """Whether the record was made at another cost than new ones are."""
        return passwords.is_outdated(record, cost=self._cost)

    def close(self) -> None:
        """Let running work end; nothing new is taken."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    @contextmanager
    def _place(self) -> Iterator[None]:
        if self._waiting >= _WAITING:
            raise LimitReached("Many people are signing in right now. Please try again in a minute.", retry_after=60)
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1
