"""Everyone who wrote to an alias, how much came and when, and what their owner says of them. The caller owns the
connection. What makes a leak is decided in `leaks`.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import date, timedelta
from uuid import UUID

import msgspec

from app.core.aliases import queries as alias_queries
from app.core.aliases import service as aliases
from app.core.aliases.model import Alias
from app.core.auth.model import Actor
from app.core.platform import Platform
from app.core.senders import leaks, queries
from app.core.senders.leaks import Correspondence
from app.core.senders.model import (
    Expected,
    ExpectedRow,
    Leak,
    OrganisationRow,
    Place,
    Sender,
    SenderDetails,
    SenderRow,
    Sort,
    Statistics,
    Week,
)
from app.core.senders.reading import organisation_of
from app.errors import CannotOpen, NotFound
from app.lib.db import Conn
from app.lib.ids import made_at
from app.vault import seal

WEEKS = 53
"""That statistics tell of; older ones are forgotten."""
_EACH = 3
"""First senders of an organisation that are read to see what it is."""
_PURPOSE = "alias_sender.details"
_EPOCH = date(1970, 1, 1)
_BATCH = 5000
_REFUSED_DAYS = timedelta(days=30)
_WORD = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_DAMAGED = SenderDetails("", "", "")
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(SenderDetails).decode


async def page(
    conn: Conn, actor: Actor, alias: Alias, *, sort: Sort = "recent", after: Place | None = None, limit: int
) -> list[Sender]:
    """Those who wrote to the alias, those behind `after`, each with the leak that it may tell of; at most 200.

    Beyond the first 1,000 senders of an alias, mail is counted and nobody is listed. One that is damaged is among them.
    """
    rows = await queries.senders(conn, actor.account_id, alias.alias_id, sort=sort, after=after, limit=limit)
    opened = await _open(conn, actor, alias.alias_id, rows)
    found = (await leaks_of(conn, actor, alias))[0] if rows else {}
    return [_sender(row, opened.get(row.sender), found) for row in rows]


async def get(conn: Conn, actor: Actor, alias: Alias, sender_id: UUID) -> Sender:
    """One of those who wrote to the alias. Raises NotFound."""
    row = await queries.sender(conn, actor.account_id, alias.alias_id, sender_id.bytes)
    if row is None:
        raise NotFound("Nobody like this has written to the alias.")
    opened = await _open(conn, actor, alias.alias_id, [row])
    leaks_by, _ = await leaks_of(conn, actor, alias)
    return _sender(row, opened.get(row.sender), leaks_by)


def place_of(sender: Sender, sort: Sort) -> Place:
    """Where this sender stands in the list: the page behind it begins there."""
    number = sender.message_count if sort == "most" else (sender.last_on - _EPOCH).days
    return Place(sender_id=sender.sender_id, number=0 if sort == "first" else number)


async def expect(conn: Conn, actor: Actor, alias: Alias, sender_id: UUID, *, is_expected: bool) -> Sender:
    """Say that the organisation of this sender may write to the alias, or take it back. Raises NotFound."""
    row = await queries.sender(conn, actor.account_id, alias.alias_id, sender_id.bytes)
    if row is not None:
        await queries.set_expected(conn, actor.account_id, alias.alias_id, row.organisation, is_expected=is_expected)
    return await get(conn, actor, alias, sender_id)


async def expected(conn: Conn, actor: Actor) -> list[Expected]:
    """Who may write to which of the account's aliases, as the owner says; at most 10,000, without what is damaged."""
    found: list[Expected] = []
    for row in await queries.expected(conn, actor.account_id):
        with suppress(CannotOpen):
            details = _decode(_unsealed(actor, row))
            found.append(Expected(alias=row.address, sender=details.address, organisation=details.organisation))
    return found


async def leaks_of(conn: Conn, actor: Actor, alias: Alias) -> tuple[dict[str, Leak], int]:
    """(the leaks of the alias by the stranger's registered domain, how many senders were left out as damaged)."""
    rows = await queries.organisations(conn, actor.account_id, alias.alias_id, each=_EACH)
    opened = await _open(conn, actor, alias.alias_id, rows)
    senders: defaultdict[bytes, list[OrganisationRow]] = defaultdict(list)
    for row in rows:
        if row.sender in opened:
            senders[row.organisation].append(row)
    heard = [_correspondence(of_one, [opened[row.sender] for row in of_one]) for of_one in senders.values()]
    place = leaks.Place(
        site=organisation_of(alias.site) if alias.site else "",
        words=_words(alias),
        made_on=alias.created_at.date(),
    )
    return leaks.judge(place, heard), len(rows) - len(opened)


