"""SQL over feeds and the directory of their secrets."""

from datetime import date
from uuid import UUID

from psycopg.rows import class_row

from app.core.feeds.model import Entry, Feed, FeedRow
from app.lib.db import Conn


async def insert_feed(conn: Conn, account_id: UUID, *, secret_hash: bytes, shows_mail: bool, made_on: date) -> None:
    """A feed for an account that has none."""
    values = {"account_id": account_id, "secret_hash": secret_hash, "shows_mail": shows_mail, "made_on": made_on}
    await conn.execute(
        """INSERT INTO feeds (account_id, secret_hash, shows_mail, made_on)
           VALUES (%(account_id)s, %(secret_hash)s, %(shows_mail)s, %(made_on)s)""",
        values,
    )
    await conn.execute(
        "INSERT INTO feed_owners (secret_hash, account_id) VALUES (%(secret_hash)s, %(account_id)s)", values
    )


async def delete_feed(conn: Conn, account_id: UUID) -> None:
    """The account's feed, if it has one, with its hold on the keyring."""
    await delete_holder(conn, account_id)
    cursor = await conn.execute("DELETE FROM feeds WHERE account_id = %s RETURNING secret_hash", (account_id,))
    for (secret_hash,) in await cursor.fetchall():
        await conn.execute("DELETE FROM feed_owners WHERE secret_hash = %s", (secret_hash,))


async def delete_holder(conn: Conn, account_id: UUID) -> None:
    """The feed's wrap of the keyring, if it has one."""
    await conn.execute("DELETE FROM holders WHERE account_id = %s AND kind = 'feed'", (account_id,))


async def set_shows_mail(conn: Conn, account_id: UUID, *, shows_mail: bool) -> None:
    """What the feed shows from now on."""
    await conn.execute("UPDATE feeds SET shows_mail = %s WHERE account_id = %s", (shows_mail, account_id))


async def feed(conn: Conn, account_id: UUID) -> Feed | None:
    """The account's feed."""
    async with conn.cursor(row_factory=class_row(Feed)) as cursor:
        await cursor.execute(
            "SELECT account_id, shows_mail, made_on FROM feeds WHERE account_id = %s LIMIT 1", (account_id,)
        )
        return await cursor.fetchone()


async def feed_by_secret(conn: Conn, secret_hash: bytes) -> FeedRow | None:
    """Whose feed this is, while the account is in use, with what opens the account."""
    async with conn.cursor(row_factory=class_row(FeedRow)) as cursor:
        await cursor.execute(
            """SELECT f.account_id, f.shows_mail, f.made_on, h.holder_id, h.kind AS holder_kind, h.keyring
               FROM feed_owners o
               JOIN feeds f ON f.account_id = o.account_id AND f.secret_hash = o.secret_hash
               JOIN accounts a ON a.account_id = o.account_id
               LEFT JOIN holders h ON h.account_id = o.account_id AND h.kind IN ('instance', 'feed')
               WHERE o.secret_hash = %s AND a.status = 'active' LIMIT 1""",
            (secret_hash,),
        )
        return await cursor.fetchone()


async def unread(conn: Conn, account_id: UUID, *, limit: int) -> list[Entry]:
    """The newest unread messages of the inbox, newest first; nothing of what is in them."""
    async with conn.cursor(row_factory=class_row(Entry)) as cursor:
        await cursor.execute(
            """SELECT message_id, received_at FROM messages
               WHERE account_id = %(account_id)s AND folder = 'inbox' AND NOT is_read
               ORDER BY message_id DESC LIMIT %(limit)s""",
            {"account_id": account_id, "limit": limit},
        )
        return await cursor.fetchall()
