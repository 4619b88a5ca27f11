"""Webhooks: list, make, change, rotate, test, delete; what became of each delivery, and telling it again."""

from typing import Annotated
from uuid import UUID

from litestar import Response, delete, get, patch, post
from litestar.params import FromPath, QueryParameter

from app.api.auth import AuthedRequest
from app.api.body import read_body
from app.api.paging import DEFAULT_LIMIT, Cursor, Limit, cut_page, read_cursor
from app.api.platform import GivenPlatform
from app.api.schemas.envelopes import Data, Page
from app.api.schemas.webhooks import (
    DeliveryResource,
    EventTypeResource,
    MadeWebhookResource,
    NewWebhookBody,
    ReplayBody,
    ReplayedResource,
    WebhookPatchBody,
    WebhookResource,
    WholeDelivery,
    delivery_resource,
    made_webhook_resource,
    new_webhook,
    replayed_resource,
    webhook_patch,
    webhook_resource,
    whole_delivery,
)
from app.core.events.model import EventType
from app.core.webhooks import deliveries
from app.core.webhooks import service as webhooks
from app.core.webhooks.model import DeliveryState
from app.errors import Invalid
from app.lib.times import utc_now

_ONE = "/webhooks/{webhook_id:uuid}"
_DELIVERIES = f"{_ONE}/deliveries"


@get("/event-types", scope="webhooks:read", for_bound_keys=True)
async def list_event_types(request: AuthedRequest) -> Page[EventTypeResource]:
    """What webhooks can be told of; `next` is always null."""
    del request
    found = [
        EventTypeResource(type=one, description=webhooks.DESCRIPTIONS[one], scope=webhooks.scope_of(one))
        for one in webhooks.SELECTABLE
    ]
    return Page(data=found, next=None)


@get("/webhooks", scope="webhooks:read", for_bound_keys=True)
async def list_webhooks(request: AuthedRequest, platform: GivenPlatform) -> Page[WebhookResource]:
    """All webhooks of the account, oldest first; there are 20 at most, so `next` is always null."""
    async with platform.db.connection() as conn:
        found = await webhooks.listed(platform, conn, request.user)
    return Page(data=[webhook_resource(one) for one in found], next=None)


@post(
    "/webhooks", scope="webhooks:write", for_bound_keys=True, body=NewWebhookBody, fails=("key_bound", "webhook_limit")
)
async def create_webhook(request: AuthedRequest, platform: GivenPlatform) -> Response[Data[MadeWebhookResource]]:
    """Make a webhook. Its secret is in this answer and in no other.

    The key needs the scopes that read what the webhook is told of. From now on it is told what happens: nothing of
    before.
    """
    body = await read_body(request, NewWebhookBody)
    async with platform.db.transaction() as conn:
        made = await webhooks.create(platform, conn, request.user, new_webhook(body), now=utc_now())
    location = f"{platform.public_url}/api/v1/webhooks/{made.webhook_id}"
    return Response(Data(data=made_webhook_resource(made)), headers={"Location": location})


@get(_ONE, scope="webhooks:read", for_bound_keys=True)
async def get_webhook(
    request: AuthedRequest, platform: GivenPlatform, webhook_id: FromPath[UUID]
) -> Data[WebhookResource]:
    """One webhook."""
    async with platform.db.connection() as conn:
        return Data(data=webhook_resource(await webhooks.get(platform, conn, request.user, webhook_id)))


@patch(_ONE, scope="webhooks:write", for_bound_keys=True, body=WebhookPatchBody)
async def update_webhook(
    request: AuthedRequest, platform: GivenPlatform, webhook_id: FromPath[UUID]
) -> Data[WebhookResource]:
    """Change a webhook by merge patch (RFC 7396).

    Switched off it is told nothing new, and what waits goes on waiting. Switched on, or given another address, it
    begins with a clean sheet: what waits is tried at once.
    """
    patched = webhook_patch(await read_body(request, WebhookPatchBody))
    async with platform.db.transaction() as conn:
        changed = await webhooks.update(platform, conn, request.user, webhook_id, patched, now=utc_now())
    return Data(data=webhook_resource(changed))


@delete(_ONE, scope="webhooks:write", for_bound_keys=True)
async def delete_webhook(request: AuthedRequest, platform: GivenPlatform, webhook_id: FromPath[UUID]) -> None:
    """Delete a webhook, and with it all that waits for it and the log of what was sent."""
    async with platform.db.transaction() as conn:
        await webhooks.delete(conn, request.user, webhook_id)


