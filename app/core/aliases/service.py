"""Making, finding and changing one alias. The caller owns the transaction. Lists are in `listing`, many in `bulk`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from app.core.aliases import address as addresses
from app.core.aliases import checks, details, generate, naming, queries, sites
from app.core.aliases.address import Address
from app.core.aliases.limits import service as limits
from app.core.aliases.model import Alias, AliasDetails, AliasPatch, AliasSettings, Mailbox, NewAlias
from app.core.aliases.preferences import service as preferences
from app.core.aliases.preferences.model import Preferences
from app.core.categories import service as categories
from app.core.domains import service as domains
from app.core.events import service as events
from app.errors import Conflict, FieldError, Invalid, NotFound
from app.lib.db import Conn
from app.lib.ids import new_id
from app.vault.keyring import Keyring

_TRIES = 8


async def create(
    conn: Conn, account_id: UUID, keyring: Keyring, new: NewAlias, *, now: datetime, faults: Sequence[FieldError] = ()
) -> Alias:
    """Make an alias by hand, or at random where `local_part` is None; format and domain as the account prefers them.

    `faults`: what the caller could not read; nothing is made then. Raises Invalid with a fault a field, Conflict when
    the address is or ever was somebody's, and LimitReached when the account is full or this is too fast.
    """
    preferred = await preferences.get(conn, account_id)
    domain = await _domain(conn, account_id, new, preferred, now=now, faults=faults)
    await limits.take(conn, account_id, now=now)
    site = sites.normal_site(new.site) or ""
    style = preferences.style(new.format, preferred.format, site=site)
    written = AliasDetails(new.description.strip(), now, site, new.note.strip())
    settings = details.settings_of_new(new, today=now.date())
    local_part = naming.normal(new.local_part) if new.local_part is not None else None
    address = ""
    for _ in range(_TRIES if local_part is None else 1):
        drawn = Address(local_part or generate.local_part(style, site=site), domain)
        alias_id = await _claim(conn, account_id, keyring, drawn, written, settings)
        if alias_id is not None:
            return await get(conn, account_id, keyring, alias_id)
        address = str(drawn)
    raise await _taken(conn, account_id, address)


async def suggest(conn: Conn, account_id: UUID, new: NewAlias, *, now: datetime) -> Address:
    """An address as `create` would make it at random, free at this moment and kept for nobody. Raises Invalid."""
    preferred = await preferences.get(conn, account_id)
    domain = await _domain(conn, account_id, new, preferred, now=now)
    site = sites.normal_site(new.site) or ""
    style = preferences.style(new.format, preferred.format, site=site)
    drawn = Address("", domain)
    for _ in range(_TRIES):
        drawn = Address(generate.local_part(style, site=site), domain)
        if not await queries.is_taken(conn, str(drawn)):
            break
    return drawn


async def claim_unattended(
    conn: Conn,
    account_id: UUID,
    address: Address,
    alias_id: UUID,
    *,
    reason: Literal["catch_all", "service"],
    now: datetime,
) -> bool:
    """Take an address for the account under this new id while its owner is away: nothing is written about the alias.

    False when it is or ever was the account's, or somebody else's on a domain that is not the account's.
    """
    if not await queries.insert_address(conn, str(address), account_id, alias_id):
        return False
    await queries.insert_alias(conn, account_id, alias_id, address=str(address), details=b"", settings=AliasSettings())
    await events.tell(conn, account_id, "alias.created", {"reason": reason}, alias_ids=[alias_id], now=now)
    return True


async def get(conn: Conn, account_id: UUID, keyring: Keyring, alias_id: UUID) -> Alias:
    """One alias of the account, a deleted one too. Raises NotFound."""
    row = await queries.alias(conn, account_id, alias_id)
    if row is None:
        raise NotFound("There is no such alias.")
    return details.open_row(keyring, account_id, row)


async def find(conn: Conn, account_id: UUID, text: str) -> UUID | None:
    """The id of the account's alias with this address; None when it has none such."""
    address = addresses.parse(text)
    return await queries.alias_id_of(conn, account_id, str(address)) if address else None


