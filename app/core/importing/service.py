"""Stores a message that its owner brings from elsewhere: cut and sealed as one that comes by mail, but told to nobody.

No rule and no screening looks at it, no webhook hears of it, and it counts for nothing that its alias has received.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.utils import parsedate_to_datetime
from uuid import UUID

import msgspec

from app.core.accounts import service as accounts
from app.core.aliases import service as aliases
from app.core.aliases.model import Mailbox
from app.core.auth.model import Actor
from app.core.importing import queries
from app.core.importing.model import Imported, NewMessage
from app.core.messages import headers, read
from app.core.messages import queries as messages_queries
from app.core.messages import service as messages
from app.core.messages.cut import CutMessage, Cutter
from app.core.messages.envelope import Envelope, Recipient
from app.core.messages.headers import Head
from app.core.messages.model import Delivery, Layout
from app.core.messages.objects import NewObjects, StoredCuts
from app.core.messages.receive import Sealing, summarise
from app.core.messages.sharing import NOTHING, hold
from app.core.platform import Platform
from app.core.senders.reading import describe
from app.core.threads import refs
from app.errors import CannotOpen, Conflict, Invalid, LimitReached, NotFound, Unavailable
from app.lib.aside import aside
from app.lib.ids import first_id_at
from app.vault import blind

_TRIES = 5
"""Of storing a message while others store or delete the same contents."""
_AHEAD = timedelta(minutes=5)
"""That another clock may be."""
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_RANDOM_BITS = (1 << 62) - 1


async def store(
    platform: Platform, actor: Actor, new: NewMessage, chunks: AsyncIterator[bytes], *, now: datetime
) -> Imported:
    """Store one message, whose bytes are kept as they come; when this returns it is durable and readable.

    The same bytes for the same alias and second are stored once, however often they are brought. Raises NotFound for
    an alias that the account does not have or has deleted, Invalid for an empty message and for a moment to come,
    LimitReached (`storage_limit`), Unavailable, and what the chunks raise.
    """
    async with platform.db.connection() as conn:
        mailbox = await aliases.mailbox_of(conn, actor.account_id, new.alias_id)
        index_key = await accounts.index_key(conn, platform.instance, actor.account_id)
    if mailbox is None:
        raise NotFound("There is no such alias, or it is deleted.")
    if new.received_at is not None and not _FIRST <= new.received_at <= now + _AHEAD:
        raise Invalid.field("received_at", "A message was received after 1970 and before now.")
    is_plain = platform.blobs.presigns and mailbox.kind == "standard"
    objects = NewObjects(platform.blobs, actor.account_id, is_sealed=not is_plain)
    cutter, digest = Cutter(objects.open), hashlib.sha256()
    try:
        async for chunk in chunks:
            digest.update(chunk)
            await cutter.write(chunk)
        cut = await cutter.finish()
        if not cut.size:
            raise Invalid.field("body", "The body is the message, and it is empty.")
        if mailbox.stored_bytes + cut.size > mailbox.storage_limit:
            raise LimitReached("There is no room left for this message in your account.", code="storage_limit")
        arriving = _Arriving(platform, actor, mailbox, new, cut, objects, digest.digest(), index_key)
        return await arriving.store(now=now)
    finally:
        # Also when cancelled because the client hung up: what was written belongs to no message.
        await asyncio.shield(_discard(cutter, objects))


class _ThereAlready(Exception):
    """Another request has stored the same message meanwhile."""


class _Arriving:
    """One message on its way in."""

    def __init__(
        self,
        platform: Platform,
        actor: Actor,
        mailbox: Mailbox,
        new: NewMessage,
        cut: CutMessage,
        objects: NewObjects,
        digest: bytes,
        index_key: bytes,
    ) -> None:
        self._platform, self._actor, self._new = platform, actor, new
        is_known = new.folder in {"inbox", "archive"}
        # So that nobody is told, nothing is counted, and its sender is known if the owner had let it in.
        self._mailbox = msgspec.structs.replace(
            mailbox, told=None, messages_left=None, screening="open" if is_known else "known"
        )
        self._cut, self._objects, self._digest, self._index_key = cut, objects, digest, index_key

    async def store(self, *, now: datetime) -> Imported:
        cut, new, account_id = self._cut, self._new, self._actor.account_id
        layout = Layout(cut.marker, cut.cuts, self._objects.refs)
        reading = await aside(len(cut.skeleton), read.read, cut.skeleton, layout)
        head = await aside(headers.size(reading.message), headers.head, reading.message)
        received_at = _moment(new, reading.message, head, now=now)
        message_id = self._id(received_at)
        if there := await self._found(message_id, received_at):
            return Imported(message_id=there, is_new=False)
        envelope = Envelope(sender=new.envelope_from, tls=None)
        cuts = StoredCuts(self._platform.blobs, account_id, layout)
        summary, body = await summarise(reading, head, envelope, layout, cuts)
        summary = msgspec.structs.replace(summary, is_imported=True)
        ties = refs.of_message(reading.message, summary.subject)
        author = describe(reading.message, head.people, envelope.sender)
        sealing = Sealing(self._platform, summary, body, ties, author, cut, None, received_at)
        is_new = await self._commit(sealing, message_id, len(cut.skeleton) + len(body))
        return Imported(message_id=message_id, is_new=is_new)

    async def _commit(self, sealing: Sealing, message_id: UUID, size: int) -> bool:
        """Whether this request was what stored it."""
        new, mailbox, platform = self._new, self._mailbox, self._platform
        to = Recipient(address=new.delivered_to or mailbox.address, mailbox=mailbox, folder=new.folder)
        for _ in range(_TRIES):
            holding = await hold(platform, mailbox, self._cut.cuts, self._objects) if self._cut.cuts else NOTHING
            self._objects.keep((mailbox.account_id, row.blob_id) for row in holding.new)
            sealed = await aside(size, sealing.delivery, to, holding, holding.new, message_id=message_id)
            delivery = msgspec.structs.replace(
                sealed, is_read=new.is_read, is_starred=new.is_starred, is_imported=True, fullness=None
            )
            try:
                await self._insert(delivery)
            except _ThereAlready:
                self._objects.keep(())
                return False
            except Conflict:
                self._objects.keep(())
            else:
                return True
        raise Unavailable("Others change what this message shares; try again later.", code="blob_moved")

    async def _insert(self, delivery: Delivery) -> None:
        """Raises _ThereAlready, Conflict where what it shares has changed meanwhile, Unavailable."""
        try:
            async with self._platform.db.pipelined_transaction() as conn:
                await messages_queries.insert_deliveries(conn, [delivery], shard=self._platform.shard)
        except Exception as error:
            if queries.is_repetition(error):
                raise _ThereAlready from error
            if messages_queries.is_sharing_conflict(error):
                raise Conflict("What the message shares has changed meanwhile.", code="blob_moved") from error
            raise

    async def _found(self, message_id: UUID, received_at: datetime) -> UUID | None:
        """The same message, where the alias has it: brought before, or come by mail."""
        account_id, alias_id = self._actor.account_id, self._new.alias_id
        async with self._platform.db.connection() as conn:
            if await queries.is_there(conn, account_id, message_id):
                return message_id
            alike = await queries.candidates(conn, account_id, alias_id, received_at=received_at, size=self._cut.size)
        for one in alike:
            if await self._is_same(one):
                return one
        return None

    async def _is_same(self, message_id: UUID) -> bool:
        digest = hashlib.sha256()
        try:
            content = await messages.source(self._platform, self._actor, message_id)
            async for chunk in content.stream:
                digest.update(chunk)
        except (CannotOpen, NotFound):
            return False  # what is damaged is no reason not to take it whole
        return digest.digest() == self._digest

    def _id(self, received_at: datetime) -> UUID:
        """A UUIDv7 (RFC 9562 section 5.7) whose random bits are a keyed digest of alias and content.

        So the database itself knows one that comes again, and nobody without the index key can guess it.
        """
        told = b"imported message\n" + self._new.alias_id.bytes + self._digest
        bits = int.from_bytes(blind.digest(self._index_key, told)[:8]) & _RANDOM_BITS
        more = int.from_bytes(blind.digest(self._index_key, told)[8:10]) & 0xFFF
        return UUID(int=first_id_at(received_at).int | more << 64 | bits)


def _moment(new: NewMessage, message: Message, head: Head, *, now: datetime) -> datetime:
    """When it came, as well as that is known."""
    if new.received_at is not None:
        return new.received_at
    told = _of_received(message) or head.sent_at or now
    return min(max(told, _FIRST), now)


def _of_received(message: Message) -> datetime | None:
    """The moment in the newest Received field: what stands behind its last semicolon (RFC 5321 section 4.4)."""
    value = str(message.get("Received") or "")
    try:
        moment = parsedate_to_datetime(value.rpartition(";")[2].strip())
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


async def _discard(cutter: Cutter, objects: NewObjects) -> None:
    try:
        await cutter.abort()
        await objects.discard()
    except Unavailable:
        return  # the sweeper takes what stays
