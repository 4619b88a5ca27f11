"""Lists of aliases: narrowed, searched, sorted, page by page. The caller owns the connection.

What the owner wrote is sealed, so a search opens it: 5,000 aliases take some 15 ms. Nothing opened is kept.
"""

import unicodedata
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime
from uuid import UUID

from app.core.aliases import details, queries
from app.core.aliases.model import Alias, AliasDetails, AliasText, Listing, Place
from app.core.categories import service as categories
from app.errors import CannotOpen
from app.lib.db import Conn
from app.vault.keyring import Keyring

_EPOCH = date(1970, 1, 1)
_NOTHING_WRITTEN = AliasDetails("", datetime.min.replace(tzinfo=UTC))


async def page(
    conn: Conn,
    account_id: UUID,
    keyring: Keyring,
    listing: Listing,
    *,
    after: Place | None = None,
    limit: int,
    now: datetime,
) -> list[Alias]:
    """The account's aliases as the listing asks, those that stand behind `after`; at most 200."""
    limit = min(limit, queries.MAX_PAGE)
    if not _words(listing.text):
        rows = await queries.aliases(conn, account_id, listing, after=after, limit=limit, now=now)
        return [details.open_row(keyring, account_id, row) for row in rows]
    ids = await ids_of(conn, account_id, keyring, listing, after=after, limit=limit, now=now)
    found = {row.alias_id: row for row in await queries.aliases_by_id(conn, account_id, ids)}
    return [details.open_row(keyring, account_id, found[alias_id]) for alias_id in ids if alias_id in found]


async def ids_of(
    conn: Conn,
    account_id: UUID,
    keyring: Keyring,
    listing: Listing,
    *,
    after: Place | None = None,
    limit: int,
    now: datetime,
) -> list[UUID]:
    """The ids of the aliases that the listing asks for, in its order."""
    wanted = _words(listing.text)
    names = {}
    if wanted:
        known = await categories.everything(conn, account_id, keyring)
        names = {category.category_id: category.name for category in known}
    found: list[UUID] = []
    while len(found) < limit:
        texts = await queries.alias_texts(conn, account_id, listing, after=after, limit=queries.MAX_TEXTS, now=now)
        found += [one.alias_id for one in texts if not wanted or _holds(keyring, account_id, one, names, wanted)]
        if len(texts) < queries.MAX_TEXTS:
            break
        after = Place(alias_id=texts[-1].alias_id, number=texts[-1].number)
    return found[:limit]


def place_of(alias: Alias, listing: Listing) -> Place:
    """Where this alias stands in the list: the page behind it begins there."""
    number = 0
    if listing.sort == "recent" and alias.last_received_on:
        number = (date.fromisoformat(alias.last_received_on) - _EPOCH).days
    elif listing.sort == "busiest":
        number = alias.message_count
    return Place(alias_id=alias.alias_id, number=number)


def _words(text: str) -> list[str]:
    return _folded(text).split()


def _folded(text: str) -> str:
    return text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()


def _holds(
    keyring: Keyring, account_id: UUID, one: AliasText, names: Mapping[UUID, str], wanted: Collection[str]
) -> bool:
    try:
        written = details.open_details(keyring, account_id, one.alias_id, one.details)
    except CannotOpen:
        written = _NOTHING_WRITTEN
    category = names.get(one.category_id, "") if one.category_id else ""
    text = _folded(f"{one.address}\n{written.description}\n{written.site}\n{written.note}\n{category}")
    return all(word in text for word in wanted)
