"""Takes a message that has arrived: reads it, seals a copy for every account, and has all of them stored at once."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from app.core.aliases.model import Mailbox
from app.core.events import arrivals, fullness
from app.core.events.model import Fullness, NewEvent
from app.core.messages import headers, listing, marks, read, shown, winmail, words
from app.core.messages.cut import CutMessage
from app.core.messages.envelope import Envelope, Received, Recipient
from app.core.messages.headers import Head
from app.core.messages.judging import judged, with_aliases, without_used_up
from app.core.messages.model import BlobRow, Delivery, Layout, Summary
from app.core.messages.objects import NewObjects, StoredCuts
from app.core.messages.read import Reading
from app.core.messages.resources import MessageContent
from app.core.messages.sharing import NOTHING, Holding, hold
from app.core.messages.store import Committer
from app.core.platform import Platform
from app.core.senders.model import SenderDetails, SenderMark
from app.core.senders.reading import describe, organisation_digest, sender_digest
from app.core.threads import refs
from app.core.threads.refs import Ties
from app.errors import Conflict, Unavailable
from app.lib.aside import aside
from app.lib.ids import new_id
from app.lib.zstd import compress
from app.vault import blind, seal
from app.vault.keyring import unwrap_index_key

MAX_INDEXED_BYTES = 1024 * 1024
"""Of a message's text; what lies beyond is not found by its words."""
_TRIES = 5
"""Of storing a message while others store or delete the same contents."""
_BEGUN_BY = "begun by"
"""The token field of a message's sender and subject together."""
_encode = msgspec.msgpack.Encoder().encode


async def receive(
    platform: Platform,
    committer: Committer,
    envelope: Envelope,
    recipients: Sequence[Recipient],
    cut: CutMessage,
    objects: NewObjects,
    *,
    now: datetime,
) -> Received:
    """Store one copy for every recipient who takes mail of these senders; when this returns they are durable and
    readable, those that are held in their own folder.

    Aliases that this message makes are made once it is known that its senders are welcome. Each account gets copies of
    the objects whose content it does not have; `objects.discard` then deletes what nobody needs.

    Raises Unavailable, and LimitReached for aliases that there is no more room for; then nothing is stored, unless the
    database was lost during the commit.
    """
    layout = Layout(cut.marker, cut.cuts, objects.refs)
    first = recipients[0].mailbox.account_id
    size = len(cut.skeleton)
    reading = await aside(size, read.read, cut.skeleton, layout)
    head = await aside(headers.size(reading.message), headers.head, reading.message)
    kept, received = await judged(platform, envelope, recipients, head.people)
    if not kept:
        return received
    summary, body = await summarise(reading, head, envelope, layout, StoredCuts(platform.blobs, first, layout))
    ties = refs.of_message(reading.message, summary.subject)
    author = describe(reading.message, head.people, envelope.sender)
    kept = await with_aliases(platform, kept, now=now)
    is_full = any(arrivals.is_told_in_full(one.mailbox, one.folder) for one in kept)
    whole = await arrivals.content_of(reading, StoredCuts(platform.blobs, first, layout)) if is_full else None

    def seal_all(holdings: Mapping[UUID, Holding]) -> list[Delivery]:
        sealing = Sealing(platform, summary, body, ties, author, cut, whole, now)
        new = {account_id: holding.new for account_id, holding in holdings.items()}
        return [
            sealing.delivery(one, holdings[one.mailbox.account_id], new.pop(one.mailbox.account_id, ())) for one in kept
        ]

    for _ in range(_TRIES):
        holdings = await _hold(platform, kept, cut, objects)
        objects.keep((account_id, row.blob_id) for account_id, holding in holdings.items() for row in holding.new)
        deliveries = await aside(size + len(body), seal_all, holdings)
        try:
            await committer.store(deliveries)
        except Conflict as conflict:
            objects.keep(())
            if conflict.code == "alias_limit":
                kept, received = await without_used_up(platform, kept, received)
                if not kept:
                    return received
        else:
            return msgspec.structs.replace(received, stored=len(kept))
    raise Unavailable("Others change what this message shares, again and again; try again later.", code="blob_moved")


async def _hold(
    platform: Platform, recipients: Sequence[Recipient], cut: CutMessage, objects: NewObjects
) -> dict[UUID, Holding]:
    mailboxes = {one.mailbox.account_id: one.mailbox for one in recipients}
    if not cut.cuts:
        return dict.fromkeys(mailboxes, NOTHING)
    return {account_id: await hold(platform, mailbox, cut.cuts, objects) for account_id, mailbox in mailboxes.items()}


