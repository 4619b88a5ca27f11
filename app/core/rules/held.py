"""The waiting room: messages from senders whom an alias does not know, let in or sent away by their owner."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from app.core.auth.model import Actor
from app.core.filing.model import Step
from app.core.filing.moving import move as move_messages
from app.core.messages import queries as message_queries
from app.core.messages import service as messages
from app.core.messages.model import Filters, Folder, MessageLine, Summary
from app.core.platform import Platform
from app.core.rules import senders, service
from app.core.rules.model import Kind, Made, NewRule, Verdict
from app.errors import Invalid, NotFound
from app.lib.db import Conn

MAX_AT_ONCE = 200
"""Messages chosen, and messages of their senders that go with them, of each alias."""


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """What was done with messages that were held: the rules made, how many messages moved, and how to move them back.

    Rules are taken back by `service.take_back`, messages by the steps.
    """

    made: tuple[Made, ...]
    count: int
    back: tuple[Step, ...]


def sender_of(summary: Summary) -> str:
    """Whom a rule about this message is about: its From address, else the envelope's sender, in normal form."""
    written = summary.sender.address if summary.sender else ""
    return senders.normal(written or summary.envelope_from)


async def release(
    platform: Platform, conn: Conn, actor: Actor, message_ids: Sequence[UUID], *, is_allowed: bool, now: datetime
) -> Settled:
    """Let held messages into the inbox; others are passed over.

    With `is_allowed` their senders are known to their aliases from now on, and what else is held of them (among the
    newest 200 of the alias) comes in as well. Raises NotFound when none is held, Invalid for more than 200 ids,
    LimitReached for too many rules.
    """
    chosen = await still_held(conn, actor, message_ids)
    if not is_allowed:
        return await move(platform, conn, actor, chosen, "inbox", (), now=now)
    return await _settle(platform, conn, actor, chosen, "allow", "address", is_everywhere=False, now=now)


async def block(
    platform: Platform,
    conn: Conn,
    actor: Actor,
    message_ids: Sequence[UUID],
    *,
    kind: Kind = "address",
    is_everywhere: bool = False,
    now: datetime,
) -> Settled:
    """Block the senders of held messages, or their domains, on the alias or everywhere; all that is held of them goes
    into the trash. Raises as `release`.
    """
    chosen = await still_held(conn, actor, message_ids)
    return await _settle(platform, conn, actor, chosen, "block", kind, is_everywhere=is_everywhere, now=now)


async def held_of(conn: Conn, actor: Actor, alias_id: UUID | None, subject: str) -> list[MessageLine]:
    """What is held of a sender, or of a domain, among the newest 200 of the alias, or of all."""
    filters = Filters(alias_id=alias_id)
    found = await messages.page(conn, actor, folder="held", before=None, limit=MAX_AT_ONCE, filters=filters)
    return [line for line in found if subject in senders.candidates(sender_of(line.summary))]


async def move(
    platform: Platform,
    conn: Conn,
    actor: Actor,
    lines: Sequence[MessageLine],
    folder: Folder,
    made: Sequence[Made],
    *,
    now: datetime,
) -> Settled:
    """Move messages, and say how to move them back into the waiting room; webhooks are told of what is let in."""
    ids = [line.message_id for line in lines]
    moved = await move_messages(platform, conn, actor, ids, folder, now=now)
    back = Step(action="held", message_ids=tuple(message_id for message_id, _ in moved))
    return Settled(made=tuple(made), count=len(moved), back=(back,) if moved else ())


async def still_held(conn: Conn, actor: Actor, message_ids: Sequence[UUID]) -> list[MessageLine]:
    """Those of the messages that are held. Raises NotFound when none is, Invalid for more than 200 ids."""
    if len(message_ids) > MAX_AT_ONCE:
        raise Invalid.field("ids", f"Choose at most {MAX_AT_ONCE} messages at once.")
    rows = await message_queries.messages_of(conn, actor.account_id, message_ids)
    lines = await messages.open_rows(conn, actor, [row for row in rows if row.folder == "held"])
    if not lines:
        raise NotFound("These messages are not held any more.")
    return lines


async def _settle(
    platform: Platform,
    conn: Conn,
    actor: Actor,
    chosen: Sequence[MessageLine],
    verdict: Verdict,
    kind: Kind,
    *,
    is_everywhere: bool,
    now: datetime,
) -> Settled:
    make = service.allow if verdict == "allow" else service.block
    made: list[Made] = []
    met: dict[UUID, MessageLine] = {line.message_id: line for line in chosen}
    places = ((None if is_everywhere else line.alias_id, _subject(line, kind)) for line in chosen)
    for alias_id, subject in dict.fromkeys(places):
        if not _can_be_ruled_about(subject):
            continue
        new = NewRule(text=subject, alias_id=alias_id, is_as_sent=True)
        made.append(await make(platform, conn, actor, new))
        met |= {line.message_id: line for line in await held_of(conn, actor, alias_id, subject)}
    if verdict == "block" and not made:
        raise Invalid.field(
            "ids", "These messages name no sender that could be blocked; move them to the trash instead."
        )
    folder: Folder = "inbox" if verdict == "allow" else "trash"
    return await move(platform, conn, actor, list(met.values()), folder, made, now=now)


def _subject(line: MessageLine, kind: Kind) -> str:
    """What the rule says."""
    sender = sender_of(line.summary)
    return sender if kind == "address" else sender.rpartition("@")[2]


def _can_be_ruled_about(subject: str) -> bool:
    """Not of messages without any sender, nor of senders that are no addresses."""
    try:
        senders.subject(subject)
    except Invalid:
        return False
    return True
