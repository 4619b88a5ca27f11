"""SQL over aliases and the directory of addresses."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import LiteralString
from uuid import UUID

import msgspec
from psycopg.rows import args_row, class_row

from app.core.aliases.limits.model import MadeBy
from app.core.aliases.model import AliasRow, AliasSettings, AliasText, Listing, Mailbox, Place, Sort, State
from app.core.aliases.reserved import queries as reserved
from app.core.auth.reach import queries as reach_queries
from app.lib.db import Conn

MAX_PAGE = 200
MAX_TEXTS = 10_000


async def insert_address(conn: Conn, address: str, account_id: UUID, alias_id: UUID) -> bool:
    """False when the address is or once was somebody's.

    What an earlier owner of a domain had there is free for the account that has proven the domain since.
    """
    cursor = await conn.execute(
        """INSERT INTO addresses AS a (address, account_id, alias_id)
           VALUES (%(address)s, %(account_id)s, %(alias_id)s)
           ON CONFLICT (address) DO UPDATE SET account_id = excluded.account_id, alias_id = excluded.alias_id
           WHERE a.account_id <> excluded.account_id
             AND EXISTS (SELECT FROM domains d WHERE d.domain = split_part(excluded.address, '@', 2)
                                                 AND d.account_id = excluded.account_id)""",
        {"address": address, "account_id": account_id, "alias_id": alias_id},
    )
    return cursor.rowcount == 1 and not await reserved.give_back(conn, account_id, [address])


async def is_taken(conn: Conn, address: str) -> bool:
    """Whether the address is or once was somebody's."""
    cursor = await conn.execute(
        "SELECT EXISTS (SELECT FROM addresses WHERE address = %(address)s)", {"address": address}
    )
    row = await cursor.fetchone()
    return (row is not None and bool(row[0])) or await reserved.is_reserved(conn, address)


async def insert_alias(
    conn: Conn,
    account_id: UUID,
    alias_id: UUID,
    *,
    address: str,
    details: bytes,
    settings: AliasSettings,
    made_by: MadeBy = "service",
) -> None:
    """A new alias."""
    await conn.execute(
        """INSERT INTO aliases (account_id, alias_id, address, details, is_enabled, when_disabled, category_id,
                                is_pinned, is_archived, expires_at, message_limit, messages_left, idle_days, idle_from,
                                screening, made_by)
           VALUES (%(account_id)s, %(alias_id)s, %(address)s, %(details)s, %(is_enabled)s, %(when_disabled)s,
                   %(category_id)s, %(is_pinned)s, %(is_archived)s, %(expires_at)s, %(message_limit)s,
                   %(messages_left)s, %(idle_days)s, %(idle_from)s, %(screening)s, %(made_by)s)""",
        {"account_id": account_id, "alias_id": alias_id, "address": address, "details": details, "made_by": made_by}
        | msgspec.structs.asdict(settings),
    )


async def owned_address(conn: Conn, account_id: UUID, address: str) -> tuple[UUID, bool] | None:
    """(its alias, whether that is deleted) where the address is or was the account's own."""
    cursor = await conn.execute(
        """SELECT alias_id, deleted_on IS NOT NULL FROM aliases JOIN addresses d USING (account_id, alias_id)
           WHERE d.address = %(address)s AND account_id = %(account_id)s LIMIT 1""",
        {"address": address, "account_id": account_id},
    )
    row = await cursor.fetchone()
    return (row[0], row[1]) if row else None


_COLUMNS = """
    a.alias_id, a.address, a.is_enabled, a.when_disabled, a.details, a.category_id, a.is_pinned, a.is_archived,
    a.deleted_on, a.expires_at, a.message_limit, a.messages_left, a.idle_days, a.idle_from, a.screening,
    a.is_suspended, coalesce(u.message_count, 0)::bigint AS message_count, u.last_received_on::text AS last_received_on
"""
# For a few aliases, and for all of an account.
USAGE_OF_EACH = """
    LEFT JOIN LATERAL (
        SELECT sum(message_count) AS message_count, max(last_received_on) AS last_received_on
        FROM alias_usage WHERE account_id = a.account_id AND alias_id = a.alias_id
    ) u ON true
"""
_USAGE_OF_ALL = """
    LEFT JOIN (
        SELECT alias_id, sum(message_count) AS message_count, max(last_received_on) AS last_received_on
        FROM alias_usage WHERE account_id = %(account_id)s GROUP BY alias_id
    ) u USING (alias_id)
"""


