"""The domains of one account: added, shown, deleted, and where mail for their unknown addresses goes.

The caller owns the transaction. What DNS says is asked in `checking`.
"""

import secrets
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from app.core.accounts import service as accounts
from app.core.auth.model import Actor
from app.core.domains import names, patterns, queries, records, schedule
from app.core.domains.model import CatchAll, DomainPatch, DomainRow, Finding, OwnDomain, Pattern
from app.core.events import service as events
from app.core.platform import Platform
from app.errors import Conflict, FieldError, Forbidden, Invalid, LimitReached, NotFound
from app.lib.db import Conn
from app.vault.instructions import open_instruction, seal_instruction

MAX_DOMAINS = 100
"""Of an account, whatever its plan: so many fit one page and one round of checks."""
_PURPOSE = "catch-all"
_TOKEN_BYTES = 16
_encode = msgspec.msgpack.Encoder().encode
_decode_pattern = msgspec.msgpack.Decoder(Pattern).decode
_decode_findings = msgspec.msgpack.Decoder(tuple[Finding, ...]).decode


async def add(platform: Platform, conn: Conn, actor: Actor, text: str, *, now: datetime) -> OwnDomain:
    """Add a domain, which waits for its proof. Raises Invalid, Conflict, LimitReached.

    A domain below one that somebody else has proven may be added: its proof, too, needs a record at its very name.
    """
    domain = names.own_name(text)
    await _assert_free(platform, conn, actor, domain)
    await accounts.hold(conn, actor.account_id)
    most = min(MAX_DOMAINS, (await accounts.get(conn, actor.account_id)).domain_limit)
    if len(await queries.own_domains(conn, actor.account_id)) >= most:
        told = f"Your account may have {most} domain{'' if most == 1 else 's'} of its own."
        told = f"{told} Delete one that you no longer use, or ask whoever runs this service for more."
        raise LimitReached(told, code="domain_limit")
    is_new = await queries.insert_own_domain(
        conn,
        actor.account_id,
        domain,
        proof_token=secrets.token_hex(_TOKEN_BYTES),
        added_on=now.date(),
        next_check_at=now,
    )
    if not is_new:
        raise _taken("You have this domain already.")
    return await get(platform, conn, actor, domain)


async def get(platform: Platform, conn: Conn, actor: Actor, domain: str) -> OwnDomain:
    """One domain of the account, by its name in A-labels. Raises NotFound."""
    row = await _row(conn, actor, domain)
    return shown(platform, row, await accounts.index_key(conn, platform.instance, actor.account_id))


async def listed(platform: Platform, conn: Conn, actor: Actor) -> list[OwnDomain]:
    """All domains of the account, by name; at most 100."""
    rows = await queries.own_domains(conn, actor.account_id)
    if not rows:
        return []
    index_key = await accounts.index_key(conn, platform.instance, actor.account_id)
    return [shown(platform, row, index_key) for row in rows]


async def delete(conn: Conn, actor: Actor, domain: str, *, now: datetime) -> int:
    """Take no more mail for the domain and switch its aliases off; how many were on. Raises NotFound.

    The aliases and their mail stay. Their addresses stay the account's until somebody else proves the domain: from
    then on they reach nobody, unless the new owner makes them anew.
    """
    await _row(conn, actor, domain)
    return await _delete(conn, actor.account_id, domain, now=now)


async def release(conn: Conn, domain: str, *, now: datetime) -> int:
    """Take a domain from the account that has proven it: whoever proves it next has it. Raises NotFound.

    As when its owner deletes it; how many aliases were on. For the operator, when a domain has changed hands.
    """
    account_id = await queries.owner(conn, domain)
    if account_id is None:
        raise NotFound("No account has proven this domain.")
    return await _delete(conn, account_id, domain, now=now)


async def alias_count(conn: Conn, actor: Actor, domain: str) -> int:
    """How many aliases the account has on the domain, those that are deleted aside."""
    return await queries.count_aliases(conn, actor.account_id, domain)


async def update(platform: Platform, conn: Conn, actor: Actor, domain: str, patch: DomainPatch) -> OwnDomain:
    """Change what the patch sets. Raises as `set_catch_all`."""
    before = (await get(platform, conn, actor, domain)).catch_all
    changes = {name: value for name, value in msgspec.structs.asdict(patch).items() if value is not msgspec.UNSET}
    return await set_catch_all(platform, conn, actor, domain, msgspec.structs.replace(before, **changes))


