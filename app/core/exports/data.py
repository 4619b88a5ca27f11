"""The first part of an export: all that an account holds besides mail, as JSON and CSV, and what the files mean."""

import zipfile
from collections.abc import AsyncIterator, Mapping
from datetime import UTC
from io import BytesIO
from typing import Any
from uuid import UUID

import msgspec

from app.core.accounts import service as accounts
from app.core.aliases import service as aliases
from app.core.aliases.files.exporting import everything
from app.core.aliases.files.exporting import export as as_csv
from app.core.aliases.model import Alias
from app.core.aliases.preferences import service as preferences
from app.core.auth.keys import service as keys
from app.core.auth.keys.model import ApiKey
from app.core.auth.model import Actor
from app.core.categories import service as categories
from app.core.domains import owned
from app.core.domains.model import OwnDomain
from app.core.exports.model import Export
from app.core.exports.words import readme
from app.core.feeds import service as feeds
from app.core.platform import Platform
from app.core.rules import finding
from app.core.rules.model import Rule
from app.core.senders import service as senders
from app.core.webhooks import service as webhooks
from app.core.webhooks.model import Webhook
from app.lib.times import rfc3339

FORMAT = 1
"""Of the files, told in `account.json`; an import reads those that it knows."""
_AT_ONCE = 200
_encode = msgspec.json.Encoder().encode

Row = dict[str, Any]


async def data_archive(platform: Platform, actor: Actor, export: Export) -> bytes:
    """A ZIP archive, deflated, of the account as it is now. Webhooks are without their secrets, keys are names only.

    Raises Unavailable.
    """
    packed = BytesIO()
    stamp = export.created_at.astimezone(UTC).timetuple()[:6]
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        async for name, chunks in _files(platform, actor, export):
            info = zipfile.ZipInfo(name, stamp)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            with archive.open(info, "w") as file:
                async for chunk in chunks:
                    file.write(chunk)
    return packed.getvalue()


async def _files(platform: Platform, actor: Actor, export: Export) -> AsyncIterator[tuple[str, AsyncIterator[bytes]]]:
    db, account_id, keyring = platform.db, actor.account_id, actor.keyring
    yield "README.txt", _whole(readme(export).encode())
    yield "account.json", _json(await _account(platform, actor, export))
    async with db.connection() as conn:
        found = await categories.everything(conn, account_id, keyring)
    yield "categories.json", _json([{"name": one.name, "colour": one.colour} for one in found])
    names = {one.category_id: one.name for one in found}
    yield "aliases.csv", as_csv(db, account_id, keyring)

    async def alias_rows() -> AsyncIterator[list[Row]]:
        async for some in everything(db, account_id, keyring):
            yield [_alias(one, names.get(one.category_id) if one.category_id else None) for one in some]

    yield "aliases.json", _lists(alias_rows())
    yield "rules.json", _lists(_rules(platform, actor))
    async with db.connection() as conn:
        yield "senders.json", _json(await senders.expected(conn, actor))
    async with db.connection() as conn:
        own = await owned.listed(platform, conn, actor)
        catching = [one.catch_all.alias_id for one in own if one.catch_all.alias_id is not None]
        addresses = await aliases.addresses_of(conn, account_id, catching)
    yield "domains.json", _json([_domain(one, addresses) for one in own])
    async with db.connection() as conn:
        told = await webhooks.listed(platform, conn, actor)
    yield "webhooks.json", _json([_webhook(one) for one in told])
    async with db.connection() as conn:
        made = await keys.listed(conn, actor)
    yield "keys.json", _json([_key(one) for one in made])


async def _account(platform: Platform, actor: Actor, export: Export) -> Row:
    async with platform.db.connection() as conn:
        account = await accounts.get(conn, actor.account_id)
        preferred = await preferences.get(conn, actor.account_id)
        feed = await feeds.find(conn, actor.account_id)
    return {
        "format": FORMAT,
        "service": platform.public_url,
        "exported_at": rfc3339(export.created_at),
        "formats": export.formats,
        "parts": len(export.parts),
        "messages": export.message_count,
        "login": account.login,
        "kind": account.kind,
        "created_on": account.created_on,
        "storage_limit": account.storage_limit,
        "alias_limit": account.alias_limit,
        "domain_limit": account.domain_limit,
        "settings": {
            "alias_format": preferred.format,
            "alias_domain": preferred.domain,
            "feed": None if feed is None else {"shows_mail": feed.shows_mail},
        },
    }


def _alias(one: Alias, category: str | None) -> Row:
    return {
        "alias": one.address,
        "description": one.description,
        "site": one.site,
        "note": one.note,
        "category": category,
        "is_enabled": one.is_enabled,
        "when_disabled": one.when_disabled,
        "screening": one.screening,
        "is_pinned": one.is_pinned,
        "is_archived": one.is_archived,
        "expires_at": rfc3339(one.expires_at) if one.expires_at else None,
        "message_limit": one.message_limit,
        "messages_left": one.messages_left,
        "idle_days": one.idle_days,
        "created_at": rfc3339(one.created_at),
        "deleted_on": one.deleted_on,
        "message_count": one.message_count,
        "last_received_on": one.last_received_on,
        "is_readable": one.is_readable,
    }


async def _rules(platform: Platform, actor: Actor) -> AsyncIterator[list[Row]]:
    before = None
    while True:
        async with platform.db.connection() as conn:
            found = await finding.containing(conn, actor, "", before=before, limit=_AT_ONCE)
        yield [_rule(one) for one in found.rules]
        before = found.older
        if before is None:
            return


def _rule(one: Rule) -> Row:
    return {
        "verdict": one.verdict,
        "sender": one.text,
        "alias": one.alias_address,
        "note": one.note,
        "created_at": rfc3339(one.created_at),
        "hit_count": one.hit_count,
        "last_hit_on": one.last_hit_on,
    }


def _domain(one: OwnDomain, addresses: Mapping[UUID, str]) -> Row:
    catch_all = one.catch_all
    return {
        "domain": one.domain,
        "state": one.state,
        "added_on": one.added_on,
        "proven_on": one.proven_on,
        "catch_all": catch_all.mode,
        "catch_all_alias": addresses.get(catch_all.alias_id) if catch_all.alias_id else None,
        "catch_all_pattern": {"kind": catch_all.pattern.kind, "text": catch_all.pattern.text}
        if catch_all.pattern
        else None,
    }


def _webhook(one: Webhook) -> Row:
    return {
        "url": one.url,
        "description": one.description,
        "alias": one.alias_address,
        "event_types": one.event_types,
        "content": one.content,
        "is_enabled": one.is_enabled,
        "created_on": one.created_on,
    }


def _key(one: ApiKey) -> Row:
    return {
        "name": one.name,
        "scopes": one.scopes,
        "alias": one.alias_address,
        "domain": one.domain,
        "created_on": one.created_on,
        "expires_at": one.expires_at,
        "last_used_on": one.last_used_on,
    }


async def _whole(data: bytes) -> AsyncIterator[bytes]:
    yield data


def _json(value: object) -> AsyncIterator[bytes]:
    return _whole(msgspec.json.format(_encode(value), indent=2) + b"\n")


async def _lists(pages: AsyncIterator[list[Row]]) -> AsyncIterator[bytes]:
    """One list, an item a line, however many there are."""
    begin = b"[\n"
    async for page in pages:
        for row in page:
            yield begin + _encode(row)
            begin = b",\n"
    yield b"[]\n" if begin == b"[\n" else b"\n]\n"