async def update(
    conn: Conn,
    account_id: UUID,
    keyring: Keyring,
    alias_id: UUID,
    patch: AliasPatch,
    *,
    now: datetime,
    faults: Sequence[FieldError] = (),
) -> Alias:
    """Change what the patch sets. `faults` as for `create`.

    Raises NotFound, Invalid with a fault a field, and Conflict for an alias that is deleted.
    """
    found = [*faults, *checks.check_patch(patch, now=now)]
    if isinstance(patch.category_id, UUID):
        found += await _hold_category(conn, account_id, patch.category_id)
    checks.assert_none(found, "The alias cannot be changed like this.")
    await queries.lock_aliases(conn, account_id, [alias_id])
    alias = await get(conn, account_id, keyring, alias_id)
    if alias.deleted_on is not None:
        raise Conflict("This alias is deleted. Restore it first.", code="alias_deleted")
    received = await queries.received_count(conn, account_id, alias_id) if patch.message_limit else 0
    settings = details.settings_after(alias, patch, received=received, today=now.date())
    await queries.set_settings(conn, account_id, alias_id, settings)
    if alias.is_enabled and not settings.is_enabled:
        await events.tell(conn, account_id, "alias.disabled", {"reason": "switched_off"}, alias_ids=[alias_id], now=now)
    if alias.is_readable or details.writes(patch):
        sealed = details.seal(keyring, account_id, alias_id, details.details_after(alias, patch))
        await queries.set_details(conn, account_id, alias_id, sealed)
    return await get(conn, account_id, keyring, alias_id)


async def addresses_of(conn: Conn, account_id: UUID, alias_ids: Sequence[UUID]) -> dict[UUID, str]:
    """The addresses of these aliases, for lists of messages."""
    return await queries.addresses_of(conn, account_id, alias_ids)


async def used_up(conn: Conn, wanted: Sequence[tuple[UUID, UUID]]) -> set[UUID]:
    """Those of the aliases, by (account, alias), that have taken all the messages they take."""
    return await queries.used_up(conn, wanted) if wanted else set()


async def mailbox(conn: Conn, address: Address) -> Mailbox | None:
    """Who takes mail for this address, as it stands or without its tag."""
    return await queries.mailbox(conn, str(address), str(address.without_tag), address.domain)


async def mailbox_of(conn: Conn, account_id: UUID, alias_id: UUID) -> Mailbox | None:
    """The mailbox of an alias that is not deleted, for mail to other addresses."""
    return await queries.mailbox_of(conn, account_id, alias_id)


async def mailbox_to_make(conn: Conn, account_id: UUID, address: Address) -> Mailbox | None:
    """The mailbox of an alias that mail is to make; None when the account is gone."""
    return await queries.mailbox_to_make(conn, account_id, new_id(), str(address))


async def _claim(
    conn: Conn,
    account_id: UUID,
    keyring: Keyring,
    address: Address,
    written: AliasDetails,
    settings: AliasSettings,
) -> UUID | None:
    alias_id = new_id()
    if not await queries.insert_address(conn, str(address), account_id, alias_id):
        return None
    sealed = details.seal(keyring, account_id, alias_id, written)
    await queries.insert_alias(
        conn, account_id, alias_id, address=str(address), details=sealed, settings=settings, made_by="owner"
    )
    await events.tell(
        conn, account_id, "alias.created", {"reason": "owner"}, alias_ids=[alias_id], now=written.created_at
    )
    return alias_id


async def _domain(
    conn: Conn,
    account_id: UUID,
    new: NewAlias,
    preferred: Preferences,
    *,
    now: datetime,
    faults: Sequence[FieldError] = (),
) -> str:
    """The domain to use. Raises Invalid with every fault."""
    shared = await domains.shared(conn)
    offered = await domains.offered(conn, account_id)
    usual = preferred.domain if preferred.domain in offered else next(iter(offered), None)
    domain = addresses.normal_domain(new.domain) if new.domain else usual
    found = list(faults)
    if domain is None or domain not in offered:
        names = ", ".join(offered) or "none is set up yet"
        why = await domains.why_not(conn, account_id, domain) if domain else ""
        found.append(FieldError(field="domain", message=f"{why} Aliases can be made on: {names}.".strip()))
    found += checks.check_new(new, now=now, is_own_domain=domain in offered and domain not in shared)
    if new.category_id is not None:
        found += await _hold_category(conn, account_id, new.category_id)
    checks.assert_none(found, "The alias cannot be made like this.")
    return domain or ""


async def _hold_category(conn: Conn, account_id: UUID, category_id: UUID) -> Sequence[FieldError]:
    """Keep it from being deleted until the transaction ends; what is wrong where there is none such."""
    try:
        await categories.hold(conn, account_id, category_id)
    except Invalid as error:
        return error.fields
    return ()


async def _taken(conn: Conn, account_id: UUID, address: str) -> Conflict:
    """Whose it is, where it is one's own; of others' nothing is told but that it is taken."""
    text = "This address is taken. Addresses are never given out twice, so choose another."
    own = await queries.owned_address(conn, account_id, address)
    if own is not None:
        text = "This alias is yours already."
        if own[1]:
            text = "You have deleted this alias. Restore it: it is in the list of the deleted ones."
    return Conflict(text, code="address_taken", fields=[FieldError(field="local_part", message=text)])