async def leak_by(conn: Conn, actor: Actor, alias_id: UUID, address: str) -> Leak | None:
    """What a message of this address (in the normal form of rules) to the alias tells of a leak; None if nothing."""
    try:
        alias = await aliases.get(conn, actor.account_id, actor.keyring, alias_id)
    except NotFound:
        return None
    stranger = organisation_of(address.rpartition("@")[2])
    return (await leaks_of(conn, actor, alias))[0].get(stranger) if stranger else None


async def statistics(conn: Conn, actor: Actor, alias: Alias, *, today: date) -> Statistics:
    """How the alias was used in the last 53 weeks."""
    account_id, alias_id = actor.account_id, alias.alias_id
    first = queries.monday(today) - timedelta(weeks=WEEKS - 1)
    counted = {week.monday: week for week in await queries.weeks(conn, account_id, alias_id, first=first)}
    mondays = [first + timedelta(weeks=number) for number in range(WEEKS)]
    sender_count, unlisted = await queries.sender_counts(conn, account_id, alias_id)
    last = alias.last_received_on
    return Statistics(
        received=await alias_queries.received_count(conn, account_id, alias_id),
        weeks=tuple(counted.get(monday) or Week(monday=monday, message_count=0) for monday in mondays),
        refused=await queries.refused_count(conn, account_id, alias_id, first=today - _REFUSED_DAYS),
        sender_count=sender_count,
        unlisted=unlisted,
        last_received_on=date.fromisoformat(last) if last else None,
    )


async def forget_weeks(platform: Platform, *, today: date) -> int:
    """Delete the counts of weeks that statistics tell nothing of any more, of all accounts; how many rows.

    Raises Unavailable.
    """
    first = queries.monday(today) - timedelta(weeks=WEEKS)
    return await platform.db.in_batches(
        lambda conn: queries.delete_weeks_before(conn, first, limit=_BATCH), batch=_BATCH
    )


async def _open(
    conn: Conn, actor: Actor, alias_id: UUID, rows: Sequence[SenderRow | OrganisationRow]
) -> dict[bytes, SenderDetails]:
    """By sender, without those that are damaged.

    Those opened for the first time are sealed anew under the data key, thirty times faster to open.
    """
    opened: dict[bytes, bytes] = {}
    fresh: dict[bytes, bytes] = {}
    for row in rows:
        try:
            opened[row.sender] = _unsealed(actor, row)
        except CannotOpen:
            continue
        if row.message_key is not None:
            fresh[row.sender] = seal.seal_field(
                actor.keyring,
                account_id=actor.account_id,
                purpose=_PURPOSE,
                row_id=row.message_id,
                plaintext=opened[row.sender],
            )
    if fresh:
        await queries.set_details(conn, actor.account_id, alias_id, fresh)
    return {sender: _decode(details) for sender, details in opened.items()}


def _unsealed(actor: Actor, row: SenderRow | OrganisationRow | ExpectedRow) -> bytes:
    ids = {"account_id": actor.account_id, "message_id": row.message_id}
    if row.message_key is None:
        return seal.open_field(
            actor.keyring, account_id=actor.account_id, purpose=_PURPOSE, row_id=row.message_id, sealed=row.details
        )
    message_key = seal.open_message_key(actor.keyring, **ids, sealed_key=row.message_key)
    return seal.open_sender(message_key, **ids, sealed=row.details)


def _sender(row: SenderRow, details: SenderDetails | None, found: dict[str, Leak]) -> Sender:
    is_readable, details = details is not None, details or _DAMAGED
    return Sender(
        sender_id=UUID(bytes=row.sender),
        name=details.name,
        address=details.address,
        organisation=details.organisation,
        message_count=row.message_count,
        first_on=made_at(row.message_id).date(),
        last_on=row.last_on,
        first_message_id=row.message_id,
        is_expected=row.is_expected,
        leak=found.get(details.organisation) if details.organisation else None,
        is_readable=is_readable,
    )


def _correspondence(rows: Sequence[OrganisationRow], senders: Sequence[SenderDetails]) -> Correspondence:
    first = rows[0]
    return Correspondence(
        organisation=senders[0].organisation,
        claims=frozenset(claim for one in senders for claim in one.claims),
        first_on=made_at(first.first_id).date(),
        message_count=first.message_count,
        is_expected=first.is_expected,
        is_bounce=all(one.is_bounce for one in senders),
        is_answer=any(row.is_answer for row in rows),
    )


def _words(alias: Alias) -> frozenset[str]:
    """What the alias is called: the words of its local part and its description."""
    return frozenset(_parts((alias.address.rpartition("@")[0], alias.description)))


def _parts(texts: Iterable[str]) -> Iterable[str]:
    for text in texts:
        plain = unicodedata.normalize("NFKD", text).casefold()
        for word in _WORD.findall(plain):
            yield word
            yield from word.split("-")
