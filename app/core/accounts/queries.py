"""SQL over accounts, logins, passwords and usage."""

from uuid import UUID

import msgspec
from psycopg.rows import class_row

from app.core.accounts.model import Account, Kind, Limits, Usage
from app.lib.db import Conn
from app.vault.passwords import PasswordRecord


async def insert_login(conn: Conn, login: str, account_id: UUID) -> bool:
    """False when somebody has the login already."""
    cursor = await conn.execute(
        "INSERT INTO logins (login, account_id) VALUES (%(login)s, %(account_id)s) ON CONFLICT DO NOTHING",
        {"login": login, "account_id": account_id},
    )
    return cursor.rowcount == 1


async def insert_account(conn: Conn, account: Account, *, public_key: bytes, index_key: bytes) -> None:
    """The account's row with its public and index keys; the index key is wrapped."""
    await conn.execute(
        """INSERT INTO accounts
               (account_id, login, kind, status, is_admin, created_on, storage_limit, alias_limit, domain_limit,
                public_key, index_key)
           VALUES (%(account_id)s, %(login)s, %(kind)s, %(status)s, %(is_admin)s, %(created_on)s, %(storage_limit)s,
                   %(alias_limit)s, %(domain_limit)s, %(public_key)s, %(index_key)s)""",
        msgspec.structs.asdict(account) | {"public_key": public_key, "index_key": index_key},
    )


async def set_password(conn: Conn, account_id: UUID, record: PasswordRecord) -> None:
    """The password's record, in place of the one there was."""
    await conn.execute(
        """INSERT INTO passwords (account_id, salt, memory_kib, iterations, lanes, verifier)
           VALUES (%(account_id)s, %(salt)s, %(memory_kib)s, %(iterations)s, %(lanes)s, %(verifier)s)
           ON CONFLICT (account_id) DO UPDATE SET
               (salt, memory_kib, iterations, lanes, verifier)
               = (excluded.salt, excluded.memory_kib, excluded.iterations, excluded.lanes, excluded.verifier)""",
        msgspec.structs.asdict(record) | {"account_id": account_id},
    )


_COLUMNS = "account_id, login, kind, status, is_admin, created_on, storage_limit, alias_limit, domain_limit"


async def account(conn: Conn, account_id: UUID) -> Account | None:
    """The account of this id."""
    async with conn.cursor(row_factory=class_row(Account)) as cursor:
        await cursor.execute(
            "SELECT " + _COLUMNS + " FROM accounts WHERE account_id = %(account_id)s LIMIT 1",
            {"account_id": account_id},
        )
        return await cursor.fetchone()


async def account_id_by_login(conn: Conn, login: str) -> UUID | None:
    """Whose login this is."""
    cursor = await conn.execute("SELECT account_id FROM logins WHERE login = %(login)s LIMIT 1", {"login": login})
    row = await cursor.fetchone()
    return row[0] if row else None


async def accounts(conn: Conn, *, after: UUID | None, limit: int) -> list[Account]:
    """A page of accounts, oldest first; at most 200."""
    async with conn.cursor(row_factory=class_row(Account)) as cursor:
        await cursor.execute(
            "SELECT "
            + _COLUMNS
            + """ FROM accounts
               WHERE %(after)s::uuid IS NULL OR account_id > %(after)s
               ORDER BY account_id LIMIT %(limit)s""",
            {"after": after, "limit": min(limit, 200)},
        )
        return await cursor.fetchall()


async def first_admin(conn: Conn) -> Account | None:
    """The oldest administrator's account."""
    async with conn.cursor(row_factory=class_row(Account)) as cursor:
        await cursor.execute("SELECT " + _COLUMNS + " FROM accounts WHERE is_admin ORDER BY account_id LIMIT 1")
        return await cursor.fetchone()


async def is_any_account(conn: Conn) -> bool:
    """Whether anybody has an account yet."""
    cursor = await conn.execute("SELECT EXISTS (SELECT FROM accounts)")
    row = await cursor.fetchone()
    return row is not None and bool(row[0])


async def lock_first_account(conn: Conn) -> None:
    """Wait for others who are making the first account; held until the transaction ends."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtext('restante first account'))")


async def lock_account(conn: Conn, account_id: UUID) -> Kind | None:
    """Wait for others who hold the account, held until the transaction ends; of what kind it is then, None: gone.

    Mail is received meanwhile.
    """
    cursor = await conn.execute(
        "SELECT kind FROM accounts WHERE account_id = %(account_id)s FOR NO KEY UPDATE", {"account_id": account_id}
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def set_kind(conn: Conn, account_id: UUID, kind: Kind) -> None:
    """Of what kind the account is from now on."""
    await conn.execute(
        "UPDATE accounts SET kind = %(kind)s WHERE account_id = %(account_id)s",
        {"account_id": account_id, "kind": kind},
    )


async def set_status(conn: Conn, account_id: UUID, status: str) -> bool:
    """False when there is no such account. `active` is `leaving` where the owner has asked for its deletion."""
    cursor = await conn.execute(
        """UPDATE accounts
           SET status = CASE WHEN delete_on IS NOT NULL AND %(status)s = 'active' THEN 'leaving' ELSE %(status)s END
           WHERE account_id = %(account_id)s""",
        {"account_id": account_id, "status": status},
    )
    return cursor.rowcount == 1


async def set_limits(conn: Conn, account_id: UUID, limits: Limits) -> None:
    """What is None stays."""
    await conn.execute(
        """UPDATE accounts SET storage_limit = coalesce(%(storage_limit)s, storage_limit),
                               alias_limit = coalesce(%(alias_limit)s, alias_limit),
                               domain_limit = coalesce(%(domain_limit)s, domain_limit)
           WHERE account_id = %(account_id)s""",
        {"account_id": account_id} | msgspec.structs.asdict(limits),
    )


async def usage(conn: Conn, account_id: UUID) -> Usage:
    """Messages and bytes held, over all shards."""
    async with conn.cursor(row_factory=class_row(Usage)) as cursor:
        await cursor.execute(
            """SELECT coalesce(sum(message_count), 0)::bigint AS message_count,
                      coalesce(sum(stored_bytes), 0)::bigint AS stored_bytes
               FROM account_usage WHERE account_id = %(account_id)s""",
            {"account_id": account_id},
        )
        return await cursor.fetchone() or Usage(message_count=0, stored_bytes=0)


async def newest_index_key(conn: Conn) -> tuple[UUID, bytes] | None:
    """(account, its index key, wrapped) of the account made last, of those whose keys were not destroyed."""
    cursor = await conn.execute(
        "SELECT account_id, index_key FROM accounts WHERE index_key <> '' ORDER BY account_id DESC LIMIT 1", binary=True
    )
    row = await cursor.fetchone()
    return (row[0], row[1]) if row else None


async def index_key(conn: Conn, account_id: UUID) -> bytes | None:
    """The account's index key, under the instance key."""
    cursor = await conn.execute(
        "SELECT index_key FROM accounts WHERE account_id = %s LIMIT 1", (account_id,), binary=True
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def password(conn: Conn, account_id: UUID) -> PasswordRecord | None:
    """The record to check a password against."""
    async with conn.cursor(row_factory=class_row(PasswordRecord)) as cursor:
        await cursor.execute(
            """SELECT salt, memory_kib, iterations, lanes, verifier FROM passwords
               WHERE account_id = %(account_id)s LIMIT 1""",
            {"account_id": account_id},
        )
        return await cursor.fetchone()
