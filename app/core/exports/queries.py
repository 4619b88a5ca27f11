"""SQL over exports, their parts, and the messages they are made of."""

from collections.abc import Sequence
from uuid import UUID

from psycopg.rows import class_row

from app.core.exports.model import Counted, Format, Part, PartRow
from app.lib.db import Conn

MAX_PARTS = 10_000
"""Of an export: some 2 TB."""
MAX_COUNTED = 10_000
_FIRST = UUID(int=0)


async def counted(conn: Conn, account_id: UUID, *, after: UUID | None, limit: int) -> list[Counted]:
    """The account's messages that come next after `after`, the oldest first; at most 10,000."""
    async with conn.cursor(row_factory=class_row(Counted), binary=True) as cursor:
        await cursor.execute(
            """SELECT message_id, folder, is_read, is_starred, size, has_attachments FROM messages
               WHERE account_id = %(account_id)s AND message_id > %(after)s ORDER BY message_id LIMIT %(limit)s""",
            {"account_id": account_id, "after": after or _FIRST, "limit": min(limit, MAX_COUNTED)},
        )
        return await cursor.fetchall()


async def there(conn: Conn, account_id: UUID, message_ids: Sequence[UUID]) -> set[UUID]:
    """Those of the messages that are still there."""
    cursor = await conn.execute(
        """SELECT message_id FROM messages
           WHERE account_id = %(account_id)s AND message_id = ANY(%(ids)s) LIMIT %(limit)s""",
        {"account_id": account_id, "ids": list(message_ids), "limit": len(message_ids)},
        binary=True,
    )
    return {message_id for (message_id,) in await cursor.fetchall()}


async def insert_export(conn: Conn, account_id: UUID, export_id: UUID, *, formats: Sequence[Format]) -> None:
    """A new export, as yet without parts."""
    await conn.execute(
        "INSERT INTO exports (account_id, export_id, formats) VALUES (%s, %s, %s)",
        (account_id, export_id, list(formats)),
    )


async def insert_parts(
    conn: Conn, account_id: UUID, export_id: UUID, parts: Sequence[Part], held: Sequence[bytes]
) -> None:
    """Parts with their sealed lists."""
    await conn.execute(
        """INSERT INTO export_parts (account_id, export_id, number, part_id, message_count, estimated_size, held)
           SELECT %(account_id)s, %(export_id)s, n.*
           FROM unnest(%(numbers)s::integer[], %(ids)s::uuid[], %(counts)s::integer[], %(sizes)s::bigint[],
                       %(held)s::bytea[]) AS n""",
        {
            "account_id": account_id,
            "export_id": export_id,
            "numbers": [part.number for part in parts],
            "ids": [part.part_id for part in parts],
            "counts": [part.message_count for part in parts],
            "sizes": [part.estimated_size for part in parts],
            "held": list(held),
        },
    )


async def exports(conn: Conn, account_id: UUID, *, limit: int) -> list[tuple[UUID, list[Format]]]:
    """(id, formats) of the account's exports, newest first."""
    cursor = await conn.execute(
        """SELECT export_id, formats FROM exports WHERE account_id = %(account_id)s
           ORDER BY export_id DESC LIMIT %(limit)s""",
        {"account_id": account_id, "limit": limit},
    )
    return [(row[0], row[1]) for row in await cursor.fetchall()]


async def parts(conn: Conn, account_id: UUID, export_id: UUID) -> list[Part]:
    """An export's parts, in order."""
    async with conn.cursor(row_factory=class_row(Part)) as cursor:
        await cursor.execute(
            """SELECT number, part_id, message_count, estimated_size, size, is_fetched FROM export_parts
               WHERE account_id = %(account_id)s AND export_id = %(export_id)s ORDER BY number LIMIT %(limit)s""",
            {"account_id": account_id, "export_id": export_id, "limit": MAX_PARTS},
        )
        return await cursor.fetchall()


async def part(conn: Conn, account_id: UUID, export_id: UUID, number: int) -> PartRow | None:
    """One part with what is sealed of it."""
    async with conn.cursor(row_factory=class_row(PartRow), binary=True) as cursor:
        await cursor.execute(
            """SELECT number, part_id, held, revision, contents FROM export_parts
               WHERE account_id = %(account_id)s AND export_id = %(export_id)s AND number = %(number)s LIMIT 1""",
            {"account_id": account_id, "export_id": export_id, "number": number},
        )
        return await cursor.fetchone()


async def set_contents(
    conn: Conn, account_id: UUID, export_id: UUID, seen: PartRow, *, size: int, contents: bytes
) -> bool:
    """Keep what was found to be in a part; False where another request was faster."""
    cursor = await conn.execute(
        """UPDATE export_parts SET contents = %(contents)s, size = %(size)s, revision = revision + 1, is_fetched = false
           WHERE account_id = %(account_id)s AND export_id = %(export_id)s AND number = %(number)s
             AND revision = %(revision)s""",
        {
            "account_id": account_id,
            "export_id": export_id,
            "number": seen.number,
            "revision": seen.revision,
            "size": size,
            "contents": contents,
        },
    )
    return cursor.rowcount == 1


async def forget_contents(conn: Conn, account_id: UUID, export_id: UUID, number: int) -> None:
    """Have what is in a part found out anew, as some of it could not be read."""
    await conn.execute(
        """UPDATE export_parts SET contents = NULL, size = NULL
           WHERE account_id = %(account_id)s AND export_id = %(export_id)s AND number = %(number)s""",
        {"account_id": account_id, "export_id": export_id, "number": number},
    )


async def set_fetched(conn: Conn, account_id: UUID, export_id: UUID, number: int) -> None:
    """The part was sent to its end."""
    await conn.execute(
        """UPDATE export_parts SET is_fetched = true
           WHERE account_id = %(account_id)s AND export_id = %(export_id)s AND number = %(number)s
             AND NOT is_fetched""",
        {"account_id": account_id, "export_id": export_id, "number": number},
    )


async def delete_exports(conn: Conn, account_id: UUID, export_ids: Sequence[UUID]) -> int:
    """Forget these exports of the account; how many there were."""
    cursor = await conn.execute(
        "DELETE FROM exports WHERE account_id = %s AND export_id = ANY(%s)", (account_id, list(export_ids))
    )
    return cursor.rowcount


async def delete_exports_before(conn: Conn, before: UUID, *, limit: int) -> int:
    """Forget the exports of all accounts that were begun before; how many."""
    cursor = await conn.execute(
        """DELETE FROM exports WHERE (account_id, export_id) IN (
               SELECT account_id, export_id FROM exports WHERE export_id < %(before)s
               ORDER BY export_id LIMIT %(limit)s
           )""",
        {"before": before, "limit": limit},
    )
    return cursor.rowcount
