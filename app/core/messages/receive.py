"""Takes a message that has arrived: reads it, seals a copy for every account, and has all of them stored at once."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import TypeVar

import msgspec
import zstandard

from app.core.aliases.model import Mailbox
from app.core.messages import headers, listing, marks, read, shown, words
from app.core.messages.cut import CutMessage
from app.core.messages.model import Delivery, Layout, Summary
from app.core.messages.objects import NewObjects, StoredCuts, stored_bytes
from app.core.messages.read import Reading
from app.core.messages.store import Committer
from app.core.platform import Platform
from app.core.threads import refs
from app.core.threads.refs import Ties
from app.lib.ids import new_id
from app.vault import blind, seal
from app.vault.keyring import unwrap_index_key

MAX_SNIPPET_CHARS = 160
MAX_INDEXED_BYTES = 1024 * 1024
"""Of a message's text; what lies beyond is not found by its words."""

T = TypeVar("T")

_IN_THREAD_FROM = 32 * 1024
"""Bytes that take longer to read than a change of thread."""
_ZSTD_LEVEL = 3
_BEGUN_BY = "begun by"
"""The token field of a message's sender and subject together."""
_encode = msgspec.msgpack.Encoder().encode


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """What SMTP said around the message."""

    sender: str
    """MAIL FROM, empty for bounces."""
    tls: tuple[str, str] | None
    """(protocol version, cipher)."""


class Recipient(msgspec.Struct, frozen=True, kw_only=True):
    """An accepted recipient and the mailbox it reaches."""

    address: str
    """As the sender gave it, with its tag."""
    mailbox: Mailbox


async def receive(
    platform: Platform,
    committer: Committer,
    envelope: Envelope,
    recipients: Sequence[Recipient],
    cut: CutMessage,
    objects: NewObjects,
    *,
    now: datetime,
) -> None:
    """Store one copy for every recipient; when this returns they are durable and readable.

    Every account has its copy of the objects already (`NewObjects.copy_to`). Raises Unavailable; then nothing is
    stored, unless the database was lost during the commit.
    """
    layout = Layout(cut.marker, cut.cuts, objects.refs)
    first = recipients[0].mailbox.account_id
    size = len(cut.skeleton)
    reading = await _aside(size, partial(read.read, cut.skeleton, layout))
    summary, body = await _summarise(reading, envelope, layout, StoredCuts(platform.blobs, first, layout))
    ties = refs.of_message(reading.message, summary.subject)

    def seal_all() -> list[Delivery]:
        sealing = _Sealing(platform, summary, body, ties, cut, now)
        return [sealing.delivery(recipient) for recipient in recipients]

    await committer.store(await _aside(size + len(body), seal_all))


async def _aside(size: int, work: Callable[[], T]) -> T:
    """Do work whose cost grows with `size` bytes in a thread, unless the change of thread would cost more."""
    return work() if size < _IN_THREAD_FROM else await asyncio.to_thread(work)


async def _summarise(reading: Reading, envelope: Envelope, layout: Layout, cuts: StoredCuts) -> tuple[Summary, str]:
    """The summary, but for its recipient, and the text to index."""
    message = reading.message
    body = await body_text(reading, cuts)
    senders = headers.correspondents(message, "From")
    summary = Summary(
        sender=senders[0] if senders else None,
        to=headers.correspondents(message, "To"),
        cc=headers.correspondents(message, "Cc"),
        subject=headers.text(message.get("Subject", "")),
        snippet=" ".join(body[: MAX_SNIPPET_CHARS * 8].split())[:MAX_SNIPPET_CHARS],
        sent_at=headers.sent_at(message),
        attachments=await listing.attachments(reading, cuts, layout),
        delivered_to="",
        envelope_from=envelope.sender,
        tls=envelope.tls,
        layout=layout,
    )
    return summary, body


async def body_text(reading: Reading, cuts: StoredCuts) -> str:
    """The text that a message is indexed by: its own and that of enclosed messages; at most 1 MiB."""
    return await shown.words(reading, cuts, limit=MAX_INDEXED_BYTES)


class _Sealing:
    """One message, sealed anew for each recipient."""

    def __init__(
        self, platform: Platform, summary: Summary, body: str, ties: Ties, cut: CutMessage, now: datetime
    ) -> None:
        self._platform = platform
        self._summary = summary
        self._words = words.of_message(summary, body)
        self._ties = ties
        self._source = zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compress(cut.skeleton)
        self._size = cut.size
        self._now = now

    def delivery(self, recipient: Recipient) -> Delivery:
        mailbox, message_id = recipient.mailbox, new_id()
        summary = msgspec.structs.replace(self._summary, delivered_to=recipient.address)
        sealed = seal.seal_message(
            mailbox.public_key,
            account_id=mailbox.account_id,
            message_id=message_id,
            summary=_encode(summary),
            source=self._source,
        )
        index_key = unwrap_index_key(self._platform.instance, mailbox.account_id, mailbox.index_key)
        tokens = blind.tokens(index_key, self._words | {_BEGUN_BY: [self._beginning()]})
        return Delivery(
            account_id=mailbox.account_id,
            message_id=message_id,
            alias_id=mailbox.alias_id,
            received_at=self._now,
            size=self._size,
            has_attachments=listing.counted(summary.attachments) > 0,
            message_key=sealed.key,
            summary=sealed.summary,
            source=sealed.source,
            tokens=[*tokens, *marks.of_message(mailbox.account_id, message_id, self._size)],
            refs=sorted(blind.digest(index_key, text.encode("utf-8", "surrogatepass")) for text in self._ties.ids),
            subject_token=blind.token(index_key, _BEGUN_BY, self._beginning()) if self._ties.is_orphan else None,
            blobs=tuple((ref.blob_id, stored_bytes(ref)) for ref in summary.layout.blobs),
        )

    def _beginning(self) -> str:
        """What a reply that names no message is matched by: who writes, about what."""
        sender = self._summary.sender
        return f"{sender.address.lower() if sender else ''}\n{self._ties.subject}"
