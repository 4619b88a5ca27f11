"""Mail in over SMTP, events out over HTTP, verified with the library that receivers have."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook as Verifier

from app.core.aliases import service as aliases
from app.core.aliases.model import AliasPatch
from app.core.auth.model import Actor
from app.core.events.model import Content, EventType
from app.core.platform import Platform
from app.core.webhooks import deliveries
from app.core.webhooks import service as webhooks
from app.core.webhooks.model import NewWebhook, Webhook
from app.lib.times import utc_now
from app.worker.dispatcher import dispatch
from tests.receiver import Receiver, receiving
from tests.smtp.conftest import Connect, Mx, Town
from tests.smtp.test_rules import Owners, send

TOLD: tuple[EventType, ...] = ("message.received", "message.held", "message.refused")


@pytest.fixture
async def receiver(platform: Platform) -> AsyncIterator[Receiver]:
    """An endpoint, and the worker that tells it."""
    stop = asyncio.Event()
    async with receiving() as made:
        worker = asyncio.create_task(dispatch(platform, stop))
        yield made
        stop.set()
        await worker


@pytest.fixture
def owners(platform: Platform) -> Owners:
    return Owners(platform)


async def make(platform: Platform, actor: Actor, receiver: Receiver, content: Content = "thin") -> Webhook:
    new = NewWebhook(url=receiver.url, event_types=TOLD, content=content)
    async with platform.db.transaction() as conn:
        return await webhooks.create(platform, conn, actor, new, now=utc_now())


def verified(receiver: Receiver, webhook: Webhook) -> list[dict[str, Any]]:
    """What came, signed by the webhook's secret."""
    verifier = Verifier(webhook.secrets[0].secret)
    return [verifier.verify(one.body, one.headers) for one in receiver.requests]


async def test_what_comes_is_held_and_refused_is_told(
    mx: Mx, greet: Connect, town: Town, owners: Owners, platform: Platform, receiver: Receiver
) -> None:
    webhook = await make(platform, town.ada, receiver)
    await owners.rule(town.ada, "spam.example", alias="shop@restante.test")
    async with platform.db.transaction() as conn:
        letters = await aliases.find(conn, town.ada.account_id, "letters@restante.test")
        assert letters is not None
        patch = AliasPatch(screening="known")
        await aliases.update(conn, town.ada.account_id, town.ada.keyring, letters, patch, now=utc_now())
    peer = await greet(mx)
    assert await send(peer, "shop", author="News <news@shop.example>") == "250 2.6.0"
    assert await send(peer, "letters", author="stranger@shop.example") == "250 2.6.0"
    assert await send(peer, "shop", sender="bounce@mail.spam.example") == "550 5.7.1"
    assert await send(peer, "bob") == "250 2.6.0"
    await receiver.until(lambda: len(receiver.accepted) == 3)
    came, held, refused = sorted(verified(receiver, webhook), key=lambda event: TOLD.index(event["type"]))
    assert came["data"]["from"] == {"name": "News", "address": "news@shop.example"}
    assert (came["data"]["alias"]["email"], came["data"]["folder"]) == ("shop@restante.test", "inbox")
    assert (held["type"], held["data"]["folder"]) == ("message.held", "held")
    assert (refused["type"], refused["data"]["reason"]) == ("message.refused", "sender_blocked")
    assert [event["id"] for event in (came, held, refused)] == [event["data"]["id"] for event in (came, held, refused)]
    assert len(receiver.requests) == 3


async def test_what_was_told_is_wiped_and_can_be_told_again(
    mx: Mx, greet: Connect, town: Town, platform: Platform, receiver: Receiver
) -> None:
    webhook = await make(platform, town.ada, receiver, content="full")
    assert await send(await greet(mx), "shop", author="news@shop.example") == "250 2.6.0"
    await receiver.until(lambda: len(receiver.accepted) == 1)
    (first,) = verified(receiver, webhook)
    assert (first["data"]["text"].strip(), first["data"]["html"]) == ("hi", None)
    async with asyncio.timeout(30):
        while await _payloads(platform):
            pass
    now = utc_now()
    replayed = await deliveries.replay_span(
        platform,
        town.ada,
        webhook.webhook_id,
        first=now - timedelta(minutes=5),
        last=now + timedelta(minutes=5),
        states=["delivered"],
        now=now,
    )
    assert (replayed.replayed, replayed.gone) == (1, 0)
    await receiver.until(lambda: len(receiver.accepted) == 2)
    assert verified(receiver, webhook)[1] == first


async def _payloads(platform: Platform) -> int:
    async with platform.db.connection() as conn:
        cursor = await conn.execute("SELECT count(*) FROM events WHERE payload IS NOT NULL")
        row = await cursor.fetchone()
    assert row is not None
    return int(row[0])
