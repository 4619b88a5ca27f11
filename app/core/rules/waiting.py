"""Who waits to be let in: what is held, put together by alias and sender."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from app.core.auth.model import Actor
from app.core.messages import service as messages
from app.core.messages.model import Filters, MessageLine
from app.core.rules.held import MAX_AT_ONCE, sender_of, still_held
from app.lib.db import Conn


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """What one sender wrote to one alias, newest first; messages that name nobody stand together, too."""

    sender: str
    """In normal form; empty where nobody is named."""
    lines: tuple[MessageLine, ...]

    @property
    def newest(self) -> MessageLine:
        """It stands for the group."""
        return self.lines[0]

    def __repr__(self) -> str:
        return f"Group({self.newest.message_id})"


def groups(lines: Sequence[MessageLine]) -> list[Group]:
    """Held messages by alias and sender, in the order of the newest of each."""
    found: dict[tuple[UUID, str], list[MessageLine]] = {}
    for line in lines:
        found.setdefault((line.alias_id, sender_of(line.summary)), []).append(line)
    return [Group(sender=sender, lines=tuple(theirs)) for (_, sender), theirs in found.items()]


async def together(conn: Conn, actor: Actor, message_ids: Sequence[UUID]) -> list[UUID]:
    """The held ones of these messages and all that their senders have waiting at the same aliases, up to 200.

    Raises NotFound when none is held any more, Invalid for more than 200 ids.
    """
    chosen = await still_held(conn, actor, message_ids)
    found = {line.message_id for line in chosen}
    senders = {(line.alias_id, sender_of(line.summary)) for line in chosen}
    for alias_id in {line.alias_id for line in chosen}:
        filters = Filters(alias_id=alias_id)
        theirs = await messages.page(conn, actor, folder="held", before=None, limit=MAX_AT_ONCE, filters=filters)
        found |= {line.message_id for line in theirs if (alias_id, sender_of(line.summary)) in senders}
    return sorted(found, reverse=True)[:MAX_AT_ONCE]
