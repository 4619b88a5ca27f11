"""What a bound key may be shown: what belongs to its alias, or to the aliases on its domain. The rest is not there.

Lists are narrowed where they are read; here is what holds for single things, and for what cannot be narrowed.
"""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from app.core.aliases.model import NewAlias
from app.core.auth.model import Actor
from app.core.auth.reach import queries
from app.core.auth.reach.model import Kind
from app.errors import Forbidden, Invalid, NotFound
from app.lib.db import Conn


class KeyBound(Forbidden):
    """A bound key asks for what belongs to the whole account."""

    def __init__(self, detail: str = "This API key is bound to a part of the account, and this is not in it.") -> None:
        super().__init__(detail, code="key_bound")


async def assert_holds(conn: Conn, actor: Actor, kind: Kind, one_id: UUID) -> None:
    """That it belongs to what the actor sees of the account. Raises NotFound."""
    if not await holding(conn, actor, kind, [one_id]):
        raise NotFound


async def holding(conn: Conn, actor: Actor, kind: Kind, ids: Sequence[UUID]) -> list[UUID]:
    """Those of the ids that belong to what the actor sees, in their order; all of them, unasked, where that is all."""
    if not actor.is_bound:
        return list(ids)
    found = await queries.within(conn, actor.account_id, actor.reach, kind, ids)
    return [one_id for one_id in ids if one_id in found]


async def assert_place(conn: Conn, actor: Actor, alias_id: UUID | None) -> None:
    """That something for this alias, or (None) for the whole account, may be changed. Raises NotFound, KeyBound."""
    if not actor.is_bound:
        return
    if alias_id is None:
        raise KeyBound("This API key is bound to a part of the account: say which of its aliases this is for.")
    await assert_holds(conn, actor, "alias", alias_id)


def placed(actor: Actor, new: NewAlias) -> NewAlias:
    """A new alias where the actor may make it: a key that is bound to a domain makes aliases there.

    Raises KeyBound for a key that has its one alias, Invalid for another domain.
    """
    if actor.reach.alias_id is not None:
        raise KeyBound("This API key is bound to one alias, so it makes no others.")
    domain = actor.reach.domain
    if domain is None:
        return new
    if new.domain and new.domain.strip().rstrip(".").lower() != domain:
        raise Invalid.field("domain", f"This API key makes aliases on {domain} only.")
    return msgspec.structs.replace(new, domain=domain)
