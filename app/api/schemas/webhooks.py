"""Webhooks and their deliveries over the wire, and what clients send to make and change them. No lookups, no I/O."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from app.core.aliases.resources import AliasRef
from app.core.events.model import Content, EventType
from app.core.webhooks.deliveries import Replayed
from app.core.webhooks.model import (
    Attempt,
    Delivery,
    DeliveryState,
    DisabledReason,
    NewWebhook,
    Replayable,
    Webhook,
    WebhookPatch,
)
from app.lib.ids import made_at
from app.lib.times import Moment, rfc3339


class WebhookResource(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint of yours that is told what happens. Its secret is not here: it was shown once.

    `alias` null: it is told of all aliases, and of the account itself. `content`: of a message ids and metadata
    (`thin`), or its text, HTML, header fields and links to its attachments, too (`full`). `failure_count` counts the
    attempts that have failed since one went well, which was before `failing_since`. `pending_count` is what waits,
    counted up to 1,000. Until `old_secret_until` the secret before this one signs as well.
    One that is not `is_readable` is damaged, and can only be deleted.
    """

    id: UUID
    url: str
    description: str
    alias: AliasRef | None
    event_types: list[EventType]
    content: Content
    is_enabled: bool
    disabled_reason: DisabledReason | None
    failing_since: Moment | None
    failure_count: int
    next_attempt_at: Moment | None
    pending_count: int
    old_secret_until: Moment | None
    created_on: date
    is_readable: bool


class MadeWebhookResource(WebhookResource, frozen=True, kw_only=True):
    """A webhook with its secret, which is told this once: `whsec_` and base64, as libraries for Standard Webhooks take
    it.
    """

    secret: str


class NewWebhookBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What POST /webhooks takes. `accepts_exposure`: a sealed account's webhook is told `full` only with this, because
    each message then waits in a form that the server can open until it is delivered.
    """

    url: str
    event_types: list[EventType]
    description: str = ""
    alias_id: UUID | None = None
    content: Content = "thin"
    accepts_exposure: bool = False


class WebhookPatchBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A merge patch (RFC 7396): what is absent stays; null takes the alias away; `accepts_exposure` as above."""

    url: str | msgspec.UnsetType = msgspec.UNSET
    event_types: list[EventType] | msgspec.UnsetType = msgspec.UNSET
    description: str | msgspec.UnsetType = msgspec.UNSET
    alias_id: UUID | msgspec.UnsetType | None = msgspec.UNSET
    content: Content | msgspec.UnsetType = msgspec.UNSET
    is_enabled: bool | msgspec.UnsetType = msgspec.UNSET
    accepts_exposure: bool = False


class DeliveryResource(msgspec.Struct, frozen=True, kw_only=True):
    """What became of telling a webhook of one event. `next_attempt_at` while it is `pending`, `ended_at` afterwards."""

    event_id: UUID
    type: EventType
    occurred_at: Moment
    state: DeliveryState
    attempt_count: int
    next_attempt_at: Moment | None
    ended_at: Moment | None


class AttemptResource(msgspec.Struct, frozen=True, kw_only=True):
    """One request. `status` is HTTP's, null where there was no answer; then `error` says why, as a code.

    `answer` is the beginning of what was answered, at most 512 bytes, as text.
    """

    id: UUID
    made_at: Moment
    status: int | None
    error: str | None
    milliseconds: int
    answer: str | None


class WholeDelivery(DeliveryResource, frozen=True, kw_only=True):
    """A delivery with its newest 50 attempts, oldest first."""

    attempts: list[AttemptResource]


class ReplayBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which events are told again: what happened from `from` to `to` (excluded), as far as a delivery of it is in one
    of the `states`; of these `types`, or of all.
    """

    first: datetime = msgspec.field(name="from")
    last: datetime = msgspec.field(name="to")
    types: list[EventType] | None = None
    states: list[Replayable] = msgspec.field(default_factory=lambda: ["failed"])
    """`["failed"]` unless given. `missed` is what it was not to be told of then, because it was switched off, not there
    yet, or did not want it; of refusals that is not known.
    """


class ReplayedResource(msgspec.Struct, frozen=True, kw_only=True):
    """How many events are told again; `gone` are those whose message or refusal is deleted.

    `next_from` is where the next request has to begin, null when this was all.
    """

    replayed: int
    gone: int
    next_from: Moment | None


class EventTypeResource(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of event; who is told of it needs the `scope` that reads the same."""

    type: EventType
    description: str
    scope: str


def webhook_resource(webhook: Webhook) -> WebhookResource:
    """The webhook as its owner's programs see it."""
    return WebhookResource(**_fields(webhook))


def made_webhook_resource(webhook: Webhook) -> MadeWebhookResource:
    """The same with its secret."""
    return MadeWebhookResource(**_fields(webhook), secret=webhook.secrets[0].secret)


def new_webhook(body: NewWebhookBody) -> NewWebhook:
    """What core makes of it."""
    return NewWebhook(
        url=body.url,
        event_types=tuple(body.event_types),
        description=body.description,
        alias_id=body.alias_id,
        content=body.content,
        accepts_exposure=body.accepts_exposure,
    )


def webhook_patch(body: WebhookPatchBody) -> WebhookPatch:
    """What core changes."""
    types = body.event_types
    return WebhookPatch(
        url=body.url,
        event_types=types if isinstance(types, msgspec.UnsetType) else tuple(types),
        description=body.description,
        alias_id=body.alias_id,
        content=body.content,
        is_enabled=body.is_enabled,
        accepts_exposure=body.accepts_exposure,
    )


def delivery_resource(delivery: Delivery) -> DeliveryResource:
    """A delivery of a list."""
    return DeliveryResource(**_delivery_fields(delivery))


def whole_delivery(delivery: Delivery, attempts: Sequence[Attempt]) -> WholeDelivery:
    """A delivery with its attempts."""
    return WholeDelivery(**_delivery_fields(delivery), attempts=[_attempt(one) for one in attempts])


def replayed_resource(replayed: Replayed) -> ReplayedResource:
    """What became of a replay."""
    return ReplayedResource(replayed=replayed.replayed, gone=replayed.gone, next_from=_moment(replayed.next_from))


def _fields(webhook: Webhook) -> dict[str, Any]:
    alias = None
    if webhook.alias_id is not None:
        alias = AliasRef(id=webhook.alias_id, email=webhook.alias_address or "")
    return {
        "id": webhook.webhook_id,
        "url": webhook.url,
        "description": webhook.description,
        "alias": alias,
        "event_types": list(webhook.event_types),
        "content": webhook.content,
        "is_enabled": webhook.is_enabled,
        "disabled_reason": webhook.disabled_reason,
        "failing_since": _moment(webhook.failing_since),
        "failure_count": webhook.failure_count,
        "next_attempt_at": _moment(webhook.next_attempt_at),
        "pending_count": webhook.pending_count,
        "old_secret_until": next((_moment(one.until) for one in webhook.secrets if one.until), None),
        "created_on": webhook.created_on,
        "is_readable": webhook.is_readable,
    }


def _delivery_fields(delivery: Delivery) -> dict[str, Any]:
    return {
        "event_id": delivery.event_id,
        "type": delivery.type,
        "occurred_at": rfc3339(delivery.occurred_at),
        "state": delivery.state,
        "attempt_count": delivery.attempt_count,
        "next_attempt_at": rfc3339(delivery.next_attempt_at) if delivery.state == "pending" else None,
        "ended_at": _moment(delivery.ended_at),
    }


def _attempt(attempt: Attempt) -> AttemptResource:
    return AttemptResource(
        id=attempt.attempt_id,
        made_at=rfc3339(made_at(attempt.attempt_id)),
        status=attempt.status,
        error=attempt.error,
        milliseconds=attempt.milliseconds,
        answer=None if attempt.answer is None else attempt.answer.decode("utf-8", "replace"),
    )


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else rfc3339(moment)
