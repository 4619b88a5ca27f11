"""Webhooks of owners, and what they are told."""

import json
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import msgspec
import pytest

from app.core.accounts import service as accounts
from app.core.events import payloads, queries
from app.core.events.model import Content
from app.core.webhooks import service as webhooks
from app.core.webhooks.model import NewWebhook, Webhook
from app.lib.times import utc_now
from tests.core.conftest import Owner

Hook = Callable[..., Awaitable[Webhook]]
Told = Callable[..., Awaitable[list[dict[str, Any]]]]


@pytest.fixture
def hook() -> Hook:
    """`await hook(ada, "message.received", content="full")`: a webhook that is told of that."""

    async def make(owner: Owner, *types: str, **chosen: object) -> Webhook:
        new = msgspec.convert({"url": "https://hooks.test/", "event_types": types} | chosen, NewWebhook)
        async with owner.platform.db.transaction() as conn:
            return await webhooks.create(owner.platform, conn, owner.actor, new, now=utc_now())

    return make


@pytest.fixture
def told() -> Told:
    """`await told(webhook, ada)`: the bodies that wait for the webhook, oldest first."""

    async def read(webhook: Webhook, owner: Owner, content: Content | None = None) -> list[dict[str, Any]]:
        platform, account_id = owner.platform, owner.account.account_id
        bodies = []
        async with platform.db.connection() as conn:
            index_key = await accounts.index_key(conn, platform.instance, account_id)
            for event_id in await waiting(owner, webhook):
                event = await queries.event(conn, account_id, event_id)
                assert event is not None
                told = payloads.body(platform, event, index_key, content or webhook.content, now=utc_now())
                bodies.append(json.loads(told))
        return bodies

    return read


async def waiting(owner: Owner, webhook: Webhook) -> list[UUID]:
    """The events that wait to be delivered to it."""
    async with owner.platform.db.connection() as conn:
        cursor = await conn.execute(
            """SELECT event_id FROM webhook_deliveries WHERE webhook_id = %s AND state = 'pending'
               ORDER BY event_id""",
            (webhook.webhook_id,),
        )
        return [event_id for (event_id,) in await cursor.fetchall()]
