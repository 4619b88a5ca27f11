"""The open connections of one process: how many there may be, from where, and saying goodbye to them."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Protocol

from app.lib.ratelimit import NetworkLimits


class Peer(Protocol):
    """One connection, as far as shutting down needs to know it."""

    def say_goodbye(self, *, at_once: bool) -> None:
        """Close after the message under way, or now."""


class Connections:
    """Counts connections in all and by network. `tell` is told what became of each: `admitted`, or why not."""

    def __init__(self, limits: NetworkLimits, *, most: int, tell: Callable[[str], None]) -> None:
        self._limits = limits
        self._tell = tell
        self._most = most
        self._addresses: dict[Peer, str | None] = {}
        self._all_gone = asyncio.Event()

    def add(self, peer: Peer) -> None:
        """A connection was made; whose it is is not known yet."""
        self._addresses.setdefault(peer, None)
        self._all_gone.clear()

    def admit(self, peer: Peer, address: str) -> str | None:
        """None when the connection may stay, else why not."""
        refusal = None
        if len(self._addresses) > self._most:
            refusal = "server_full"
        elif not self._limits.enter(address, time.monotonic()):
            refusal = "network_limit"
        else:
            self._addresses[peer] = address
        self._tell(refusal or "admitted")
        return refusal

    def remove(self, peer: Peer) -> None:
        """The connection has ended."""
        address = self._addresses.pop(peer, None)
        if address is not None:
            self._limits.leave(address)
        if not self._addresses:
            self._all_gone.set()

    async def close(self, *, seconds: float) -> int:
        """Tell all peers that the server goes away; those with a message under way have `seconds` to finish it.

        Gives the number of peers that took longer and were cut off.
        """
        for peer in list(self._addresses):
            peer.say_goodbye(at_once=False)
        if self._addresses:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._all_gone.wait(), seconds)
        left = list(self._addresses)
        for peer in left:
            peer.say_goodbye(at_once=True)
        return len(left)
