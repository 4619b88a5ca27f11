"""Writes down what happens to an account's keys and passwords, so that its owner alone can read it, and for 90 days.

Events are sealed to the account's public key: they can be written before sign-in succeeds, and all are of one length.
"""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from app.core.auth.model import Actor
from app.core.platform import Platform
from app.core.security import queries
from app.core.security.model import Details, EventRow, Kind, SecurityEvent
from app.lib.db import Conn
from app.lib.ids import first_id_at, id_of_day
from app.vault import seal

LIFETIME = timedelta(days=90)
ABOUT_CHARS = 60
_PURPOSE = "security event"
_SIZE = 384
"""Bytes of every event before it is sealed, so that lengths do not tell one kind from another."""
_LENGTH_SIZE = 2
_IN_ORDER = 4000
"""Events of a day that are listed in their order; beyond that they are still listed on their day."""
_BATCH = 5000
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Details).decode


async def note(conn: Conn, account_id: UUID, kind: Kind, *, now: datetime, about: str = "") -> None:
    """Write an event down, in the transaction of what it tells of; of an account that is gone nothing.

    `about`: a browser, or the name of a key, cut after 60 characters.
    """
    first = first_id_at(now.replace(hour=0, minute=0, second=0, microsecond=0))
    found = await queries.place(conn, account_id, now.date(), first=first, most=_IN_ORDER)
    if found is None:
        return
    public_key, number = found
    event_id = id_of_day(now.date(), number + 1)
    told = about[:ABOUT_CHARS].encode("utf-8", "replace").decode()
    details = Details(kind, int(now.timestamp()), told)
    sealed = seal.seal_received(
        public_key, account_id=account_id, purpose=_PURPOSE, row_id=event_id, plaintext=_padded(_encode(details))
    )
    await queries.insert_event(conn, account_id, event_id, day=now.date(), details=sealed)


async def note_wrong_password(conn: Conn, account_id: UUID, *, now: datetime) -> None:
    """Count a wrong password; a day has one count, which the operator can see, too.

    The transaction's commit is not waited for, so that it takes no longer than of an account that there is not.
    """
    await queries.wait_for_no_disk(conn)
    await queries.count_wrong_password(conn, account_id, id_of_day(now.date(), 0), day=now.date())


async def page(conn: Conn, actor: Actor, *, before: UUID | None, limit: int) -> list[SecurityEvent]:
    """The owner's events, newest first, before `before`; at most 200. Raises CannotOpen."""
    rows = await queries.events(conn, actor.account_id, before=before, limit=limit)
    return [_open(actor, row) for row in rows]


async def forget(platform: Platform, *, now: datetime) -> int:
    """Delete what is older than 90 days, of all accounts; how many rows. Raises Unavailable."""
    day = (now - LIFETIME).date()
    return await platform.db.in_batches(lambda conn: queries.delete_before(conn, day, limit=_BATCH), batch=_BATCH)


def _open(actor: Actor, row: EventRow) -> SecurityEvent:
    if row.details is None:
        return SecurityEvent(
            event_id=row.event_id, kind="wrong_passwords", noted_on=row.noted_on, at=None, about="", count=row.count
        )
    opened = seal.open_received(
        actor.keyring, account_id=actor.account_id, purpose=_PURPOSE, row_id=row.event_id, sealed=row.details
    )
    length = int.from_bytes(opened[:_LENGTH_SIZE])
    details = _decode(opened[_LENGTH_SIZE : _LENGTH_SIZE + length])
    return SecurityEvent(
        event_id=row.event_id,
        kind=details.kind,
        noted_on=row.noted_on,
        at=datetime.fromtimestamp(details.at, UTC),
        about=details.about,
        count=row.count,
    )


def _padded(encoded: bytes) -> bytes:
    """After its length, and filled up."""
    return (len(encoded).to_bytes(_LENGTH_SIZE) + encoded).ljust(_SIZE, b"\0")
