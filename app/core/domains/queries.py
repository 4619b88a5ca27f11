"""SQL over the directory of domains mail is taken for, and over the domains that accounts say are theirs."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from psycopg.rows import class_row

from app.core.aliases.reserved import queries as reserved
from app.core.domains.model import CatchAllMode, DomainRow, Reception, SharedDomain
from app.lib.db import Conn

MAX_SHARED = 1000
MAX_PAGE = 200


async def insert_shared_domain(conn: Conn, domain: str, created_on: date) -> bool:
    """False when the domain is there already."""
    cursor = await conn.execute(
        "INSERT INTO domains (domain, created_on) VALUES (%(domain)s, %(created_on)s) ON CONFLICT DO NOTHING",
        {"domain": domain, "created_on": created_on},
    )
    return cursor.rowcount == 1


async def set_configured(conn: Conn, domains: Sequence[str]) -> None:
    """These shared domains are the configured ones, in this order."""
    await conn.execute(
        """UPDATE domains SET configured_rank = array_position(%(domains)s, domain)
           WHERE account_id IS NULL AND configured_rank IS DISTINCT FROM array_position(%(domains)s, domain)""",
        {"domains": list(domains)},
    )


async def shared_domains(conn: Conn) -> list[SharedDomain]:
    """The domains everybody may use: the default, the configured ones in their order, the others; at most 1,000."""
    async with conn.cursor(row_factory=class_row(SharedDomain)) as cursor:
        await cursor.execute(
            """SELECT domain, created_on, configured_rank IS NOT NULL AS is_configured, is_default
               FROM domains WHERE account_id IS NULL
               ORDER BY is_default DESC, configured_rank NULLS LAST, created_on, domain LIMIT %(limit)s""",
            {"limit": MAX_SHARED},
        )
        return await cursor.fetchall()


async def set_default(conn: Conn, domain: str) -> bool:
    """Make this shared domain the default, and no other; False when there is none such."""
    await conn.execute("UPDATE domains SET is_default = false WHERE is_default AND domain <> %(d)s", {"d": domain})
    cursor = await conn.execute(
        "UPDATE domains SET is_default = true WHERE domain = %(d)s AND account_id IS NULL", {"d": domain}
    )
    return cursor.rowcount == 1


async def has_given_addresses(conn: Conn, domain: str, except_for: Sequence[str]) -> bool:
    """Whether anybody has or ever had an address there, but for these local parts."""
    cursor = await conn.execute(
        """SELECT EXISTS (SELECT FROM addresses
                          WHERE split_part(address, '@', 2) = %(domain)s
                            AND split_part(address, '@', 1) <> ALL(%(except_for)s))""",
        {"domain": domain, "except_for": list(except_for)},
    )
    row = await cursor.fetchone()
    return (row is not None and bool(row[0])) or await reserved.has_reserved(conn, domain)


async def delete_domain(conn: Conn, domain: str, account_id: UUID | None) -> bool:
    """Take no more mail for it; False when it is not this account's (None: not a shared one)."""
    cursor = await conn.execute(
        "DELETE FROM domains WHERE domain = %(domain)s AND account_id IS NOT DISTINCT FROM %(account_id)s",
        {"domain": domain, "account_id": account_id},
    )
    return cursor.rowcount == 1


async def owner(conn: Conn, domain: str) -> UUID | None:
    """The account that has proven the domain; None where nobody has."""
    cursor = await conn.execute("SELECT account_id FROM domains WHERE domain = %(domain)s", {"domain": domain})
    row = await cursor.fetchone()
    return row[0] if row else None


