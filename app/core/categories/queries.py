"""SQL over categories."""

from uuid import UUID

from psycopg.rows import class_row

from app.core.categories.model import CategoryRow
from app.lib.db import Conn


async def categories(conn: Conn, account_id: UUID, *, limit: int) -> list[CategoryRow]:
    """The account's categories, oldest first."""
    async with conn.cursor(row_factory=class_row(CategoryRow)) as cursor:
        await cursor.execute(
            """SELECT category_id, details FROM categories
               WHERE account_id = %(account_id)s ORDER BY category_id LIMIT %(limit)s""",
            {"account_id": account_id, "limit": limit},
        )
        return await cursor.fetchall()


async def category(conn: Conn, account_id: UUID, category_id: UUID) -> CategoryRow | None:
    """One category of the account."""
    async with conn.cursor(row_factory=class_row(CategoryRow)) as cursor:
        await cursor.execute(
            """SELECT category_id, details FROM categories
               WHERE account_id = %(account_id)s AND category_id = %(category_id)s LIMIT 1""",
            {"account_id": account_id, "category_id": category_id},
        )
        return await cursor.fetchone()


async def lock_category(conn: Conn, account_id: UUID, category_id: UUID) -> bool:
    """Whether the account has this category; it is not deleted until the transaction ends."""
    cursor = await conn.execute(
        """SELECT FROM categories
           WHERE account_id = %(account_id)s AND category_id = %(category_id)s LIMIT 1 FOR KEY SHARE""",
        {"account_id": account_id, "category_id": category_id},
    )
    return cursor.rowcount == 1


async def insert_category(conn: Conn, account_id: UUID, category_id: UUID, details: bytes) -> None:
    """A new category."""
    await conn.execute(
        """INSERT INTO categories (account_id, category_id, details)
           VALUES (%(account_id)s, %(category_id)s, %(details)s)""",
        {"account_id": account_id, "category_id": category_id, "details": details},
    )


async def set_details(conn: Conn, account_id: UUID, category_id: UUID, details: bytes) -> None:
    """Replace name and colour."""
    await conn.execute(
        """UPDATE categories SET details = %(details)s
           WHERE account_id = %(account_id)s AND category_id = %(category_id)s""",
        {"account_id": account_id, "category_id": category_id, "details": details},
    )


async def delete_category(conn: Conn, account_id: UUID, category_id: UUID) -> bool:
    """False when there is none such. Its aliases lose it and stay."""
    cursor = await conn.execute(
        "DELETE FROM categories WHERE account_id = %(account_id)s AND category_id = %(category_id)s",
        {"account_id": account_id, "category_id": category_id},
    )
    return cursor.rowcount == 1