@post(f"{_ONE}/rotate", scope="webhooks:write", for_bound_keys=True, status_code=200)
async def rotate_secret(
    request: AuthedRequest, platform: GivenPlatform, webhook_id: FromPath[UUID]
) -> Data[MadeWebhookResource]:
    """Give it a new secret, shown in this answer alone. For 24 hours the one before signs everything as well."""
    async with platform.db.transaction() as conn:
        changed = await webhooks.rotate(platform, conn, request.user, webhook_id, now=utc_now())
    return Data(data=made_webhook_resource(changed))


@post(f"{_ONE}/test", scope="webhooks:write", for_bound_keys=True, status_code=202, fails=("webhook_disabled",))
async def send_test(
    request: AuthedRequest, platform: GivenPlatform, webhook_id: FromPath[UUID]
) -> Data[DeliveryResource]:
    """Tell it a test (`webhook.test`), whatever it wants to be told; what became of it is among its deliveries."""
    actor = request.user
    async with platform.db.transaction() as conn:
        event_id = await webhooks.test(platform, conn, actor, webhook_id, now=utc_now())
        made, _ = await deliveries.get(platform, conn, actor, webhook_id, event_id)
    return Data(data=delivery_resource(made))


@get(_DELIVERIES, scope="webhooks:read", tag="deliveries", for_bound_keys=True)
async def list_deliveries(
    request: AuthedRequest,
    platform: GivenPlatform,
    webhook_id: FromPath[UUID],
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    shown: Annotated[DeliveryState | None, QueryParameter(name="state")] = None,
    event_type: Annotated[EventType | None, QueryParameter(name="type")] = None,
) -> Page[DeliveryResource]:
    """What was to be delivered to it in the last 30 days, the newest event first."""
    before = read_cursor(cursor)
    async with platform.db.connection() as conn:
        found = await deliveries.page(
            platform,
            conn,
            request.user,
            webhook_id,
            state=shown,
            event_type=event_type,
            before=before,
            limit=limit + 1,
        )
    page, following = cut_page(found, limit, lambda one: one.event_id)
    return Page(data=[delivery_resource(one) for one in page], next=following)


@get(f"{_DELIVERIES}/{{event_id:uuid}}", scope="webhooks:read", tag="deliveries", for_bound_keys=True)
async def get_delivery(
    request: AuthedRequest, platform: GivenPlatform, webhook_id: FromPath[UUID], event_id: FromPath[UUID]
) -> Data[WholeDelivery]:
    """What became of one event there, with every attempt and what was answered."""
    async with platform.db.connection() as conn:
        return Data(data=whole_delivery(*await deliveries.get(platform, conn, request.user, webhook_id, event_id)))


@post(
    f"{_DELIVERIES}/{{event_id:uuid}}/replay",
    scope="webhooks:write",
    tag="deliveries",
    for_bound_keys=True,
    status_code=202,
    fails=("webhook_disabled", "event_gone"),
)
async def replay_delivery(
    request: AuthedRequest, platform: GivenPlatform, webhook_id: FromPath[UUID], event_id: FromPath[UUID]
) -> Data[DeliveryResource]:
    """Tell it of one event again, under the same id. A message is told as it is now."""
    made = await deliveries.replay(platform, request.user, webhook_id, event_id, now=utc_now())
    return Data(data=delivery_resource(made))


@post(
    f"{_ONE}/replay",
    scope="webhooks:write",
    tag="deliveries",
    for_bound_keys=True,
    status_code=202,
    body=ReplayBody,
    fails=("webhook_disabled",),
)
async def replay_deliveries(
    request: AuthedRequest, platform: GivenPlatform, webhook_id: FromPath[UUID]
) -> Data[ReplayedResource]:
    """Tell it again of what happened in a span of time, oldest first; 1,000 events at most in one request."""
    body = await read_body(request, ReplayBody)
    for name, moment in (("from", body.first), ("to", body.last)):
        if moment.tzinfo is None:
            raise Invalid.field(name, "Give a time with its zone, as in 2026-11-21T09:30:00Z.")
    replayed = await deliveries.replay_span(
        platform,
        request.user,
        webhook_id,
        first=body.first,
        last=body.last,
        types=body.types,
        states=body.states,
        now=utc_now(),
    )
    return Data(data=replayed_resource(replayed))