async def alias(conn: Conn, account_id: UUID, alias_id: UUID) -> AliasRow | None:
    """One alias of the account."""
    found = await aliases_by_id(conn, account_id, [alias_id])
    return found[0] if found else None


async def aliases_by_id(conn: Conn, account_id: UUID, alias_ids: Sequence[UUID]) -> list[AliasRow]:
    """These aliases of the account, in no order; at most 1,000."""
    async with conn.cursor(row_factory=class_row(AliasRow)) as cursor:
        await cursor.execute(
            f"""SELECT {_COLUMNS} FROM aliases a {USAGE_OF_EACH}
                WHERE a.account_id = %(account_id)s AND a.alias_id = ANY(%(alias_ids)s) LIMIT 1000""",
            {"account_id": account_id, "alias_ids": list(alias_ids)},
        )
        return await cursor.fetchall()


async def lock_aliases(conn: Conn, account_id: UUID, alias_ids: Sequence[UUID]) -> list[UUID]:
    """Those that are the account's; nobody changes them until the transaction ends. Mail for them is taken meanwhile.

    Locked in the order of their ids, so that two changes of many never wait for each other in a circle.
    """
    cursor = await conn.execute(
        """SELECT alias_id FROM aliases WHERE account_id = %(account_id)s AND alias_id = ANY(%(alias_ids)s)
           ORDER BY alias_id LIMIT 10000 FOR NO KEY UPDATE""",
        {"account_id": account_id, "alias_ids": list(alias_ids)},
    )
    return [alias_id for (alias_id,) in await cursor.fetchall()]


async def received_count(conn: Conn, account_id: UUID, alias_id: UUID) -> int:
    """How many messages the alias has ever taken."""
    cursor = await conn.execute(
        """SELECT coalesce(sum(received_count), 0)::bigint FROM alias_usage
           WHERE account_id = %(account_id)s AND alias_id = %(alias_id)s""",
        {"account_id": account_id, "alias_id": alias_id},
    )
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


# The same as `expiry.ending`.
HAS_ENDED = """(
    coalesce(a.expires_at <= %(now)s, false) OR coalesce(a.messages_left = 0, false)
    OR coalesce(greatest(a.idle_from, u.last_received_on) + a.idle_days < (%(now)s AT TIME ZONE 'UTC')::date, false)
)"""
_LISTED: Mapping[State, LiteralString] = {
    "current": "a.deleted_on IS NULL AND NOT a.is_archived",
    "on": f"a.deleted_on IS NULL AND NOT a.is_archived AND a.is_enabled AND NOT a.is_suspended AND NOT {HAS_ENDED}",
    "off": "a.deleted_on IS NULL AND NOT a.is_archived AND (NOT a.is_enabled OR a.is_suspended)",
    "expired": f"a.deleted_on IS NULL AND NOT a.is_archived AND a.is_enabled AND {HAS_ENDED}",
    "archived": "a.deleted_on IS NULL AND a.is_archived",
    "deleted": "a.deleted_on IS NOT NULL",
}
_BEHIND = "%(after)s::uuid IS NULL OR"
_ORDERS: Mapping[Sort, tuple[LiteralString, LiteralString, LiteralString]] = {
    # (the number of `Place`, what stands behind a place, the order)
    "newest": ("0", "a.alias_id < %(after)s", "a.alias_id DESC"),
    "name": (
        "0",
        """a.address COLLATE "C" > (
               SELECT address FROM aliases WHERE account_id = %(account_id)s AND alias_id = %(after)s
           )""",
        'a.address COLLATE "C"',
    ),
    "recent": (
        "coalesce(u.last_received_on - DATE '1970-01-01', 0)",
        "(coalesce(u.last_received_on - DATE '1970-01-01', 0), a.alias_id) < (%(number)s, %(after)s)",
        "coalesce(u.last_received_on - DATE '1970-01-01', 0) DESC, a.alias_id DESC",
    ),
    "busiest": (
        "coalesce(u.message_count, 0)",
        "(coalesce(u.message_count, 0), a.alias_id) < (%(number)s, %(after)s)",
        "coalesce(u.message_count, 0) DESC, a.alias_id DESC",
    ),
}
_NARROWED = """
    a.account_id = %(account_id)s
    AND (%(category_id)s::uuid IS NULL OR a.category_id = %(category_id)s)
    AND (%(is_pinned)s::boolean IS NULL OR a.is_pinned = %(is_pinned)s)
"""