async def shared_among(conn: Conn, domains: Sequence[str]) -> str | None:
    """The first of these that is a shared domain."""
    cursor = await conn.execute(
        """SELECT domain FROM domains WHERE domain = ANY(%(domains)s) AND account_id IS NULL
           ORDER BY array_position(%(domains)s, domain) LIMIT 1""",
        {"domains": list(domains)},
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def usable_domains(conn: Conn, account_id: UUID) -> list[str]:
    """The account's own domains that are proven and not paused, by name; at most 200."""
    cursor = await conn.execute(
        """SELECT domain FROM account_domains JOIN domains USING (account_id, domain)
           WHERE account_id = %(account_id)s AND NOT is_paused ORDER BY domain LIMIT %(limit)s""",
        {"account_id": account_id, "limit": MAX_PAGE},
    )
    return [domain for (domain,) in await cursor.fetchall()]


async def reception(conn: Conn, domain: str) -> Reception | None:
    """What to do with mail for a domain's unknown addresses; None when it is not ours."""
    async with conn.cursor(row_factory=class_row(Reception)) as cursor:
        await cursor.execute(
            """SELECT d.account_id, d.is_paused, coalesce(a.catch_all, 'off') AS catch_all,
                      a.catch_all_alias_id, a.catch_all_pattern
               FROM domains d
               LEFT JOIN account_domains a ON a.account_id = d.account_id AND a.domain = d.domain
               WHERE d.domain = %(domain)s LIMIT 1""",
            {"domain": domain},
        )
        return await cursor.fetchone()


_SELECT = """
    SELECT a.account_id, a.domain, a.proof_token, a.added_on, a.checked_at, a.next_check_at, a.failing_since,
           a.findings, a.catch_all, a.catch_all_alias_id, a.catch_all_pattern,
           coalesce(d.account_id = a.account_id, false) AS is_proven,
           d.domain IS NOT NULL AND d.account_id IS DISTINCT FROM a.account_id AS is_taken,
           coalesce(d.account_id = a.account_id AND d.is_paused, false) AS is_paused,
           CASE WHEN d.account_id = a.account_id THEN d.created_on END AS proven_on
    FROM account_domains a LEFT JOIN domains d ON d.domain = a.domain
    WHERE a.account_id = %(account_id)s
"""


async def own_domain(conn: Conn, account_id: UUID, domain: str) -> DomainRow | None:
    """One domain of the account, proven or not."""
    async with conn.cursor(row_factory=class_row(DomainRow)) as cursor:
        await cursor.execute(
            _SELECT + " AND a.domain = %(domain)s LIMIT 1", {"account_id": account_id, "domain": domain}
        )
        return await cursor.fetchone()


async def own_domains(conn: Conn, account_id: UUID) -> list[DomainRow]:
    """The account's domains by name; at most 200."""
    async with conn.cursor(row_factory=class_row(DomainRow)) as cursor:
        await cursor.execute(
            _SELECT + " ORDER BY a.domain LIMIT %(limit)s", {"account_id": account_id, "limit": MAX_PAGE}
        )
        return await cursor.fetchall()


async def insert_own_domain(
    conn: Conn, account_id: UUID, domain: str, *, proof_token: str, added_on: date, next_check_at: datetime
) -> bool:
    """A domain that waits for its proof; False when the account has it already."""
    cursor = await conn.execute(
        """INSERT INTO account_domains (account_id, domain, proof_token, added_on, next_check_at, catch_all)
           VALUES (%(account_id)s, %(domain)s, %(proof_token)s, %(added_on)s, %(next_check_at)s, 'off')
           ON CONFLICT DO NOTHING""",
        {
            "account_id": account_id,
            "domain": domain,
            "proof_token": proof_token,
            "added_on": added_on,
            "next_check_at": next_check_at,
        },
    )
    return cursor.rowcount == 1


async def lock_own_domain(conn: Conn, account_id: UUID, domain: str) -> None:
    """Nobody else changes or deletes it until the transaction ends."""
    await conn.execute(
        """SELECT FROM account_domains WHERE account_id = %(account_id)s AND domain = %(domain)s FOR UPDATE""",
        {"account_id": account_id, "domain": domain},
    )


async def delete_own_domain(conn: Conn, account_id: UUID, domain: str) -> None:
    """The account's row; the directory is apart."""
    await conn.execute(
        "DELETE FROM account_domains WHERE account_id = %(account_id)s AND domain = %(domain)s",
        {"account_id": account_id, "domain": domain},
    )


async def is_alias(conn: Conn, account_id: UUID, alias_id: UUID) -> bool:
    """Whether it is an alias of the account that is not deleted."""
    cursor = await conn.execute(
        """SELECT EXISTS (SELECT FROM aliases WHERE account_id = %(account_id)s AND alias_id = %(alias_id)s
                                                AND deleted_on IS NULL)""",
        {"account_id": account_id, "alias_id": alias_id},
    )
    row = await cursor.fetchone()
    return row is not None and bool(row[0])


async def switch_off_aliases(conn: Conn, account_id: UUID, domain: str) -> list[UUID]:
    """All aliases of the account at the domain but the deleted ones; those that were on."""
    cursor = await conn.execute(
        """UPDATE aliases SET is_enabled = false
           WHERE account_id = %(account_id)s AND split_part(address, '@', 2) = %(domain)s AND is_enabled
             AND deleted_on IS NULL
           RETURNING alias_id""",
        {"account_id": account_id, "domain": domain},
    )
    return [alias_id for (alias_id,) in await cursor.fetchall()]


async def count_aliases(conn: Conn, account_id: UUID, domain: str) -> int:
    """How many aliases the account has at the domain, those that are deleted aside."""
    cursor = await conn.execute(
        """SELECT count(*) FROM aliases
           WHERE account_id = %(account_id)s AND split_part(address, '@', 2) = %(domain)s AND deleted_on IS NULL""",
        {"account_id": account_id, "domain": domain},
    )
    row = await cursor.fetchone()
    return row[0] if row else 0


async def begin_check(conn: Conn, account_id: UUID, domain: str, *, now: datetime, pause: timedelta) -> bool:
    """Note that DNS is asked now; False when it was asked less than `pause` ago, by whatever process."""
    cursor = await conn.execute(
        """UPDATE account_domains SET checked_at = %(now)s
           WHERE account_id = %(account_id)s AND domain = %(domain)s
             AND (checked_at IS NULL OR checked_at <= %(before)s)""",
        {"account_id": account_id, "domain": domain, "now": now, "before": now - pause},
    )
    return cursor.rowcount == 1


async def take_due(conn: Conn, *, now: datetime, retry_at: datetime, limit: int) -> list[tuple[UUID, str]]:
    """(account, domain) of those that are to be checked, which nobody else is given before `retry_at`."""
    cursor = await conn.execute(
        """UPDATE account_domains SET next_check_at = %(retry_at)s
           WHERE (account_id, domain) IN (
               SELECT account_id, domain FROM account_domains WHERE next_check_at <= %(now)s
               ORDER BY next_check_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
           RETURNING account_id, domain""",
        {"now": now, "retry_at": retry_at, "limit": min(limit, MAX_PAGE)},
    )
    return [(row[0], row[1]) for row in await cursor.fetchall()]


async def finish_check(
    conn: Conn,
    account_id: UUID,
    domain: str,
    *,
    checked_at: datetime,
    next_check_at: datetime,
    failing_since: datetime | None,
    findings: bytes,
) -> None:
    """What DNS said."""
    await conn.execute(
        """UPDATE account_domains
           SET checked_at = %(checked_at)s, next_check_at = %(next_check_at)s, failing_since = %(failing_since)s,
               findings = %(findings)s
           WHERE account_id = %(account_id)s AND domain = %(domain)s""",
        {
            "account_id": account_id,
            "domain": domain,
            "checked_at": checked_at,
            "next_check_at": next_check_at,
            "failing_since": failing_since,
            "findings": findings,
        },
    )


async def insert_proven(conn: Conn, account_id: UUID, domain: str, created_on: date) -> bool:
    """Enter the domain into the directory as the account's; False when anybody has it already."""
    cursor = await conn.execute(
        """INSERT INTO domains (domain, account_id, created_on)
           VALUES (%(domain)s, %(account_id)s, %(created_on)s) ON CONFLICT DO NOTHING""",
        {"domain": domain, "account_id": account_id, "created_on": created_on},
    )
    return cursor.rowcount == 1


async def set_paused(conn: Conn, account_id: UUID, domain: str, *, is_paused: bool) -> None:
    """Put mail for the account's domain off, or take it again."""
    await conn.execute(
        """UPDATE domains SET is_paused = %(is_paused)s
           WHERE domain = %(domain)s AND account_id = %(account_id)s AND is_paused <> %(is_paused)s""",
        {"domain": domain, "account_id": account_id, "is_paused": is_paused},
    )


async def set_catch_all(
    conn: Conn, account_id: UUID, domain: str, *, mode: CatchAllMode, alias_id: UUID | None, pattern: bytes | None
) -> None:
    """Where mail for unknown addresses goes; the pattern is sealed."""
    await conn.execute(
        """UPDATE account_domains
           SET catch_all = %(mode)s, catch_all_alias_id = %(alias_id)s, catch_all_pattern = %(pattern)s
           WHERE account_id = %(account_id)s AND domain = %(domain)s""",
        {"account_id": account_id, "domain": domain, "mode": mode, "alias_id": alias_id, "pattern": pattern},
    )


async def was_given(conn: Conn, account_id: UUID, candidates: Sequence[str]) -> bool:
    """Whether the account has or once had one of these addresses."""
    cursor = await conn.execute(
        """SELECT EXISTS (SELECT FROM addresses
                          WHERE address = ANY(%(candidates)s) AND account_id = %(account_id)s)""",
        {"candidates": list(candidates), "account_id": account_id},
    )
    row = await cursor.fetchone()
    return row is not None and bool(row[0])


async def take_making(conn: Conn, account_id: UUID, domain: str, *, now: datetime, a_day: int) -> bool:
    """Count one more alias made by a first mail; False, and nothing counted, when the day has had its number."""
    cursor = await conn.execute(
        """UPDATE account_domains
           SET made_since = CASE WHEN made_since > %(day_ago)s THEN made_since ELSE %(now)s END,
               made_count = CASE WHEN made_since > %(day_ago)s THEN made_count + 1 ELSE 1 END
           WHERE account_id = %(account_id)s AND domain = %(domain)s
             AND (made_since IS NULL OR made_since <= %(day_ago)s OR made_count < %(a_day)s)""",
        {"account_id": account_id, "domain": domain, "now": now, "day_ago": now - timedelta(days=1), "a_day": a_day},
    )
    return cursor.rowcount == 1


async def makings_left(conn: Conn, account_id: UUID, domain: str, *, now: datetime, a_day: int) -> int:
    """How many more `take_making` would count."""
    cursor = await conn.execute(
        """SELECT %(a_day)s - CASE WHEN made_since > %(day_ago)s THEN made_count ELSE 0 END FROM account_domains
           WHERE account_id = %(account_id)s AND domain = %(domain)s LIMIT 1""",
        {"account_id": account_id, "domain": domain, "day_ago": now - timedelta(days=1), "a_day": a_day},
    )
    row = await cursor.fetchone()
    return int(row[0]) if row else 0
