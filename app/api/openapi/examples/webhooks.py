"""Webhooks, and what became of telling them."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from app.api.openapi.examples import ids
from app.api.schemas.webhooks import (
    AttemptResource,
    DeliveryResource,
    EventTypeResource,
    MadeWebhookResource,
    NewWebhookBody,
    ReplayBody,
    ReplayedResource,
    WebhookPatchBody,
    WebhookResource,
    WholeDelivery,
)
from app.core.aliases.resources import AliasRef

_URL = "https://hooks.kites.example/mail"
_WEBHOOK: dict[str, Any] = {
    "id": UUID(ids.WEBHOOK),
    "url": _URL,
    "description": "Orders into the till",
    "alias": AliasRef(id=UUID(ids.ALIAS), email=ids.EMAIL),
    "event_types": ["message.received", "message.held"],
    "content": "full",
    "is_enabled": True,
    "disabled_reason": None,
    "failing_since": None,
    "failure_count": 0,
    "next_attempt_at": None,
    "pending_count": 0,
    "old_secret_until": None,
    "created_on": date(2026, 11, 2),
    "is_readable": True,
}
_DELIVERY: dict[str, Any] = {
    "event_id": UUID(ids.MESSAGE),
    "type": "message.received",
    "occurred_at": "2026-11-20T08:14:03.120Z",
    "state": "delivered",
    "attempt_count": 2,
    "next_attempt_at": None,
    "ended_at": "2026-11-20T08:14:08.412Z",
}
EXAMPLES = (
    WebhookResource(**_WEBHOOK),
    MadeWebhookResource(**_WEBHOOK, secret="whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="),  # noqa: S106
    NewWebhookBody(
        url=_URL,
        event_types=["message.received", "message.held"],
        description="Orders into the till",
        alias_id=UUID(ids.ALIAS),
        content="full",
    ),
    WebhookPatchBody(event_types=["message.received"], is_enabled=True),
    DeliveryResource(**_DELIVERY),
    WholeDelivery(
        **_DELIVERY,
        attempts=[
            AttemptResource(
                id=UUID("0199e8b7-2f10-7a04-9c1b-7d3e60a5f812"),
                made_at="2026-11-20T08:14:03.152Z",
                status=503,
                error=None,
                milliseconds=41,
                answer="Back in a moment",
            ),
            AttemptResource(
                id=UUID("0199e8b7-43a8-7c55-b0d2-19f4a8e6c370"),
                made_at="2026-11-20T08:14:08.380Z",
                status=204,
                error=None,
                milliseconds=32,
                answer=None,
            ),
        ],
    ),
    ReplayBody(
        first=datetime(2026, 11, 20, 6, tzinfo=UTC),
        last=datetime(2026, 11, 20, 9, tzinfo=UTC),
        types=["message.received"],
        states=["failed"],
    ),
    ReplayedResource(replayed=214, gone=1, next_from=None),
    EventTypeResource(type="message.received", description="A message has come.", scope="messages:read"),
)
