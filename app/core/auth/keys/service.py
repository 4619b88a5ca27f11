"""API keys: made, listed, named, revoked. Who is calling with one is found in `app.core.auth.service`.

The caller owns the transaction.
"""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from app.core.accounts import service as accounts
from app.core.accounts.holders import service as holders
from app.core.aliases import service as aliases
from app.core.aliases.address import normal_domain
from app.core.auth.keys import queries, strength
from app.core.auth.keys.model import ApiKey, KeyRow, MadeKey, NewKey
from app.core.auth.keys.strength import Strength
from app.core.auth.model import Actor
from app.core.auth.scopes import SCOPES
from app.core.domains import service as domains
from app.core.security import events
from app.errors import CannotOpen, FieldError, Forbidden, Invalid, LimitReached, NotFound
from app.lib.db import Conn
from app.lib.ids import new_id
from app.lib.times import utc_now
from app.vault import seal, tokens
from app.vault.keyring import Keyring

MAX_KEYS = 100
"""Of an account."""
MAX_NAME_CHARS = 100
_PURPOSE = "api_key.name"


async def make(conn: Conn, actor: Actor, new: NewKey, *, now: datetime) -> MadeKey:
    """A key, shown once. One made with a key is never stronger than that, and ends with it.

    Raises Invalid with every fault, Forbidden for more than the actor may itself, LimitReached for too many keys.
    """
    account_id = actor.account_id
    faults = _check(new, now=now)
    domain, address = await _place(conn, account_id, new, faults)
    if faults:
        raise Invalid("The key cannot be made like this.", fields=faults)
    asked = Strength(
        scopes=new.scopes,
        alias_id=new.alias_id,
        domain=_domain_of(address) if address else domain,
        expires_at=new.expires_at,
    )
    given = strength.given_on(asked, await _strength(conn, actor))
    await accounts.hold(conn, account_id)
    if await queries.count(conn, account_id) >= MAX_KEYS:
        raise LimitReached(f"There are {MAX_KEYS} keys already; revoke one first.", code="too_many_keys")
    key_id, key = new_id(), tokens.new_api_key()
    await queries.insert_key(
        conn,
        account_id,
        key_id,
        key_hash=tokens.hash_secret(key),
        name=_sealed_name(actor.keyring, account_id, key_id, new.name),
        scopes=[scope for scope in SCOPES if scope in given.scopes],
        alias_id=given.alias_id,
        domain=None if given.alias_id else given.domain,
        created_on=now.date(),
        expires_at=given.expires_at,
        made_with=actor.key_id,
    )
    await holders.lend(conn, account_id, actor.keyring, kind="api_key", secret=key, holder_id=key_id)
    await events.note(conn, account_id, "key_made", now=now, about=new.name)
    return MadeKey(key=key, shown=await get(conn, actor, key_id))


async def listed(conn: Conn, actor: Actor) -> list[ApiKey]:
    """The account's keys, newest first, 100 at most. A bound key sees those that see no more than itself."""
    rows = await queries.keys(conn, actor.account_id, limit=MAX_KEYS)
    if not actor.is_bound:
        return [_opened(actor, row) for row in rows]
    own = await _strength(conn, actor)
    return [_opened(actor, row) for row in rows if strength.reaches_within(_strength_of(row), own)]


async def get(conn: Conn, actor: Actor, key_id: UUID) -> ApiKey:
    """One key of the account. Raises NotFound."""
    return _opened(actor, await _row(conn, actor, key_id))


async def rename(conn: Conn, actor: Actor, key_id: UUID, name: str) -> ApiKey:
    """Call a key something else. Raises NotFound, Invalid; Forbidden where it is stronger than the one that asks."""
    faults = _check_name(name)
    if faults:
        raise Invalid("The key cannot be called that.", fields=faults)
    await _assert_weaker(conn, actor, await _row(conn, actor, key_id))
    await queries.set_name(conn, actor.account_id, key_id, _sealed_name(actor.keyring, actor.account_id, key_id, name))
    return await get(conn, actor, key_id)


async def revoke(conn: Conn, actor: Actor, key_id: UUID) -> int:
    """The key is worth nothing from now on, and neither is any that was made with it; how many those are in all.

    Raises NotFound; Forbidden where it is stronger than the one that asks.
    """
    row = await _row(conn, actor, key_id)
    await _assert_weaker(conn, actor, row)
    await events.note(conn, actor.account_id, "key_revoked", now=utc_now(), about=_opened(actor, row).name)
    return await queries.delete_key(conn, actor.account_id, key_id)


