"""Leaks of a whole account: the newest acquaintances of its aliases are looked at, not all that ever wrote."""

from uuid import UUID

import msgspec

from app.core.aliases import service as aliases
from app.core.aliases.model import Alias
from app.core.auth.model import Actor
from app.core.senders import queries, service
from app.core.senders.model import Leak
from app.errors import NotFound
from app.lib.db import Conn

_LOOKED_AT = 200
"""Senders for one page; what they wrote to is at most as many aliases."""


class Leaked(msgspec.Struct, frozen=True, kw_only=True):
    """An alias that may have leaked, the newest stranger first."""

    alias: Alias
    leaks: tuple[Leak, ...]


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """A page of leaked aliases, and the first message behind which the next one looks."""

    leaked: tuple[Leaked, ...]
    older: UUID | None
    unreadable: int
    """Senders to the aliases looked at that are damaged, and so left out."""


async def newest_leaks(conn: Conn, actor: Actor, *, before: UUID | None, limit: int) -> Overview:
    """The leaked aliases among those that somebody new has written to, the newest first; at most `limit`.

    Looks at 200 first messages (those before `before`), so a page may be short and yet be followed by more. An alias
    is on every page on which a stranger to it is.
    """
    newest = await queries.newest_aliases(conn, actor.account_id, before=before, limit=_LOOKED_AT, reach=actor.reach)
    leaked: list[Leaked] = []
    unreadable = 0
    seen: set[UUID] = set()
    for message_id, alias_id in newest:
        if alias_id in seen:
            continue
        if len(leaked) == limit:
            return Overview(leaked=tuple(leaked), older=_before(newest, message_id), unreadable=unreadable)
        seen.add(alias_id)
        try:
            alias = await aliases.get(conn, actor.account_id, actor.keyring, alias_id)
        except NotFound:
            continue
        leaks, damaged = await service.leaks_of(conn, actor, alias)
        unreadable += damaged
        if leaks:
            leaked.append(Leaked(alias=alias, leaks=tuple(sorted(leaks.values(), key=_newest, reverse=True))))
    older = newest[-1][0] if len(newest) == _LOOKED_AT else None
    return Overview(leaked=tuple(leaked), older=older, unreadable=unreadable)


def _newest(leak: Leak) -> tuple[object, str]:
    return (leak.first_on, leak.stranger)


def _before(newest: list[tuple[UUID, UUID]], message_id: UUID) -> UUID:
    """The message that the next page has to begin behind, so that this one is on it."""
    ids = [one for one, _ in newest]
    return ids[ids.index(message_id) - 1]
