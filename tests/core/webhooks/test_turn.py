"""A worker's turns with a real endpoint and a real database: order, retries, pauses, leases, what is kept of it."""

from datetime import timedelta

import pytest
from standardwebhooks.webhooks import Webhook as Verifier

from app.core.accounts import service as accounts
from app.core.webhooks import sealing
from app.core.webhooks import service as webhooks
from app.core.webhooks.model import WebhookPatch
from app.core.webhooks.sending import turn
from tests.core.conftest import Owner
from tests.core.webhooks.conftest import Worker
from tests.receiver import Receiver, Request


async def test_an_event_is_sent_signed_and_once(worker: Worker, receiver: Receiver) -> None:
    webhook = await worker.make(receiver.url)
    await worker.tell()
    assert await worker.work() == 1
    (request,) = receiver.requests
    assert Verifier(webhook.secrets[0].secret).verify(request.body, request.headers) == request.event
    assert request.headers["content-type"] == "application/json"
    assert (request.event["id"], request.event["type"]) == (request.event_id, "domain.verified")
    assert request.event["data"] == {"domain": "00000.test"}
    assert await worker.states() == ["delivered"]
    assert await worker.work() == 0


async def test_events_arrive_in_order_and_in_many_batches(worker: Worker, receiver: Receiver) -> None:
    await worker.make(receiver.url)
    await worker.tell(130)
    assert await worker.work() == 130
    assert receiver.accepted == sorted(receiver.accepted)
    assert [one.event["data"]["domain"] for one in receiver.requests] == [f"{n:05d}.test" for n in range(130)]


async def test_large_payloads_are_read_a_few_at_a_time(
    worker: Worker, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn, "_BATCH_BYTES", 10)
    await worker.make(receiver.url, "message.received", full=True)
    for _ in range(3):
        await worker.tell_mail()
    assert await worker.work() == 3


async def test_one_event_that_is_refused_stops_no_other(worker: Worker, receiver: Receiver) -> None:
    await worker.make(receiver.url)
    await worker.tell(3)

    def judge(request: Request) -> int:
        return 500 if request.event["data"]["domain"] == "00001.test" else 200

    receiver.judge = judge
    assert await worker.work() == 3
    assert await worker.states() == ["delivered", "pending", "delivered"]
    assert await worker.work(after=3) == 0
    assert await worker.work(after=3) == 1
    await worker.tell()
    assert await worker.work() == 1
    receiver.judge = lambda _: 200
    assert await worker.work(after=40) == 1
    assert await worker.states() == ["delivered"] * 4


async def test_an_event_is_given_up_after_three_days_and_the_endpoint_is_not(
    worker: Worker, receiver: Receiver
) -> None:
    webhook = await worker.make(receiver.url)
    await worker.tell()
    receiver.judge = lambda _: 400
    attempts = 0
    while await worker.states() == ["pending"]:
        attempts += await worker.work(after=3600)
        assert attempts < 20
    assert await worker.states() == ["failed"]
    assert attempts == len(receiver.requests) == 17
    found = await worker.look(webhook)
    assert (found.is_enabled, found.failure_count, found.failing_since) == (True, 0, None)


async def test_a_dead_endpoint_rests_and_is_tried_with_the_oldest_event_alone(
    worker: Worker, receiver: Receiver
) -> None:
    webhook = await worker.make(receiver.url)
    await worker.tell(50)
    receiver.judge = lambda _: 503
    assert await worker.work() == 2
    found = await worker.look(webhook)
    assert (found.failure_count, found.failing_since) == (2, worker.now)
    assert found.next_attempt_at is not None
    assert await worker.work() == 0
    assert await worker.work(after=2) == 1
    assert receiver.requests[2].event_id == receiver.requests[0].event_id
    assert await worker.work(after=2) == 0
    receiver.judge = lambda _: 200
    assert await worker.work(after=10) == 50
    assert receiver.accepted == sorted(receiver.accepted)
    assert (await worker.look(webhook)).failing_since is None


async def test_an_event_that_is_always_refused_does_not_keep_an_endpoint_paused(
    worker: Worker, receiver: Receiver
) -> None:
    await worker.make(receiver.url)
    await worker.tell(5)

    def judge(request: Request) -> int:
        return 500 if request.event["data"]["domain"] in {"00000.test", "00001.test"} else 200

    receiver.judge = judge
    assert await worker.work() == 2
    assert await worker.work(after=2) == 5
    assert await worker.states() == ["pending", "pending", "delivered", "delivered", "delivered"]


