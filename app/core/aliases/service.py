"""Making, listing and switching aliases. The caller owns the transaction."""

import re
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from app.core.aliases import address as addresses
from app.core.aliases import generate, queries
from app.core.aliases.address import Address
from app.core.aliases.model import Alias, AliasDetails, AliasPatch, AliasRow, Mailbox, NewAlias
from app.core.domains import service as domains
from app.errors import Conflict, FieldError, Invalid, NotFound
from app.lib.db import Conn
from app.lib.ids import new_id
from app.vault import seal
from app.vault.keyring import Keyring

MAX_DESCRIPTION_CHARS = 500
_PURPOSE = "alias.details"
_TRIES = 8
_LOCAL_PART = re.compile(r"[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?\Z")
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(AliasDetails).decode


async def create(conn: Conn, account_id: UUID, keyring: Keyring, new: NewAlias, *, now: datetime) -> Alias:
    """Make an alias by hand, or at random where `local_part` is None, on a shared domain (the first by default).

    Raises Invalid with a fault a field, Conflict when the address is or ever was somebody's.
    """
    shared = await domains.shared(conn)
    domain = _check(new, shared)
    for _ in range(_TRIES if new.local_part is None else 1):
        address = Address((new.local_part or generate.words()).strip().lower(), domain)
        alias_id = await claim(conn, account_id, keyring, address, new.description.strip(), now=now)
        if alias_id is not None:
            return await get(conn, account_id, keyring, alias_id)
    text = "This address is taken. Addresses are never given out twice, so choose another."
    raise Conflict(text, code="address_taken", fields=[FieldError(field="local_part", message=text)])


async def claim(
    conn: Conn, account_id: UUID, keyring: Keyring, address: Address, description: str, *, now: datetime
) -> UUID | None:
    """Take an address for the account, whoever may choose it; None when it is or ever was somebody's."""
    alias_id = new_id()
    if not await queries.insert_address(conn, str(address), account_id, alias_id):
        return None
    sealed = _seal(keyring, account_id, alias_id, AliasDetails(description, now))
    await queries.insert_alias(conn, account_id, alias_id, address=str(address), details=sealed)
    return alias_id


async def get(conn: Conn, account_id: UUID, keyring: Keyring, alias_id: UUID) -> Alias:
    """One alias of the account. Raises NotFound."""
    row = await queries.alias(conn, account_id, alias_id)
    if row is None:
        raise NotFound("There is no such alias.")
    return _open(keyring, account_id, row)


async def find(conn: Conn, account_id: UUID, text: str) -> UUID | None:
    """The id of the account's alias with this address; None when it has none such."""
    address = addresses.parse(text)
    return await queries.alias_id_of(conn, account_id, str(address)) if address else None


async def page(conn: Conn, account_id: UUID, keyring: Keyring, *, before: UUID | None, limit: int) -> list[Alias]:
    """The account's aliases, newest first, those made before `before`; at most 200."""
    rows = await queries.aliases(conn, account_id, before=before, limit=limit)
    return [_open(keyring, account_id, row) for row in rows]


async def update(conn: Conn, account_id: UUID, keyring: Keyring, alias_id: UUID, patch: AliasPatch) -> Alias:
    """Change what the patch sets. Raises NotFound, Invalid."""
    alias = await get(conn, account_id, keyring, alias_id)
    if not isinstance(patch.is_enabled, msgspec.UnsetType):
        await queries.set_enabled(conn, account_id, alias_id, is_enabled=patch.is_enabled)
    if not isinstance(patch.description, msgspec.UnsetType):
        _check_description(patch.description)
        details = AliasDetails(patch.description.strip(), alias.created_at)
        await queries.set_details(conn, account_id, alias_id, _seal(keyring, account_id, alias_id, details))
    return await get(conn, account_id, keyring, alias_id)


async def addresses_of(conn: Conn, account_id: UUID, alias_ids: Sequence[UUID]) -> dict[UUID, str]:
    """The addresses of these aliases, for lists of messages."""
    return await queries.addresses_of(conn, account_id, alias_ids)


async def mailbox(conn: Conn, address: Address) -> Mailbox | None:
    """Who takes mail for this address, as it stands or without its tag."""
    candidates = dict.fromkeys([str(address), str(address.without_tag)])
    return await queries.mailbox(conn, list(candidates))


def _check(new: NewAlias, shared: Sequence[str]) -> str:
    """The domain to use. Raises Invalid with every fault."""
    faults = []
    domain = addresses.normal_domain(new.domain) if new.domain else next(iter(shared), None)
    if domain not in shared:
        offered = ", ".join(shared) or "none is set up yet"
        faults.append(FieldError(field="domain", message=f"Aliases can be made on: {offered}."))
    if new.local_part is not None:
        local_part = new.local_part.strip().lower()
        # The Kelvin sign becomes a plain k in lower case; no letter that was not typed may appear.
        if not new.local_part.isascii() or not _LOCAL_PART.match(local_part):
            text = "Use 1 to 64 of a to z, digits, dots, dashes and underscores; begin and end with a letter or digit."
            faults.append(FieldError(field="local_part", message=text))
        elif ".." in local_part:
            faults.append(FieldError(field="local_part", message="Two dots may not stand side by side."))
        elif local_part in addresses.RESERVED_LOCAL_PARTS:
            faults.append(FieldError(field="local_part", message="This name is kept for the service itself."))
    if len(new.description) > MAX_DESCRIPTION_CHARS:
        faults.append(FieldError(field="description", message=f"Use at most {MAX_DESCRIPTION_CHARS} characters."))
    if faults or domain is None:
        raise Invalid("The alias cannot be made like this.", fields=faults)
    return domain


def _check_description(text: str) -> None:
    if len(text) > MAX_DESCRIPTION_CHARS:
        raise Invalid.field("description", f"Use at most {MAX_DESCRIPTION_CHARS} characters.")


def _seal(keyring: Keyring, account_id: UUID, alias_id: UUID, details: AliasDetails) -> bytes:
    return seal.seal_field(
        keyring, account_id=account_id, purpose=_PURPOSE, row_id=alias_id, plaintext=_encode(details)
    )


def _open(keyring: Keyring, account_id: UUID, row: AliasRow) -> Alias:
    opened = seal.open_field(keyring, account_id=account_id, purpose=_PURPOSE, row_id=row.alias_id, sealed=row.details)
    details = _decode(opened)
    return Alias(
        alias_id=row.alias_id,
        address=row.address,
        is_enabled=row.is_enabled,
        when_disabled=row.when_disabled,
        description=details.description,
        created_at=details.created_at,
        message_count=row.message_count,
        last_received_on=row.last_received_on,
    )