async def set_catch_all(platform: Platform, conn: Conn, actor: Actor, domain: str, catch_all: CatchAll) -> OwnDomain:
    """Say where mail for unknown addresses goes. Raises NotFound, Invalid (fields `alias_id`, `pattern`)."""
    await _row(conn, actor, domain)
    faults: list[FieldError] = []
    alias_id = catch_all.alias_id if catch_all.mode == "alias" else None
    if catch_all.mode == "alias" and (alias_id is None or not await queries.is_alias(conn, actor.account_id, alias_id)):
        text = "Choose one of your aliases: mail for unknown addresses will go there."
        faults.append(FieldError(field="alias_id", message=text))
    pattern = None
    try:
        pattern = patterns.checked(catch_all.pattern) if catch_all.pattern and catch_all.mode != "off" else None
    except Invalid as error:
        faults += error.fields
    if faults:
        raise Invalid("Mail for unknown addresses cannot go there like this.", fields=faults)
    index_key = await accounts.index_key(conn, platform.instance, actor.account_id)
    sealed = _sealed(index_key, actor.account_id, domain, pattern) if pattern else None
    await queries.set_catch_all(conn, actor.account_id, domain, mode=catch_all.mode, alias_id=alias_id, pattern=sealed)
    return await get(platform, conn, actor, domain)


def shown(platform: Platform, row: DomainRow, index_key: bytes) -> OwnDomain:
    """A stored domain as its owner sees it. Raises CannotOpen."""
    findings = _decode_findings(row.findings) if row.findings else ()
    as_read = names.as_read(row.domain)
    is_pausing = row.failing_since is not None and not row.is_paused
    return OwnDomain(
        domain=row.domain,
        unicode=as_read,
        is_mixed_script=names.is_mixed_script(as_read),
        state=schedule.state(row),
        added_on=row.added_on,
        proven_on=row.proven_on,
        checked_at=row.checked_at if findings else None,
        next_check_at=row.next_check_at,
        failing_since=row.failing_since,
        pauses_at=row.failing_since + schedule.PAUSE_AFTER if row.failing_since and is_pausing else None,
        is_taken=row.is_taken,
        records=records.records(row.domain, proof_token=row.proof_token, hostname=platform.hostname, findings=findings),
        catch_all=CatchAll(
            mode=row.catch_all,
            alias_id=row.catch_all_alias_id,
            pattern=opened_pattern(index_key, row.account_id, row.domain, row.catch_all_pattern),
        ),
    )


def opened_pattern(index_key: bytes, account_id: UUID, domain: str, sealed: bytes | None) -> Pattern | None:
    """Which local parts the catch-all takes; None: all. Raises CannotOpen."""
    if sealed is None:
        return None
    return _decode_pattern(
        open_instruction(index_key, account_id=account_id, purpose=_PURPOSE, row=domain, sealed=sealed)
    )


def assert_admin(actor: Actor) -> None:
    """Raise Forbidden for everybody but administrators: shared domains are theirs."""
    if not actor.is_admin:
        raise Forbidden("Only administrators can change the shared domains.", code="not_admin")


async def _delete(conn: Conn, account_id: UUID, domain: str, *, now: datetime) -> int:
    await queries.delete_own_domain(conn, account_id, domain)
    await queries.delete_domain(conn, domain, account_id)
    switched_off = await queries.switch_off_aliases(conn, account_id, domain)
    await events.tell(conn, account_id, "alias.disabled", {"reason": "domain_deleted"}, alias_ids=switched_off, now=now)
    return len(switched_off)


def _sealed(index_key: bytes, account_id: UUID, domain: str, pattern: Pattern) -> bytes:
    return seal_instruction(index_key, account_id=account_id, purpose=_PURPOSE, row=domain, plaintext=_encode(pattern))


async def _row(conn: Conn, actor: Actor, domain: str) -> DomainRow:
    row = await queries.own_domain(conn, actor.account_id, domain)
    if row is None:
        raise NotFound("You have no such domain.")
    return row


async def _assert_free(platform: Platform, conn: Conn, actor: Actor, domain: str) -> None:
    ours = {platform.hostname, urlsplit(platform.public_url).hostname}
    if domain in ours or await queries.shared_among(conn, names.with_parents(domain)) is not None:
        raise _taken("This domain belongs to this service. Aliases can be made on the shared domains right away.")
    owner = await queries.owner(conn, domain)
    if owner is not None and owner != actor.account_id:
        raise _taken("Somebody else has proven that this domain is theirs. Ask the operator if it is yours now.")


def _taken(text: str) -> Conflict:
    return Conflict(text, code="domain_taken", fields=[FieldError(field="domain", message=text)])