def made_with(found: Sequence[ApiKey], key_id: UUID) -> list[ApiKey]:
    """Those of the keys that go when this one is revoked: made with it, or with one that was. Pure."""
    gone = {key_id}
    for one in sorted(found, key=lambda one: one.key_id):  # a key is younger than what made it
        if one.made_with in gone:
            gone.add(one.key_id)
    return [one for one in found if one.key_id in gone and one.key_id != key_id]


async def note_use(conn: Conn, account_id: UUID, key_id: UUID, day: date) -> None:
    """Remember the day on which a key was last used."""
    await queries.set_last_used(conn, account_id, key_id, day)


def _check(new: NewKey, *, now: datetime) -> list[FieldError]:
    faults = _check_name(new.name)
    if not new.scopes:
        faults.append(FieldError(field="scopes", message="Choose at least one thing that the key may do."))
    if new.expires_at is not None and new.expires_at <= now:
        faults.append(FieldError(field="expires_at", message="This is past; choose a later time."))
    if new.alias_id is not None and new.domain is not None:
        faults.append(FieldError(field="domain", message="A key is bound to an alias or to a domain, not to both."))
    return faults


def _check_name(name: str) -> list[FieldError]:
    if len(name) <= MAX_NAME_CHARS:
        return []
    return [FieldError(field="name", message=f"Choose at most {MAX_NAME_CHARS} characters.")]


async def _place(conn: Conn, account_id: UUID, new: NewKey, faults: list[FieldError]) -> tuple[str | None, str | None]:
    """(the domain in normal form, the alias's address), each where one is asked for; adds to the faults."""
    domain = address = None
    if new.alias_id is not None:
        address = (await aliases.addresses_of(conn, account_id, [new.alias_id])).get(new.alias_id)
        if address is None:
            faults.append(FieldError(field="alias_id", message="There is no such alias."))
    elif new.domain is not None:
        domain, offered = normal_domain(new.domain), await domains.offered(conn, account_id)
        if domain not in offered:
            names = ", ".join(offered) or "none is set up yet"
            faults.append(FieldError(field="domain", message=f"A key can be bound to one of: {names}."))
    return domain, address


async def _assert_weaker(conn: Conn, actor: Actor, row: KeyRow) -> None:
    if row.key_id != actor.key_id and not strength.is_within(_strength_of(row), await _strength(conn, actor)):
        raise Forbidden("That key may do more than this one, which so cannot change it.", code="key_too_strong")


async def _row(conn: Conn, actor: Actor, key_id: UUID) -> KeyRow:
    row = await queries.key(conn, actor.account_id, key_id)
    is_seen = row is not None and (
        not actor.is_bound or strength.reaches_within(_strength_of(row), await _strength(conn, actor))
    )
    if row is None or not is_seen:
        raise NotFound("There is no such key.")
    return row


async def _strength(conn: Conn, actor: Actor) -> Strength:
    if actor.key_id is None:
        return strength.EVERYTHING
    row = await queries.key(conn, actor.account_id, actor.key_id)
    if row is None:
        raise NotFound("This key was revoked.")
    return _strength_of(row)


def _strength_of(row: KeyRow) -> Strength:
    return Strength(
        scopes=frozenset(scope for scope in SCOPES if scope in row.scopes),
        alias_id=row.alias_id,
        domain=_domain_of(row.alias_address) if row.alias_address else row.domain,
        expires_at=row.expires_at,
    )


def _domain_of(address: str) -> str:
    return address.rpartition("@")[2]


def _sealed_name(keyring: Keyring, account_id: UUID, key_id: UUID, name: str) -> bytes:
    plaintext = name.strip().encode("utf-8", "replace")  # a command line may hold bytes that are no UTF-8
    return seal.seal_field(keyring, account_id=account_id, purpose=_PURPOSE, row_id=key_id, plaintext=plaintext)


def _opened(actor: Actor, row: KeyRow) -> ApiKey:
    name, is_readable = "", True
    try:
        name = seal.open_field(
            actor.keyring, account_id=actor.account_id, purpose=_PURPOSE, row_id=row.key_id, sealed=row.name
        ).decode()
    except CannotOpen:
        is_readable = False
    return ApiKey(
        key_id=row.key_id,
        name=name,
        scopes=tuple(scope for scope in SCOPES if scope in row.scopes),
        alias_id=row.alias_id,
        alias_address=row.alias_address,
        domain=row.domain,
        created_on=row.created_on,
        expires_at=row.expires_at,
        last_used_on=row.last_used_on,
        made_with=row.made_with,
        is_readable=is_readable,
    )
