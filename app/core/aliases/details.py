"""What is stored of an alias and what its owner sees: sealed, opened, and changed. Pure."""

from datetime import date
from uuid import UUID

import msgspec

from app.core.aliases import sites
from app.core.aliases.address import ROLE_LOCAL_PARTS
from app.core.aliases.model import Alias, AliasDetails, AliasPatch, AliasRow, AliasSettings, NewAlias
from app.errors import CannotOpen
from app.lib.ids import made_at
from app.vault import seal as vault
from app.vault.keyring import Keyring

_PURPOSE = "alias.details"
_ROLE = "Mail every domain must take"
_SETTINGS = frozenset(AliasSettings.__struct_fields__)
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(AliasDetails).decode


def seal(keyring: Keyring, account_id: UUID, alias_id: UUID, details: AliasDetails) -> bytes:
    """As it is stored."""
    return vault.seal_field(
        keyring, account_id=account_id, purpose=_PURPOSE, row_id=alias_id, plaintext=_encode(details)
    )


def open_details(keyring: Keyring, account_id: UUID, alias_id: UUID, sealed: bytes) -> AliasDetails:
    """What the owner wrote; nothing, where the alias was made without them. Raises CannotOpen."""
    if not sealed:
        return AliasDetails("", made_at(alias_id))
    return _decode(vault.open_field(keyring, account_id=account_id, purpose=_PURPOSE, row_id=alias_id, sealed=sealed))


def open_row(keyring: Keyring, account_id: UUID, row: AliasRow) -> Alias:
    """The alias as its owner sees it, also where what he wrote about it is damaged."""
    try:
        details = open_details(keyring, account_id, row.alias_id, row.details)
        if not row.details and row.address.partition("@")[0] in ROLE_LOCAL_PARTS:
            details = AliasDetails(_ROLE, details.created_at)
        is_readable = True
    except CannotOpen:
        details, is_readable = AliasDetails("", made_at(row.alias_id)), False
    stored = {name: getattr(row, name) for name in row.__struct_fields__ if name != "details"}
    return Alias(
        **stored,
        description=details.description,
        created_at=details.created_at,
        site=details.site,
        note=details.note,
        is_readable=is_readable,
    )


def settings_of_new(new: NewAlias, *, today: date) -> AliasSettings:
    """The settings of an alias that is made today."""
    return AliasSettings(
        when_disabled=new.when_disabled,
        category_id=new.category_id,
        is_pinned=new.is_pinned,
        expires_at=new.expires_at,
        message_limit=new.message_limit,
        messages_left=new.message_limit,
        idle_days=new.idle_days,
        idle_from=today if new.idle_days else None,
        screening=new.screening,
    )


def settings_after(alias: Alias, patch: AliasPatch, *, received: int, today: date) -> AliasSettings:
    """The settings once the patch is applied to an alias that has taken `received` messages in all.

    Idleness is counted anew where its days change or the alias is switched on.
    """
    before = {name: getattr(alias, name) for name in _SETTINGS}
    changed = {name: value for name, value in msgspec.structs.asdict(patch).items() if value is not msgspec.UNSET}
    after = AliasSettings(**(before | {name: value for name, value in changed.items() if name in _SETTINGS}))
    if "message_limit" in changed:
        left = max(0, after.message_limit - received) if after.message_limit else None
        after = msgspec.structs.replace(after, messages_left=left)
    if "idle_days" in changed or (after.is_enabled and not alias.is_enabled):
        after = msgspec.structs.replace(after, idle_from=today if after.idle_days else None)
    return after


def writes(patch: AliasPatch) -> bool:
    """Whether the patch changes anything of what is sealed."""
    return not all(isinstance(text, msgspec.UnsetType) for text in (patch.description, patch.site, patch.note))


def details_after(alias: Alias, patch: AliasPatch) -> AliasDetails:
    """What the owner wrote, once a patch without faults is applied."""

    def text(new: str | msgspec.UnsetType, old: str) -> str:
        return new.strip() if isinstance(new, str) else old

    site = alias.site if isinstance(patch.site, msgspec.UnsetType) else sites.normal_site(patch.site)
    return AliasDetails(
        text(patch.description, alias.description), alias.created_at, site or "", text(patch.note, alias.note)
    )
