"""Webhooks of an owner, the endpoint they lead to, and a worker's turns with a clock that tests turn on."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from app.core.accounts import service as accounts
from app.core.events import service as events
from app.core.events.model import EventType, NewEvent
from app.core.events.payloads import MessagePayload, seal_payload
from app.core.events.queries import insert_events
from app.core.messages.model import Correspondent, Layout, Summary
from app.core.messages.resources import MessageContent
from app.core.webhooks import service as webhooks
from app.core.webhooks.model import NewWebhook, Webhook
from app.core.webhooks.sending import turn
from app.lib.ids import new_id
from app.lib.times import utc_now
from tests.core.conftest import Owner
from tests.receiver import Receiver, receiving


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


class Worker:
    """Gives webhooks their turns; its clock goes on only when it is told."""

    def __init__(self, owner: Owner) -> None:
        self.platform, self.owner = owner.platform, owner
        self.now = utc_now()
        self.stop = asyncio.Event()

    def clock(self) -> datetime:
        return self.now

    async def work(self, *, after: float = 0) -> int:
        """`after` seconds, all turns that are due; how many requests that took."""
        self.now += timedelta(seconds=after)
        held = await turn.claim(self.platform, now=self.now, limit=100)
        return sum([await turn.serve(self.platform, one, self.stop, clock=self.clock) for one in held])

    async def tell(self, count: int = 1, event_type: EventType = "domain.verified") -> None:
        """So much happens."""
        async with self.platform.db.transaction() as conn:
            for number in range(count):
                facts: dict[str, str | int] = {"domain": f"{number:05d}.test"}
                await events.tell(conn, self.owner.account.account_id, event_type, facts, now=self.now)

    async def tell_mail(self) -> None:
        """A message comes to the owner's alias."""
        account_id, event_id = self.owner.account.account_id, new_id()
        payload = MessagePayload(
            address=self.owner.alias.address,
            folder="inbox",
            received_at=self.now,
            size=100,
            summary=_summary("Your order"),
            message_key=bytes(32),
            content=MessageContent(text="Thank you for it.", html=None, is_truncated=False, headers=()),
        )
        async with self.platform.db.transaction() as conn:
            index_key = await accounts.index_key(conn, self.platform.instance, account_id)
            event = NewEvent(
                account_id=account_id,
                event_id=event_id,
                type="message.received",
                alias_id=self.owner.alias.alias_id,
                subject_id=event_id,
                occurred_at=self.now,
                payload=seal_payload(index_key, account_id, event_id, payload),
                is_full=True,
            )
            await insert_events(conn, [event])

    async def payload_sizes(self) -> list[int]:
        """Of all events."""
        async with self.platform.db.connection() as conn:
            cursor = await conn.execute(
                "SELECT coalesce(octet_length(payload), 0) FROM events WHERE type = 'message.received'"
            )
            return [size for (size,) in await cursor.fetchall()]

    async def make(self, url: str, *types: EventType, alias_id: UUID | None = None, full: bool = False) -> Webhook:
        """A webhook of the owner's."""
        new = NewWebhook(
            url=url,
            event_types=types or ("domain.verified",),
            alias_id=alias_id,
            content="full" if full else "thin",
        )
        async with self.platform.db.transaction() as conn:
            return await webhooks.create(self.platform, conn, self.owner.actor, new, now=self.now)

    async def look(self, webhook: Webhook) -> Webhook:
        """The webhook as it is now."""
        async with self.platform.db.connection() as conn:
            return await webhooks.get(self.platform, conn, self.owner.actor, webhook.webhook_id)

    async def states(self) -> list[str]:
        """Of all deliveries, in the order of their events."""
        async with self.platform.db.connection() as conn:
            cursor = await conn.execute("SELECT state FROM webhook_deliveries ORDER BY event_id, webhook_id")
            return [state for (state,) in await cursor.fetchall()]


def _summary(subject: str) -> Summary:
    return Summary(
        sender=Correspondent(name="Shop", address="shop@shop.test"),
        to=(),
        cc=(),
        subject=subject,
        snippet="",
        sent_at=None,
        attachments=(),
        delivered_to="",
        envelope_from="",
        tls=None,
        layout=Layout(marker="", cuts=(), blobs=()),
    )


@pytest.fixture
def worker(ada: Owner) -> Worker:
    return Worker(ada)
