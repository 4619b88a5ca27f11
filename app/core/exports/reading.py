"""What messages give to the files of an export, read in their order with some at a time, in bounded memory."""

from collections.abc import AsyncIterator, Iterable, Sequence
from itertools import islice

import msgspec

from app.core.auth.model import Actor
from app.core.exports import names
from app.core.exports.model import IN_MBOX, LINE, ORIGINAL, Held
from app.core.messages import downloads, queries
from app.core.messages import service as messages
from app.core.messages.export import mbox
from app.core.messages.export.service import beginning
from app.core.messages.model import Content, MessageLine
from app.core.messages.service import Opened
from app.core.platform import Platform
from app.errors import CannotOpen, NotFound
from app.lib.times import rfc3339

_AT_ONCE = 100
_BATCH_BYTES = 1024 * 1024
"""Of messages that are fetched at once: most are small, and each may be 4 MiB."""
_KEPT_BYTES = 256 * 1024
"""An original that is not larger is rebuilt once for all that is made of it."""
_encode = msgspec.json.Encoder().encode


class Source:
    """One message, open, and what it gives; `held` says in which folder it is and whether it was read."""

    def __init__(self, opened: Opened, held: Held) -> None:
        line = opened.line
        self._opened = opened
        self._original: bytes | None = None
        self.held = held
        self.line: MessageLine = msgspec.structs.replace(
            line, folder=held.folder, is_read=held.is_read, is_starred=held.is_starred
        )

    async def chunks(self, kind: int) -> AsyncIterator[bytes]:
        """All that it gives of this kind. Raises CannotOpen, NotFound, Unavailable."""
        if kind == LINE:
            yield _line(self.line, self.held)
        elif kind == ORIGINAL:
            async for chunk in self._whole():
                yield chunk
        elif kind == IN_MBOX:
            yield beginning(self.line)
            async for chunk in mbox.quoted(self._whole()):
                yield chunk
        else:
            content = await messages.attachment_of(self._opened, kind)
            async for chunk in content.stream:
                yield chunk

    async def between(self, kind: int, start: int, end: int) -> AsyncIterator[bytes]:
        """Bytes `start` to `end` of it; of an original only what lies there is read. Raises as `chunks`."""
        content = self._content()
        if kind == ORIGINAL and start and content.from_to:
            async for chunk in content.from_to(start, end):
                yield chunk
            return
        position = 0
        async for chunk in self.chunks(kind):
            if piece := chunk[max(0, start - position) : max(0, end - position)]:
                yield piece
            position += len(chunk)
            if position >= end:
                return

    async def _whole(self) -> AsyncIterator[bytes]:
        if self.held.size > _KEPT_BYTES:
            async for chunk in self._content().stream:
                yield chunk
            return
        if self._original is None:
            self._original = b"".join([chunk async for chunk in self._content().stream])
        yield self._original

    def _content(self) -> Content:
        opened, line = self._opened, self._opened.line
        return downloads.of_source(line.message_id, opened.skeleton, opened.cuts, line.summary.layout, size=line.size)


class Reader:
    """Opens messages ahead of those who ask for them."""

    def __init__(self, platform: Platform, actor: Actor, held: Sequence[Held]) -> None:
        self._platform = platform
        self._actor = actor
        self._held = held
        self._open: dict[int, Source] = {}

    async def source(self, number: int, ahead: Iterable[int]) -> Source:
        """The message with this number; `ahead` are those that will be asked for next, with this one in front.

        Raises CannotOpen where it is damaged, NotFound where it has gone, Unavailable.
        """
        if number not in self._open:
            self._open = await self._fetched(self._next(ahead))
        source = self._open.get(number)
        if source is None:
            raise NotFound("A message of this export has gone since.")
        return source

    def _next(self, ahead: Iterable[int]) -> list[int]:
        chosen: list[int] = []
        size = 0
        for number in islice(dict.fromkeys(islice(ahead, 10 * _AT_ONCE)), _AT_ONCE):
            size += self._held[number].size
            if chosen and size > _BATCH_BYTES:
                break
            chosen.append(number)
        return chosen

    async def _fetched(self, numbers: Sequence[int]) -> dict[int, Source]:
        wanted = {self._held[number].message_id: number for number in numbers}
        account_id = self._actor.account_id
        async with self._platform.db.connection() as conn:
            rows = await queries.messages_of(conn, account_id, list(wanted))
            lines = await messages.open_rows(conn, self._actor, rows)
            sealed = await queries.sources(conn, account_id, list(wanted))
        found: dict[int, Source] = {}
        for line in lines:
            number = wanted[line.message_id]
            if line.message_id in sealed and line.is_readable:
                try:
                    opened = messages.unseal(self._platform, account_id, line, sealed[line.message_id])
                except CannotOpen:
                    continue
                found[number] = Source(opened, self._held[number])
        return found


def _line(line: MessageLine, held: Held) -> bytes:
    """What an import needs to know of the message besides its bytes."""
    summary = line.summary
    told = {
        "id": str(line.message_id),
        "alias": line.alias_address,
        "folder": held.folder,
        "is_read": held.is_read,
        "is_starred": held.is_starred,
        "received_at": rfc3339(line.received_at),
        "delivered_to": summary.delivered_to,
        "envelope_from": summary.envelope_from,
        "tls": {"version": summary.tls[0], "cipher": summary.tls[1]} if summary.tls else None,
        "size": held.size,
        "file": names.in_maildir(held),
    }
    return _encode(told) + b"\n"
