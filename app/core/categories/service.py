"""Making, changing and deleting categories. The caller owns the transaction."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from app.core.accounts import service as accounts
from app.core.categories import queries
from app.core.categories.model import Category, CategoryDetails, CategoryPatch, CategoryRow, NewCategory
from app.errors import Conflict, FieldError, Invalid, LimitReached, NotFound
from app.lib.db import Conn
from app.lib.ids import new_id
from app.vault import seal
from app.vault.keyring import Keyring

MAX_CATEGORIES = 40
"""Of an account: more cannot be told apart, and every page with aliases shows their names."""
MAX_NAME_CHARS = 40
_PURPOSE = "category.details"
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(CategoryDetails).decode


async def everything(conn: Conn, account_id: UUID, keyring: Keyring) -> list[Category]:
    """The account's categories, by name; at most 40."""
    rows = await queries.categories(conn, account_id, limit=MAX_CATEGORIES)
    return sorted((_open(keyring, account_id, row) for row in rows), key=lambda one: one.name.casefold())


async def get(conn: Conn, account_id: UUID, keyring: Keyring, category_id: UUID) -> Category:
    """One category of the account. Raises NotFound."""
    row = await queries.category(conn, account_id, category_id)
    if row is None:
        raise NotFound("There is no such category.")
    return _open(keyring, account_id, row)


async def create(conn: Conn, account_id: UUID, keyring: Keyring, new: NewCategory) -> Category:
    """Make a category. Raises Invalid, Conflict when its name is taken, LimitReached beyond 40."""
    await accounts.hold(conn, account_id)
    others = await everything(conn, account_id, keyring)
    if len(others) >= MAX_CATEGORIES:
        raise LimitReached(f"You have {MAX_CATEGORIES} categories already. Delete one first.", code="category_limit")
    made = Category(category_id=new_id(), name=_checked(new.name, others), colour=new.colour)
    await queries.insert_category(conn, account_id, made.category_id, _seal(keyring, account_id, made))
    return made


async def update(conn: Conn, account_id: UUID, keyring: Keyring, category_id: UUID, patch: CategoryPatch) -> Category:
    """Change what the patch sets. Raises NotFound, Invalid, Conflict when its new name is taken."""
    await accounts.hold(conn, account_id)
    category = await get(conn, account_id, keyring, category_id)
    if not isinstance(patch.name, msgspec.UnsetType):
        others = [one for one in await everything(conn, account_id, keyring) if one.category_id != category_id]
        category = msgspec.structs.replace(category, name=_checked(patch.name, others))
    if not isinstance(patch.colour, msgspec.UnsetType):
        category = msgspec.structs.replace(category, colour=patch.colour)
    await queries.set_details(conn, account_id, category_id, _seal(keyring, account_id, category))
    return category


async def delete(conn: Conn, account_id: UUID, category_id: UUID) -> None:
    """Delete a category; its aliases stay, without one. Raises NotFound."""
    if not await queries.delete_category(conn, account_id, category_id):
        raise NotFound("There is no such category.")


async def hold(conn: Conn, account_id: UUID, category_id: UUID) -> None:
    """Keep the category from being deleted until the transaction ends. Raises Invalid where there is none such."""
    if not await queries.lock_category(conn, account_id, category_id):
        raise Invalid.field("category_id", "There is no such category; choose one of yours, or none.")


def _checked(text: str, others: Sequence[Category]) -> str:
    name = " ".join(text.split())
    if not name or len(name) > MAX_NAME_CHARS or not name.isprintable():
        raise Invalid.field("name", f"Give it a name of at most {MAX_NAME_CHARS} characters.")
    if name.casefold() in {one.name.casefold() for one in others}:
        fault = FieldError(field="name", message="You have a category of this name already; choose another.")
        raise Conflict(fault.message, code="category_taken", fields=[fault])
    return name


def _seal(keyring: Keyring, account_id: UUID, category: Category) -> bytes:
    details = _encode(CategoryDetails(category.name, category.colour))
    return seal.seal_field(
        keyring, account_id=account_id, purpose=_PURPOSE, row_id=category.category_id, plaintext=details
    )


def _open(keyring: Keyring, account_id: UUID, row: CategoryRow) -> Category:
    details = _decode(
        seal.open_field(keyring, account_id=account_id, purpose=_PURPOSE, row_id=row.category_id, sealed=row.details)
    )
    return Category(category_id=row.category_id, name=details.name, colour=details.colour)
