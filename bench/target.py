"""What a load is aimed at: a server's address, its recipients, and how to tell what it has delivered."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path

from bench import corpus, http_load, smtp_load
from bench.measure import Family
from bench.reading import Api, ReadingFailed
from bench.service import Service

DELIVERY_TIMEOUT = 120.0
FASTEST_POLL, SLOWEST_POLL = 0.005, 0.1


Count = Callable[[], Coroutine[None, None, int]]
"""Tells how many messages lie in all mailboxes together."""


class DeliveryFailed(Exception):
    """What was accepted has not all been delivered."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """A server to load; `prove` raises ReadingFailed if the messages of a run are not readable."""

    name: str
    host: str
    smtp_port: int
    recipients: tuple[str, ...]
    family: Family | None
    count: Count
    prove: Callable[[smtp_load.Load], Awaitable[None]]

    async def delivered(self, base: int, accepted: int) -> float:
        """Wait until `accepted` messages more than `base` are there; gives the moment (monotonic seconds).

        Raises DeliveryFailed after 120 s.
        """
        begun = time.monotonic()
        while (found := await self.count()) < base + accepted:
            waited = time.monotonic() - begun
            if waited > DELIVERY_TIMEOUT:
                raise DeliveryFailed(
                    f"{self.name}: {found - base} of {accepted} messages are there after {waited:.0f} s"
                )
            await asyncio.sleep(min(SLOWEST_POLL, max(FASTEST_POLL, waited / 20)))
        return time.monotonic()


def ours(service: Service, client: http_load.Client) -> Target:
    """Our own service, read through its API by `client`."""
    api = Api(client)

    async def prove(load: smtp_load.Load) -> None:
        writer = corpus.Writer(load.run, load.style)
        missing = await api.missing({writer.subject(number) for number in range(load.messages)})
        if missing:
            raise ReadingFailed(f"{len(missing)} of {load.messages} accepted messages are not listed: {min(missing)!r}")
        if load.attachment:
            sizes = {file["size"] for message in await api.newest(load.messages) for file in message["attachments"]}
            if sizes != {load.attachment}:
                raise ReadingFailed(f"attachments of {load.attachment} bytes are listed with {sizes}")

    return Target(
        name="restante",
        host=service.host,
        smtp_port=service.smtp_port,
        recipients=service.recipients,
        family=service.family,
        count=api.message_count,
        prove=prove,
    )


async def _trust(_load: smtp_load.Load) -> None:
    """A rival's count is all the proof there is."""


def rival(*, host: str, port: int, recipients: tuple[str, ...], family: Family | None, count: Count) -> Target:
    """Any other SMTP server."""
    return Target(
        name="rival", host=host, smtp_port=port, recipients=recipients, family=family, count=count, prove=_trust
    )


def counting_command(command: str) -> Count:
    """Counts by a shell command that prints the number of delivered messages."""

    async def count() -> int:
        process = await asyncio.create_subprocess_shell(command, stdout=asyncio.subprocess.PIPE)
        printed, _ = await process.communicate()
        if process.returncode:
            raise DeliveryFailed(f"`{command}` ended with {process.returncode}")
        return int(printed)

    return count


def counting_maildir(folder: Path) -> Count:
    """Counts the files in every folder named `new` or `cur` below `folder`."""

    async def count() -> int:
        return _messages_below(folder)

    return count


def _messages_below(folder: Path) -> int:
    return sum(len(files) for path, _, files in os.walk(folder) if path.endswith(("/new", "/cur")))
