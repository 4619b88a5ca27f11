"""Making, finding and changing webhooks. The caller owns the transaction; deliveries are in `deliveries`.

A webhook tells as much as its owner's key may read: what it is told of needs the scope that reads it, and a bound key
has the webhooks of its aliases alone.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from app.core.accounts import service as accounts
from app.core.aliases import service as aliases
from app.core.auth.model import Actor
from app.core.auth.reach import service as reach
from app.core.auth.scopes import Scope
from app.core.events import queries as events
from app.core.events.model import DUE, EVENT_TYPES, EventType, NewEvent
from app.core.platform import Platform
from app.core.webhooks import queries
from app.core.webhooks.model import NewWebhook, Secret, Webhook, WebhookDetails, WebhookPatch, WebhookRow
from app.core.webhooks.sealing import open_details, seal_details
from app.core.webhooks.signing import OVERLAP, new_secret
from app.errors import CannotOpen, Conflict, FieldError, Invalid, LimitReached, NotFound
from app.lib.db import Conn
from app.lib.ids import new_id
from app.lib.outbound.urls import read_url
from app.lib.wakeups import notify

SELECTABLE: tuple[EventType, ...] = tuple(one for one in EVENT_TYPES if one != "webhook.test")
"""What a webhook can be told of; a test is told whatever it wants."""
MAX_DESCRIPTION_CHARS = 200
_EXPOSED = (
    "Your account is sealed: nobody but you opens what is stored. To be told in full, a message waits in a form that "
    "the server can open itself until your endpoint has taken it, three days at most. Accept that (in the API: "
    "accepts_exposure), or have less told."
)
_NEEDS: Mapping[str, Scope] = {
    "message.received": "messages:read",
    "message.held": "messages:read",
    "message.refused": "refusals:read",
    "alias": "aliases:read",
    "domain": "domains:read",
    "quota": "account:read",
}


DESCRIPTIONS: Mapping[EventType, str] = {
    "message.received": "A message has come.",
    "message.held": "A message waits, because its sender is not known to the alias.",
    "message.refused": "A message was refused, put off or dropped.",
    "alias.created": "An alias was made: by you, from a file, or by mail to a domain that catches all.",
    "alias.disabled": "An alias was switched off or deleted.",
    "alias.expired": "An alias has come to the end that was set for it.",
    "domain.verified": "A domain's proof was found: it takes mail.",
    "domain.failing": "A domain's proof is missing; after a week its mail is put off.",
    "quota.warning": "80 or 100 percent of the storage, or of the aliases, are used.",
}
"""What is told of, in a sentence each."""


async def create(platform: Platform, conn: Conn, actor: Actor, new: NewWebhook, *, now: datetime) -> Webhook:
    """Make a webhook, with a secret of its own. Raises Invalid with every fault, LimitReached (20), NotFound, KeyBound
    for an alias that the actor does not see, ScopeMissing.
    """
    checked = await _checked(platform, conn, actor, new)
    await accounts.hold(conn, actor.account_id)
    if len(await queries.webhooks(conn, actor.account_id)) >= queries.MAX_WEBHOOKS:
        text = f"An account has at most {queries.MAX_WEBHOOKS} webhooks. Delete one that you no longer use."
        raise LimitReached(text, code="webhook_limit")
    made = Webhook(
        webhook_id=new_id(),
        url=checked.url,
        description=checked.description,
        alias_id=checked.alias_id,
        alias_address=None,
        event_types=checked.event_types,
        content=checked.content,
        is_enabled=True,
        disabled_reason=None,
        failing_since=None,
        failure_count=0,
        next_attempt_at=None,
        pending_count=0,
        created_on=now.date(),
        secrets=(Secret(new_secret()),),
    )
    index_key = await accounts.index_key(conn, platform.instance, actor.account_id)
    await queries.insert_webhook(conn, actor.account_id, made, _sealed(index_key, actor.account_id, made))
    return await get(platform, conn, actor, made.webhook_id)


async def listed(platform: Platform, conn: Conn, actor: Actor) -> list[Webhook]:
    """All webhooks that the actor sees, oldest first; at most 20."""
    rows = [row for row in await queries.webhooks(conn, actor.account_id) if _is_seen(actor, row)]
    if not rows:
        return []
    index_key = await accounts.index_key(conn, platform.instance, actor.account_id)
    return [open_row(index_key, row) for row in rows]


async def get(platform: Platform, conn: Conn, actor: Actor, webhook_id: UUID) -> Webhook:
    """One webhook. Raises NotFound."""
    row = await queries.webhook(conn, actor.account_id, webhook_id)
    if row is None or not _is_seen(actor, row):
        raise NotFound("There is no such webhook.")
    return open_row(await accounts.index_key(conn, platform.instance, actor.account_id), row)


async def update(
    platform: Platform, conn: Conn, actor: Actor, webhook_id: UUID, patch: WebhookPatch, *, now: datetime
) -> Webhook:
    """Change what the patch sets. Switched off it is told nothing new, and what waits goes on waiting; switched on, or
    given another address, it begins with a clean sheet. Raises as `create`, and NotFound.
    """
    before = await held(platform, conn, actor, webhook_id)
    changes = {name: value for name, value in msgspec.structs.asdict(patch).items() if value is not msgspec.UNSET}
    accepts = changes.pop("accepts_exposure") or before.content == "full"
    after = msgspec.structs.replace(before, **changes)
    checked = await _checked(
        platform,
        conn,
        actor,
        NewWebhook(
            url=after.url,
            event_types=after.event_types,
            description=after.description,
            alias_id=after.alias_id,
            content=after.content,
            accepts_exposure=accepts,
        ),
    )
    after = msgspec.structs.replace(
        after, url=checked.url, description=checked.description, event_types=checked.event_types
    )
    await _store(platform, conn, actor, after)
    if (after.is_enabled and not before.is_enabled) or after.url != before.url:
        await queries.begin_anew(conn, actor.account_id, webhook_id, now=now)
        await notify(conn, "webhooks", [DUE])
    return await get(platform, conn, actor, webhook_id)


async def rotate(platform: Platform, conn: Conn, actor: Actor, webhook_id: UUID, *, now: datetime) -> Webhook:
    """Give it a new secret; the one in force until now signs as well for 24 hours. Raises NotFound, ScopeMissing."""
    before = await held(platform, conn, actor, webhook_id)
    secrets = (Secret(new_secret()), Secret(before.secrets[0].secret, now + OVERLAP))
    await _store(platform, conn, actor, msgspec.structs.replace(before, secrets=secrets))
    return await get(platform, conn, actor, webhook_id)


async def tell_less(conn: Conn, actor: Actor) -> int:
    """From now on none of the account's webhooks is told of messages in full; how many were."""
    return await queries.set_all_thin(conn, actor.account_id)