async def test_a_dead_endpoint_is_disabled_after_three_days_and_loses_nothing(
    worker: Worker, receiver: Receiver
) -> None:
    webhook = await worker.make(receiver.url)
    await worker.tell(3)
    receiver.judge = lambda _: 500
    began = worker.now
    while (found := await worker.look(webhook)).is_enabled:
        await worker.work(after=600)
        assert worker.now - began < timedelta(days=4)
    assert found.disabled_reason == "failing"
    assert worker.now - began >= timedelta(days=3)
    assert await worker.states() == ["pending"] * 3
    assert len(receiver.requests) < 40
    assert await worker.work(after=86400) == 0
    receiver.judge = lambda _: 200
    async with worker.platform.db.transaction() as conn:
        patch = WebhookPatch(is_enabled=True)
        await webhooks.update(worker.platform, conn, worker.owner.actor, webhook.webhook_id, patch, now=worker.now)
    assert await worker.work() == 3
    assert receiver.accepted == sorted(receiver.accepted)


async def test_a_test_ends_a_pause(worker: Worker, receiver: Receiver) -> None:
    webhook = await worker.make(receiver.url)
    await worker.tell(3)
    receiver.judge = lambda _: 503
    for _ in range(8):
        await worker.work(after=700)
    receiver.judge = lambda _: 200
    assert await worker.work() == 0
    async with worker.platform.db.transaction() as conn:
        await webhooks.test(worker.platform, conn, worker.owner.actor, webhook.webhook_id, now=worker.now)
    assert await worker.work() == 4
    assert receiver.accepted == sorted(receiver.accepted)


async def test_gone_disables_at_once(worker: Worker, receiver: Receiver) -> None:
    webhook = await worker.make(receiver.url)
    await worker.tell(3)
    receiver.judge = lambda _: 410
    assert await worker.work() == 1
    found = await worker.look(webhook)
    assert (found.is_enabled, found.disabled_reason) == (False, "gone")
    assert await worker.states() == ["pending"] * 3


async def test_retry_after_is_kept_to(worker: Worker, receiver: Receiver) -> None:
    await worker.make(receiver.url)
    await worker.tell(3)
    receiver.judge, receiver.header = (lambda _: 429), b"Retry-After: 600\r\n"
    assert await worker.work() == 1
    assert await worker.work(after=599) == 0
    receiver.judge, receiver.header = (lambda _: 200), b""
    assert await worker.work(after=2) == 3


async def test_what_was_answered_is_kept_sealed(worker: Worker, receiver: Receiver) -> None:
    webhook = await worker.make(receiver.url)
    await worker.tell()
    receiver.judge, receiver.answer = (lambda _: 500), b"secret trouble " * 100
    await worker.work()
    account_id = worker.owner.account.account_id
    async with worker.platform.db.connection() as conn:
        cursor = await conn.execute("SELECT attempt_id, status, error, milliseconds, answer FROM webhook_attempts")
        ((attempt_id, status, error, milliseconds, answer),) = await cursor.fetchall()
        index_key = await accounts.index_key(conn, worker.platform.instance, account_id)
    assert (status, error) == (500, None)
    assert milliseconds >= 0
    assert b"trouble" not in answer
    assert sealing.open_answer(index_key, account_id, attempt_id, answer) == receiver.answer[:512]
    assert webhook.url.encode() not in answer


async def test_payloads_are_wiped_once_nobody_waits_for_them(worker: Worker, receiver: Receiver) -> None:
    await worker.make(receiver.url, "message.received")
    await worker.make(receiver.url + "2", "message.received", full=True)
    await worker.tell_mail()
    assert await worker.payload_sizes() != [0]
    held = await turn.claim(worker.platform, now=worker.now, limit=2)
    await turn.serve(worker.platform, held[0], worker.stop, clock=worker.clock)
    assert await worker.payload_sizes() != [0]
    await turn.serve(worker.platform, held[1], worker.stop, clock=worker.clock)
    assert await worker.payload_sizes() == [0]
    events = {"text" in one.event["data"]: one.event for one in receiver.requests}
    assert events[True]["data"]["text"].startswith("Thank you for it.")
    assert events[False]["data"]["subject"] == "Your order"
    assert events[True]["id"] == events[False]["id"]


async def test_what_cannot_be_read_any_more_is_given_up(worker: Worker, receiver: Receiver) -> None:
    await worker.make(receiver.url, "message.received")
    await worker.tell_mail()
    await worker.tell_mail()
    async with worker.platform.db.transaction() as conn:
        await conn.execute(
            """UPDATE events SET payload = 'x' WHERE event_id = (
                   SELECT event_id FROM events WHERE type = 'message.received' ORDER BY event_id LIMIT 1)"""
        )
    assert await worker.work() == 1
    assert await worker.states() == ["failed", "delivered"]