async def aliases(
    conn: Conn, account_id: UUID, listing: Listing, *, after: Place | None, limit: int, now: datetime
) -> list[AliasRow]:
    """A page of the account's aliases, whatever the listing's text; at most 200."""
    async with conn.cursor(row_factory=class_row(AliasRow)) as cursor:
        await cursor.execute(
            _statement(_COLUMNS, listing),
            _narrowed(account_id, listing, after, now) | {"limit": min(limit, MAX_PAGE)},
        )
        return await cursor.fetchall()


async def alias_texts(
    conn: Conn, account_id: UUID, listing: Listing, *, after: Place | None, limit: int, now: datetime
) -> list[AliasText]:
    """What of these aliases can be searched, in the listing's order; at most 10,000."""
    async with conn.cursor(row_factory=args_row(AliasText), binary=True) as cursor:
        await cursor.execute(
            _statement(f"a.alias_id, a.address, a.details, a.category_id, {_ORDERS[listing.sort][0]}::bigint", listing),
            _narrowed(account_id, listing, after, now) | {"limit": min(limit, MAX_TEXTS)},
        )
        return await cursor.fetchall()


def _statement(columns: LiteralString, listing: Listing) -> LiteralString:
    _, behind, order = _ORDERS[listing.sort]
    within = reach_queries.condition(listing.reach, "a.alias_id")
    usage = USAGE_OF_EACH if listing.sort in {"newest", "name"} and columns is _COLUMNS else _USAGE_OF_ALL
    return f"""SELECT {columns} FROM aliases a {usage}
               WHERE {_NARROWED}{within} AND ({_BEHIND} {behind}) AND {_LISTED[listing.state]}
               ORDER BY {order} LIMIT %(limit)s"""


def _narrowed(account_id: UUID, listing: Listing, after: Place | None, now: datetime) -> dict[str, object]:
    return {
        "account_id": account_id,
        "category_id": listing.category_id,
        "is_pinned": listing.is_pinned,
        "after": after.alias_id if after else None,
        "number": after.number if after else 0,
        "now": now,
    } | reach_queries.values(listing.reach)