async def delete(conn: Conn, actor: Actor, webhook_id: UUID) -> None:
    """Delete a webhook, with all that was to be, or has been, delivered to it. Raises NotFound."""
    row = await queries.webhook(conn, actor.account_id, webhook_id)
    if row is None or not _is_seen(actor, row):
        raise NotFound("There is no such webhook.")
    await queries.delete_webhook(conn, actor.account_id, webhook_id)


async def test(platform: Platform, conn: Conn, actor: Actor, webhook_id: UUID, *, now: datetime) -> UUID:
    """Tell it a test, as soon as its turn comes; the event's id. Raises NotFound, Conflict where it is switched off."""
    webhook = await held(platform, conn, actor, webhook_id)
    assert_enabled(webhook)
    event_id = new_id()
    facts: dict[str, str | int] = {"webhook_id": str(webhook_id), "text": "This is a test. The webhook works."}
    test_event = NewEvent(
        account_id=actor.account_id, event_id=event_id, type="webhook.test", occurred_at=now, facts=facts
    )
    await events.insert_events(conn, [test_event])
    await queries.insert_delivery(conn, actor.account_id, webhook_id, event_id, now=now)
    await queries.end_pause(conn, actor.account_id, webhook_id, now=now)
    await notify(conn, "webhooks", [DUE])
    return event_id


def assert_enabled(webhook: Webhook) -> None:
    """Raise Conflict for a webhook that is told nothing."""
    if not webhook.is_enabled:
        raise Conflict("This webhook is switched off. Switch it on first.", code="webhook_disabled")


