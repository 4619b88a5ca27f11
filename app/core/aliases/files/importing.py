"""Aliases out of a file: looked at first, then made in one transaction. The caller owns the transaction.

Whether an address is somebody else's is told only when it is asked for in earnest: a look at a file must not tell who
has which address.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from app.core.accounts import service as accounts
from app.core.aliases import details, generate
from app.core.aliases.address import Address, normal_domain
from app.core.aliases.files import planning, queries
from app.core.aliases.files.model import AliasFile, Choice, Entry, LineReport
from app.core.aliases.files.planning import Known, Planned
from app.core.aliases.limits import service as limits
from app.core.aliases.model import AliasDetails, AliasSettings, Format
from app.core.aliases.preferences import service as preferences
from app.core.categories import service as categories
from app.core.categories.model import NewCategory
from app.core.domains import service as domains
from app.core.events import service as events
from app.errors import Invalid, LimitReached
from app.lib.db import Conn
from app.lib.ids import new_id
from app.vault.keyring import Keyring

_TRIES = 8
_TAKEN = "This address is or was somebody's. Addresses are never given out twice."


async def preview(
    conn: Conn, account_id: UUID, file: AliasFile, choice: Choice, *, now: datetime
) -> tuple[LineReport, ...]:
    """What would become of each line. Raises Invalid (field `domain`) for one that the account cannot use."""
    planned, _ = await _plan(conn, account_id, file, choice, now=now)
    return tuple(planning.report(one) for one in planned)


async def make(
    conn: Conn, account_id: UUID, keyring: Keyring, file: AliasFile, choice: Choice, *, now: datetime
) -> tuple[LineReport, ...]:
    """Make the aliases that can be made, and tell what became of each line. Raises Invalid (field `domain`)."""
    await accounts.hold(conn, account_id)
    planned, domain = await _plan(conn, account_id, file, choice, now=now)
    chosen = [one for one in planned if one.outcome == "made"]
    addresses, ids = await _addresses(conn, account_id, chosen, domain)
    made = [one.entry for one in chosen if one.entry.line in addresses]
    category_ids = await _categories(conn, account_id, keyring, made)
    rows = []
    for entry in made:
        address = addresses[entry.line]
        sealed = details.seal(keyring, account_id, ids[address], _details(entry, now))
        rows.append((ids[address], address, sealed, _settings(entry, category_ids, now)))
    await queries.insert_aliases(conn, account_id, rows)
    new_ids = [alias_id for alias_id, *_ in rows]
    await events.tell(conn, account_id, "alias.created", {"reason": "import"}, alias_ids=new_ids, now=now)
    await limits.note(conn, account_id, now=now)
    return tuple(_became(one, addresses, category_ids) for one in planned)


async def _plan(
    conn: Conn, account_id: UUID, file: AliasFile, choice: Choice, *, now: datetime
) -> tuple[list[Planned], str]:
    """(each line, the domain that random names go to)."""
    known = await _known(conn, account_id, choice, now=now)
    own = await queries.own_addresses(conn, account_id, sorted(planning.targets(file, known, choice)))
    return planning.plan(file, msgspec.structs.replace(known, own=own), choice), known.domain or ""


async def _known(conn: Conn, account_id: UUID, choice: Choice, *, now: datetime) -> Known:
    offered = await preferences.offered(conn, account_id)
    domain = normal_domain(choice.domain) if choice.domain else next(iter(offered), None)
    if choice.others != "skip" and domain not in offered:
        raise Invalid.field("domain", f"Aliases can be made on: {', '.join(offered) or 'none is set up yet'}.")
    return Known(
        offered=frozenset(offered),
        shared=frozenset(await domains.shared(conn)),
        domain=domain,
        own={},
        room=await limits.importable(conn, account_id, now=now),
    )


async def _addresses(
    conn: Conn, account_id: UUID, chosen: Sequence[Planned], domain: str
) -> tuple[dict[int, str], dict[str, UUID]]:
    """(the address that each line got, by the line; the ids of the addresses)."""
    ids = {str(one.target): new_id() for one in chosen if one.target}
    got = await queries.insert_addresses(conn, account_id, ids)
    addresses = {one.entry.line: str(one.target) for one in chosen if str(one.target) in got}
    style = (await preferences.get(conn, account_id)).format
    waiting = [one.entry for one in chosen if one.target is None]
    for _ in range(_TRIES):
        if not waiting:
            break
        drawn = {_drawn(style, entry, domain): entry for entry in waiting}
        fresh = {address: new_id() for address in drawn}
        ids |= fresh
        for address in await queries.insert_addresses(conn, account_id, fresh):
            addresses[drawn[address].line] = address
        waiting = [entry for entry in waiting if entry.line not in addresses]
    return addresses, ids


def _drawn(style: Format | None, entry: Entry, domain: str) -> str:
    chosen = preferences.style(None, style, site=entry.site)
    return str(Address(generate.local_part(chosen, site=entry.site), domain))


async def _categories(conn: Conn, account_id: UUID, keyring: Keyring, made: Sequence[Entry]) -> dict[str, UUID]:
    """The ids of the categories that the lines name; those that are missing are made while there is room."""
    found = {one.name.casefold(): one.category_id for one in await categories.everything(conn, account_id, keyring)}
    for name in dict.fromkeys(entry.category for entry in made if entry.category):
        if name.casefold() not in found:
            try:
                category = await categories.create(conn, account_id, keyring, NewCategory(name=name))
            except LimitReached:
                break
            found[name.casefold()] = category.category_id
    return found


def _details(entry: Entry, now: datetime) -> AliasDetails:
    created_at = entry.created_at if entry.created_at and entry.created_at < now else now
    return AliasDetails(entry.description, created_at, entry.site, entry.note)


def _settings(entry: Entry, category_ids: Mapping[str, UUID], now: datetime) -> AliasSettings:
    return AliasSettings(
        is_enabled=entry.is_enabled,
        when_disabled=entry.when_disabled,
        category_id=category_ids.get(entry.category.casefold()),
        is_pinned=entry.is_pinned,
        is_archived=entry.is_archived,
        expires_at=entry.expires_at,
        message_limit=entry.message_limit,
        messages_left=entry.message_limit,
        idle_days=entry.idle_days,
        idle_from=now.date() if entry.idle_days else None,
        screening=entry.screening,
    )


def _became(planned: Planned, addresses: Mapping[int, str], category_ids: Mapping[str, UUID]) -> LineReport:
    told, entry = planning.report(planned), planned.entry
    if planned.outcome != "made":
        return told
    address = addresses.get(entry.line)
    if address is None:
        return msgspec.structs.replace(told, outcome="taken", address="", detail=_TAKEN)
    lost = entry.category and entry.category.casefold() not in category_ids
    detail = f"There was no room for its category, {entry.category}." if lost else ""
    return msgspec.structs.replace(told, address=address, detail=detail)