async def alias_id_of(conn: Conn, account_id: UUID, address: str) -> UUID | None:
    """The account's alias that this address reaches."""
    cursor = await conn.execute(
        "SELECT alias_id FROM addresses WHERE address = %(address)s AND account_id = %(account_id)s LIMIT 1",
        {"address": address, "account_id": account_id},
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def addresses_of(conn: Conn, account_id: UUID, alias_ids: Sequence[UUID]) -> dict[UUID, str]:
    """The addresses of these aliases of the account."""
    cursor = await conn.execute(
        """SELECT alias_id, address FROM aliases
           WHERE account_id = %(account_id)s AND alias_id = ANY(%(alias_ids)s) LIMIT 1000""",
        {"account_id": account_id, "alias_ids": list(alias_ids)},
    )
    return {row[0]: row[1] for row in await cursor.fetchall()}


async def set_settings(conn: Conn, account_id: UUID, alias_id: UUID, settings: AliasSettings) -> None:
    """Replace all settings."""
    await conn.execute(
        """UPDATE aliases
           SET is_enabled = %(is_enabled)s, when_disabled = %(when_disabled)s, category_id = %(category_id)s,
               is_pinned = %(is_pinned)s, is_archived = %(is_archived)s, expires_at = %(expires_at)s,
               message_limit = %(message_limit)s, messages_left = %(messages_left)s, idle_days = %(idle_days)s,
               idle_from = %(idle_from)s, screening = %(screening)s,
               is_end_told = is_end_told AND ROW(is_enabled, expires_at, messages_left, idle_days, idle_from)
                   IS NOT DISTINCT FROM ROW(%(is_enabled)s::boolean, %(expires_at)s::timestamptz,
                                            %(messages_left)s::integer, %(idle_days)s::integer, %(idle_from)s::date)
           WHERE account_id = %(account_id)s AND alias_id = %(alias_id)s""",
        {"account_id": account_id, "alias_id": alias_id} | msgspec.structs.asdict(settings),
    )


async def set_details(conn: Conn, account_id: UUID, alias_id: UUID, details: bytes) -> None:
    """Replace what the owner wrote."""
    await conn.execute(
        "UPDATE aliases SET details = %(details)s WHERE account_id = %(account_id)s AND alias_id = %(alias_id)s",
        {"account_id": account_id, "alias_id": alias_id, "details": details},
    )


_OF_ACCOUNT = """
    c.status, c.kind, c.public_key, c.index_key, c.storage_limit,
    (SELECT coalesce(sum(u.stored_bytes), 0)::bigint FROM account_usage u
     WHERE u.account_id = c.account_id) AS stored_bytes,
    c.storage_warned,
    EXISTS (SELECT FROM sender_rules r WHERE r.account_id = c.account_id AND r.deleted_at IS NULL) AS has_rules
"""
_TOLD = """
    SELECT array_agg(DISTINCT t.word) FROM webhooks w CROSS JOIN LATERAL unnest(w.content || w.event_types) AS t (word)
    WHERE w.account_id = c.account_id AND w.is_enabled
"""
_OF_ALIAS: LiteralString = f"""
    a.account_id, a.alias_id, a.address, a.is_enabled, a.when_disabled,
    a.screening, a.expires_at, a.messages_left, a.idle_days, a.idle_from, a.is_suspended,
    CASE WHEN a.idle_days IS NOT NULL THEN
        (SELECT max(u.last_received_on) FROM alias_usage u
         WHERE u.account_id = a.account_id AND u.alias_id = a.alias_id)
    END AS last_received_on,
    ({_TOLD} AND (w.alias_id IS NULL OR w.alias_id = a.alias_id)) AS told
"""


async def mailbox(conn: Conn, address: str, untagged: str, domain: str) -> Mailbox | None:
    """Which alias takes mail for the address, else for what it is without its tag.

    Both are of this domain, which is shared or the account's own: what somebody had there earlier reaches nobody.
    """
    async with conn.cursor(row_factory=class_row(Mailbox), binary=True) as cursor:
        await cursor.execute(
            f"""SELECT {_OF_ALIAS}, {_OF_ACCOUNT}, m.is_paused AS is_domain_paused
                FROM addresses d
                JOIN aliases a USING (account_id, alias_id)
                JOIN accounts c USING (account_id)
                JOIN domains m ON m.domain = %(domain)s AND coalesce(m.account_id = c.account_id, true)
                WHERE d.address IN (%(address)s, %(untagged)s) AND a.deleted_on IS NULL
                ORDER BY d.address = %(address)s DESC LIMIT 1""",
            {"address": address, "untagged": untagged, "domain": domain},
        )
        return await cursor.fetchone()


async def mailbox_of(conn: Conn, account_id: UUID, alias_id: UUID) -> Mailbox | None:
    """The same for an alias that is not deleted, whatever its address."""
    async with conn.cursor(row_factory=class_row(Mailbox)) as cursor:
        await cursor.execute(
            f"""SELECT {_OF_ALIAS}, {_OF_ACCOUNT}
                FROM aliases a JOIN accounts c USING (account_id)
                WHERE account_id = %(account_id)s AND a.alias_id = %(alias_id)s AND a.deleted_on IS NULL LIMIT 1""",
            {"account_id": account_id, "alias_id": alias_id},
        )
        return await cursor.fetchone()


async def mailbox_to_make(conn: Conn, account_id: UUID, alias_id: UUID, address: str) -> Mailbox | None:
    """The same for an alias of this id and address that the account's first mail to it is to make."""
    async with conn.cursor(row_factory=class_row(Mailbox)) as cursor:
        await cursor.execute(
            f"""SELECT c.account_id, %(alias_id)s::uuid AS alias_id, %(address)s::text AS address, true AS is_enabled,
                       'refuse' AS when_disabled, true AS is_to_be_made, {_OF_ACCOUNT},
                       ({_TOLD} AND w.alias_id IS NULL) AS told
                FROM accounts c WHERE c.account_id = %(account_id)s LIMIT 1""",
            {"account_id": account_id, "alias_id": alias_id, "address": address},
        )
        return await cursor.fetchone()


async def used_up(conn: Conn, aliases: Sequence[tuple[UUID, UUID]]) -> set[UUID]:
    """Those of the aliases, by (account, alias), that have taken all the messages they take."""
    accounts, alias_ids = zip(*aliases, strict=True)
    cursor = await conn.execute(
        """SELECT a.alias_id FROM unnest(%(accounts)s::uuid[], %(aliases)s::uuid[]) AS k (account_id, alias_id)
           JOIN aliases a USING (account_id, alias_id) WHERE a.messages_left = 0 LIMIT %(limit)s""",
        {"accounts": list(accounts), "aliases": list(alias_ids), "limit": len(aliases)},
    )
    return {alias_id for (alias_id,) in await cursor.fetchall()}
