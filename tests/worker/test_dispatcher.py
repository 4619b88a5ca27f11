"""The dispatcher as the worker runs it: woken at once, many endpoints beside each other, ended in order."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import pytest

from app.core.accounts.model import Account
from app.core.auth.model import Actor
from app.core.events import service as events
from app.core.platform import Platform
from app.core.webhooks import service as webhooks
from app.core.webhooks.model import NewWebhook
from app.core.webhooks.sending import turn
from app.errors import Unavailable
from app.lib.times import utc_now
from app.worker import dispatcher
from app.worker.dispatcher import dispatch
from tests.conftest import MakeAccount
from tests.hostile_http import hangs, serving
from tests.receiver import Receiver, Request, receiving


@pytest.fixture
async def actor(make_account: MakeAccount, actor_of: Callable[[Account], Awaitable[Actor]]) -> Actor:
    return await actor_of(await make_account())


@asynccontextmanager
async def dispatching(platform: Platform) -> AsyncIterator[asyncio.Event]:
    stop = asyncio.Event()
    task = asyncio.create_task(dispatch(platform, stop))
    try:
        yield stop
    finally:
        stop.set()
        await asyncio.wait_for(task, 30)


async def make(platform: Platform, actor: Actor, url: str) -> None:
    async with platform.db.transaction() as conn:
        new = NewWebhook(url=url, event_types=("domain.verified",))
        await webhooks.create(platform, conn, actor, new, now=utc_now())


async def tell(platform: Platform, actor: Actor, count: int = 1) -> None:
    async with platform.db.transaction() as conn:
        for number in range(count):
            facts: dict[str, str | int] = {"domain": f"{number}.test"}
            await events.tell(conn, actor.account_id, "domain.verified", facts, now=utc_now())


async def leases(platform: Platform) -> int:
    async with platform.db.connection() as conn:
        row = await (await conn.execute("SELECT count(*) FROM webhooks WHERE leased_until IS NOT NULL")).fetchone()
    assert row is not None
    return int(row[0])


async def test_what_happens_is_told_at_once(platform: Platform, actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatcher, "_LOOK_SECONDS", 3600)
    async with receiving() as receiver:
        await make(platform, actor, receiver.url)
        async with dispatching(platform):
            for count in (1, 2, 3):
                await tell(platform, actor)
                await receiver.until(lambda receiver=receiver, count=count: len(receiver.requests) == count)  # type: ignore[misc]
    assert await leases(platform) == 0


async def test_what_nobody_was_woken_for_is_found(platform: Platform, actor: Actor) -> None:
    async with receiving() as receiver:
        await make(platform, actor, receiver.url)
        async with dispatching(platform):
            receiver.judge = lambda _: 503
            receiver.header = b"Retry-After: 1\r\n"
            await tell(platform, actor)
            await receiver.until(lambda: len(receiver.requests) == 1)
            receiver.judge = lambda _: 200
            await receiver.until(lambda: receiver.accepted != [])


async def test_an_endpoint_that_hangs_keeps_nobody_waiting(platform: Platform, actor: Actor) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(10):
            port = await stack.enter_async_context(serving(hangs))
            await make(platform, actor, f"http://127.0.0.1:{port}/")
        receiver: Receiver = await stack.enter_async_context(receiving())
        await make(platform, actor, receiver.url)
        stop = asyncio.Event()
        task = asyncio.create_task(dispatch(platform, stop))
        await tell(platform, actor, 20)
        await receiver.until(lambda: len(receiver.requests) == 20)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_several_workers_send_each_event_once(platform: Platform, actor: Actor) -> None:
    async with AsyncExitStack() as stack:
        receivers = [await stack.enter_async_context(receiving()) for _ in range(3)]
        for one in receivers:
            await make(platform, actor, one.url)
        for _ in range(3):
            await stack.enter_async_context(dispatching(platform))
        for _ in range(10):
            await tell(platform, actor, 20)
        for one in receivers:
            await one.until(lambda one=one: len(one.requests) >= 200)  # type: ignore[misc]
    for one in receivers:
        assert len(one.requests) == 200
        assert one.accepted == sorted(one.accepted)


async def test_a_dead_workers_webhook_goes_on_after_its_lease(platform: Platform, actor: Actor) -> None:
    async with receiving() as receiver:
        await make(platform, actor, receiver.url)
        await tell(platform, actor)
        (held,) = await turn.claim(platform, now=utc_now(), limit=1, lease=timedelta(seconds=1))
        assert held.leased_until > utc_now()
        async with dispatching(platform):
            await receiver.until(lambda: receiver.accepted != [])


async def test_being_told_to_stop_ends_the_request_under_way(platform: Platform, actor: Actor) -> None:
    async with receiving() as receiver:
        await make(platform, actor, receiver.url)
        async with dispatching(platform) as stop:

            def judge(_request: Request) -> int:
                stop.set()
                return 200

            receiver.judge = judge
            await tell(platform, actor, 5)
            await receiver.until(lambda: receiver.accepted != [])
    assert len(receiver.requests) == 1
    assert await leases(platform) == 0


async def test_the_database_may_go_away(platform: Platform, actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    lost = asyncio.Event()

    async def claimed(*_args: object, **_names: object) -> list[object]:
        lost.set()
        monkeypatch.undo()
        raise Unavailable("gone")

    monkeypatch.setattr(turn, "claim", claimed)
    async with receiving() as receiver:
        await make(platform, actor, receiver.url)
        async with dispatching(platform):
            await asyncio.wait_for(lost.wait(), 30)
            await tell(platform, actor)
            await receiver.until(lambda: receiver.accepted != [])