def open_row(index_key: bytes, row: WebhookRow) -> Webhook:
    """The webhook, opened; also where its details are damaged."""
    try:
        details, is_readable = open_details(index_key, row.account_id, row.webhook_id, row.details), True
    except CannotOpen:
        details, is_readable = WebhookDetails("", "", ()), False
    return Webhook(
        webhook_id=row.webhook_id,
        url=details.url,
        description=details.description,
        alias_id=row.alias_id,
        alias_address=row.alias_address,
        event_types=tuple(row.event_types),
        content=row.content,
        is_enabled=row.is_enabled,
        disabled_reason=row.disabled_reason,
        failing_since=row.failing_since,
        failure_count=row.failure_count,
        next_attempt_at=row.next_attempt_at,
        pending_count=row.pending_count,
        created_on=row.created_on,
        secrets=details.secrets,
        is_readable=is_readable,
    )


async def held(platform: Platform, conn: Conn, actor: Actor, webhook_id: UUID) -> Webhook:
    """The webhook, which nobody else changes until the transaction ends, and which the actor may change.

    Raises NotFound, ScopeMissing, CannotOpen.
    """
    await queries.lock_webhook(conn, actor.account_id, webhook_id)
    found = await get(platform, conn, actor, webhook_id)
    if not found.is_readable:
        raise CannotOpen("What was stored of this webhook is damaged. Delete it and make a new one.")
    _assert_may(actor, found.event_types)
    return found


async def _store(platform: Platform, conn: Conn, actor: Actor, webhook: Webhook) -> None:
    index_key = await accounts.index_key(conn, platform.instance, actor.account_id)
    await queries.set_webhook(conn, actor.account_id, webhook, _sealed(index_key, actor.account_id, webhook))


async def _checked(platform: Platform, conn: Conn, actor: Actor, new: NewWebhook) -> NewWebhook:
    """The same in normal form. Raises Invalid with every fault, NotFound, KeyBound, ScopeMissing."""
    faults: list[FieldError] = []
    url = new.url
    try:
        url = read_url(new.url, networks=platform.outbound.networks)
    except Invalid as error:
        faults += error.fields
    description = " ".join(new.description.split())
    if len(description) > MAX_DESCRIPTION_CHARS or not description.isprintable():
        text = f"Describe it in at most {MAX_DESCRIPTION_CHARS} characters."
        faults.append(FieldError(field="description", message=text))
    types = tuple(one for one in SELECTABLE if one in new.event_types)
    if not types or len(types) != len(set(new.event_types)):
        text = f"Choose at least one of: {', '.join(SELECTABLE)}."
        faults.append(FieldError(field="event_types", message=text))
    if new.alias_id is not None and new.alias_id not in await aliases.addresses_of(
        conn, actor.account_id, [new.alias_id]
    ):
        faults.append(FieldError(field="alias_id", message="There is no such alias; choose one of yours, or none."))
    if new.content == "full" and actor.kind == "sealed" and not new.accepts_exposure:
        faults.append(FieldError(field="content", message=_EXPOSED))
    if faults:
        raise Invalid("The webhook cannot be like this.", fields=faults)
    await reach.assert_place(conn, actor, new.alias_id)
    _assert_may(actor, types)
    return msgspec.structs.replace(new, url=url, description=description, event_types=types)


def _assert_may(actor: Actor, types: Sequence[EventType]) -> None:
    """Raises ScopeMissing where a key may not read what is told."""
    if actor.key_id is not None:
        for one in types:
            actor.assert_may(scope_of(one))


def scope_of(event_type: EventType) -> Scope:
    """What reads the same, and so is needed to be told of it."""
    return _NEEDS.get(event_type) or _NEEDS[event_type.partition(".")[0]]


def _is_seen(actor: Actor, row: WebhookRow) -> bool:
    if actor.reach.is_whole:
        return True
    return row.alias_id is not None and actor.reach.holds(row.alias_id, row.alias_address or "")


def _sealed(index_key: bytes, account_id: UUID, webhook: Webhook) -> bytes:
    details = WebhookDetails(webhook.url, webhook.description, webhook.secrets)
    return seal_details(index_key, account_id, webhook.webhook_id, details)