async def summarise(
    reading: Reading, head: Head, envelope: Envelope, layout: Layout, cuts: StoredCuts
) -> tuple[Summary, str]:
    """The summary, but for its recipient, and the text to index."""
    unpacked = await winmail.unpack(reading, cuts)
    body = await shown.words(reading, cuts, limit=MAX_INDEXED_BYTES, unpacked=unpacked)
    summary = Summary(
        sender=head.people[0] if head.people else None,
        to=head.to,
        cc=head.cc,
        subject=head.subject,
        snippet=shown.snippet(body),
        sent_at=head.sent_at,
        attachments=await listing.attachments(reading, cuts, layout, unpacked),
        delivered_to="",
        envelope_from=envelope.sender,
        tls=envelope.tls,
        layout=layout,
    )
    return summary, body


async def body_text(reading: Reading, cuts: StoredCuts) -> str:
    """The text that a message is indexed by: its own and that of enclosed messages; at most 1 MiB."""
    return await shown.words(reading, cuts, limit=MAX_INDEXED_BYTES)


class Sealing:
    """One message, sealed anew for each recipient."""

    def __init__(
        self,
        platform: Platform,
        summary: Summary,
        body: str,
        ties: Ties,
        author: SenderDetails | None,
        cut: CutMessage,
        whole: MessageContent | None,
        now: datetime,
    ) -> None:
        self._platform = platform
        self._summary = summary
        self._words = words.of_message(summary, body)
        self._ties = ties
        self._author = author
        self._source = compress(cut.skeleton)
        self._size = cut.size
        self._whole = whole
        self._now = now

    def delivery(
        self,
        recipient: Recipient,
        holding: Holding,
        new_blobs: tuple[BlobRow, ...],
        *,
        message_id: UUID | None = None,
    ) -> Delivery:
        """The copy for one recipient, under a new id unless one is given."""
        mailbox, message_id = recipient.mailbox, message_id or new_id()
        layout = Layout(self._summary.layout.marker, self._summary.layout.cuts, holding.refs)
        summary = msgspec.structs.replace(self._summary, delivered_to=recipient.address, layout=layout)
        message_key = seal.new_message_key()
        sealed = seal.seal_message(
            mailbox.public_key,
            account_id=mailbox.account_id,
            message_id=message_id,
            summary=_encode(summary),
            source=self._source,
            sender=None if self._author is None else _encode(self._author),
            message_key=message_key,
        )
        index_key = unwrap_index_key(self._platform.instance, mailbox.account_id, mailbox.index_key)
        tokens = blind.tokens(index_key, self._words | {_BEGUN_BY: [self._beginning()]})
        return Delivery(
            account_id=mailbox.account_id,
            message_id=message_id,
            alias_id=mailbox.alias_id,
            folder=recipient.folder,
            is_limited=mailbox.messages_left is not None,
            received_at=self._now,
            size=self._size,
            has_attachments=listing.counted(summary.attachments) > 0,
            message_key=sealed.key,
            summary=sealed.summary,
            source=sealed.source,
            tokens=[*tokens, *marks.of_message(mailbox.account_id, message_id, self._size)],
            refs=sorted(blind.digest(index_key, text.encode("utf-8", "surrogatepass")) for text in self._ties.ids),
            subject_token=blind.token(index_key, _BEGUN_BY, self._beginning()) if self._ties.is_orphan else None,
            blobs=tuple({ref.blob_id: None for ref in holding.refs}),
            new_blobs=new_blobs,
            sender=_mark(mailbox, index_key, self._author, sealed.sender),
            event=self._event(recipient, message_id, summary, index_key, message_key),
            fullness=_fullness(mailbox, len(sealed.source) + sum(blob.stored_size for blob in new_blobs)),
        )

    def _event(
        self, recipient: Recipient, message_id: UUID, summary: Summary, index_key: bytes, message_key: bytes
    ) -> NewEvent | None:
        mailbox, folder = recipient.mailbox, recipient.folder
        if not arrivals.is_told(mailbox, folder):
            return None
        return arrivals.event_of(
            mailbox,
            message_id,
            summary,
            folder=folder,
            size=self._size,
            index_key=index_key,
            message_key=message_key,
            content=self._whole if arrivals.is_told_in_full(mailbox, folder) else None,
            now=self._now,
        )

    def _beginning(self) -> str:
        """What a reply that names no message is matched by: who writes, about what."""
        sender = self._summary.sender
        return f"{sender.address.lower() if sender else ''}\n{self._ties.subject}"


def _fullness(mailbox: Mailbox, size: int) -> Fullness | None:
    """How full the account is with this copy, where that is news; what came since RCPT is seen at the next message."""
    found = fullness.of("storage", used=mailbox.stored_bytes + size, limit=mailbox.storage_limit)
    return found if found.percent != mailbox.storage_warned else None


def _mark(mailbox: Mailbox, index_key: bytes, author: SenderDetails | None, sealed: bytes | None) -> SenderMark | None:
    if author is None or sealed is None:
        return None
    return SenderMark(
        sender=sender_digest(index_key, author.address),
        organisation=organisation_digest(index_key, author.organisation),
        details=sealed,
        is_known=mailbox.screening == "open",
    )