async def test_a_webhook_is_one_workers_until_its_lease_ends(worker: Worker, receiver: Receiver) -> None:
    await worker.make(receiver.url)
    await worker.tell(2)
    (held,) = await turn.claim(worker.platform, now=worker.now, limit=9)
    assert await worker.work() == 0
    assert await worker.work(after=29) == 0
    assert await worker.work(after=2) == 2
    # The first worker, which everybody thought dead, does no harm.
    assert await turn.serve(worker.platform, held, worker.stop, clock=worker.clock) == 0
    assert await worker.states() == ["delivered", "delivered"]


async def test_a_worker_that_lost_its_lease_leaves_the_webhook_alone(worker: Worker, receiver: Receiver) -> None:
    webhook = await worker.make(receiver.url)
    await worker.tell(200)
    (held,) = await turn.claim(worker.platform, now=worker.now, limit=9)

    def judge(_request: Request) -> int:
        if len(receiver.requests) == 10:
            worker.now += timedelta(seconds=31)
        return 500 if len(receiver.requests) >= 10 else 200

    receiver.judge = judge
    async with worker.platform.db.transaction() as conn:
        await conn.execute("UPDATE webhooks SET leased_until = %s", (worker.now + timedelta(minutes=5),))
    await turn.serve(worker.platform, held, worker.stop, clock=worker.clock)
    assert len(receiver.requests) == 11
    found = await worker.look(webhook)
    assert (found.failing_since, found.failure_count) == (None, 0)
    assert (await worker.states()).count("delivered") == 10


async def test_what_its_owner_changes_holds_at_once(worker: Worker, receiver: Receiver) -> None:
    webhook = await worker.make(receiver.url)
    await worker.tell(60)
    (held,) = await turn.claim(worker.platform, now=worker.now, limit=9)
    async with worker.platform.db.transaction() as conn:
        patch = WebhookPatch(url=receiver.url + "/new")
        await webhooks.update(worker.platform, conn, worker.owner.actor, webhook.webhook_id, patch, now=worker.now)
        await webhooks.rotate(worker.platform, conn, worker.owner.actor, webhook.webhook_id, now=worker.now)
    await turn.serve(worker.platform, held, worker.stop, clock=worker.clock)
    new = (await worker.look(webhook)).secrets[0].secret
    assert len(receiver.requests) == 60
    assert Verifier(new).verify(receiver.requests[-1].body, receiver.requests[-1].headers)
    assert Verifier(webhook.secrets[0].secret).verify(receiver.requests[-1].body, receiver.requests[-1].headers)


async def test_switched_off_means_no_more(worker: Worker, receiver: Receiver) -> None:
    webhook = await worker.make(receiver.url)
    await worker.tell(200)
    (held,) = await turn.claim(worker.platform, now=worker.now, limit=9)
    async with worker.platform.db.transaction() as conn:
        await conn.execute("UPDATE webhooks SET is_enabled = false")
    await turn.serve(worker.platform, held, worker.stop, clock=worker.clock)
    assert len(receiver.requests) <= 50
    assert await worker.work(after=60) == 0
    assert not (await worker.look(webhook)).is_enabled


async def test_deleted_while_it_is_sent_to(worker: Worker, receiver: Receiver) -> None:
    webhook = await worker.make(receiver.url)
    await worker.tell(200)
    (held,) = await turn.claim(worker.platform, now=worker.now, limit=9)
    async with worker.platform.db.transaction() as conn:
        await webhooks.delete(conn, worker.owner.actor, webhook.webhook_id)
    await turn.serve(worker.platform, held, worker.stop, clock=worker.clock)
    assert len(receiver.requests) == 0


async def test_being_told_to_stop_ends_after_the_request_under_way(worker: Worker, receiver: Receiver) -> None:
    await worker.make(receiver.url)
    await worker.tell(20)

    def judge(_request: Request) -> int:
        worker.stop.set()
        return 200

    receiver.judge = judge
    assert await worker.work() == 1
    worker.stop.clear()
    receiver.judge = lambda _: 200
    assert await worker.work() == 19
    assert len(receiver.requests) == 20


async def test_turns_end_so_that_others_have_theirs(worker: Worker, receiver: Receiver) -> None:
    await worker.make(receiver.url)
    await worker.tell(20)

    def judge(_request: Request) -> int:
        worker.now += timedelta(seconds=11)
        return 200

    receiver.judge = judge
    assert await worker.work() == 3
    assert await worker.work() == 3


async def test_others_webhooks_are_their_own(worker: Worker, bob: Owner, receiver: Receiver) -> None:
    other = Worker(bob)
    other.now = worker.now
    await worker.make(receiver.url + "/ada")
    await other.make(receiver.url + "/bob")
    await worker.tell(2)
    await other.tell(1)
    assert await worker.work() == 3
    assert len({one.event_id for one in receiver.requests}) == 3
