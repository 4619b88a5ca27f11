"""Events of aliases, refusals and quotas: written down by whatever brings them about, once."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app.core.accounts import service as accounts
from app.core.accounts.model import Limits
from app.core.aliases import service as aliases
from app.core.aliases.bulk import service as bulk
from app.core.aliases.ends.service import tell_ended
from app.core.aliases.model import Alias, AliasPatch, Bulk, BulkAction, Ending, NewAlias
from app.core.events import queries, service
from app.core.refusals import service as refusals
from app.core.refusals.model import RefusalDetails
from app.core.refusals.recorder import Recorder
from app.lib.ids import made_at
from app.lib.times import rfc3339, utc_now
from tests.core.conftest import Deliver, Owner
from tests.core.events.conftest import Hook, Told

MAIL = b"From: shop@shop.test\r\nSubject: Hello\r\n\r\n" + b"A line of a letter that fills some space.\r\n" * 4
ADA = "ada-alias@restante.test"
ENDINGS: tuple[Ending, ...] = ("date", "count", "idle")


@pytest.fixture
async def recorder(ada: Owner) -> AsyncIterator[Recorder]:
    made = Recorder(ada.platform.db)
    yield made
    await made.close()


async def happened(owner: Owner) -> list[tuple[str, dict[str, Any] | None]]:
    """(type, facts) of all events of the account but that its alias was made, oldest first."""
    async with owner.platform.db.connection() as conn:
        cursor = await conn.execute(
            "SELECT type, facts FROM events WHERE account_id = %s ORDER BY event_id OFFSET 1",
            (owner.account.account_id,),
        )
        return list(await cursor.fetchall())


async def make(owner: Owner, **chosen: Any) -> Alias:  # noqa: ANN401 - fields
    async with owner.platform.db.transaction() as conn:
        return await aliases.create(
            conn, owner.account.account_id, owner.actor.keyring, NewAlias(**chosen), now=utc_now()
        )


async def change(owner: Owner, **changes: Any) -> Alias:  # noqa: ANN401 - fields
    async with owner.platform.db.transaction() as conn:
        return await aliases.update(
            conn,
            owner.account.account_id,
            owner.actor.keyring,
            owner.alias.alias_id,
            AliasPatch(**changes),
            now=utc_now(),
        )


async def apply(owner: Owner, action: BulkAction, *which: Alias, **chosen: Any) -> None:  # noqa: ANN401 - fields
    async with owner.platform.db.transaction() as conn:
        ids = [one.alias_id for one in which or (owner.alias,)]
        await bulk.apply(conn, owner.account.account_id, Bulk(action=action, **chosen), ids, now=utc_now())


async def test_webhooks_are_told_of_aliases_that_are_made(ada: Owner, hook: Hook, told: Told) -> None:
    webhook = await hook(ada, "alias.created")
    made = await make(ada, local_part="new-one")
    (body,) = await told(webhook, ada)
    assert body["type"] == "alias.created"
    assert body["data"] == {"alias": {"id": str(made.alias_id), "email": made.address}, "reason": "owner"}
    async with ada.platform.db.connection() as conn:
        *_, event = await queries.events_after(conn, ada.account.account_id, UUID(int=0), limit=9)
    assert (body["id"], body["timestamp"]) == (str(event.event_id), rfc3339(event.occurred_at))


async def test_switching_off_and_deleting_is_told_once(ada: Owner) -> None:
    await change(ada, is_enabled=False)
    await change(ada, is_enabled=False, description="still off")
    await apply(ada, "off")
    await apply(ada, "on")
    await apply(ada, "off")
    await apply(ada, "delete")
    await apply(ada, "delete")
    off, deleted = ("alias.disabled", {"reason": "switched_off"}), ("alias.disabled", {"reason": "deleted"})
    assert await happened(ada) == [off, off, deleted]


async def test_a_webhook_of_an_alias_is_told_of_that_alias_alone(ada: Owner, hook: Hook, told: Told) -> None:
    webhook = await hook(ada, "alias.disabled", alias_id=ada.alias.alias_id)
    other = await make(ada)
    await apply(ada, "off", other)
    assert await told(webhook, ada) == []
    await apply(ada, "off")
    (body,) = await told(webhook, ada)
    assert body["data"]["alias"]["email"] == ADA


@pytest.mark.parametrize(
    ("changes", "ending", "after"),
    [
        ({"expires_at": utc_now() + timedelta(hours=1)}, "date", timedelta(hours=2)),
        ({"idle_days": 3}, "idle", timedelta(days=5)),
    ],
)
async def test_an_end_is_told_once_and_again_after_it_was_renewed(
    ada: Owner, changes: dict[str, Any], ending: str, after: timedelta
) -> None:
    now = utc_now()
    await change(ada, **changes)
    assert await tell_ended(ada.platform, ENDINGS, now=now) == 0
    assert await tell_ended(ada.platform, ENDINGS, now=now + after) == 1
    assert await tell_ended(ada.platform, ENDINGS, now=now + after) == 0
    assert await happened(ada) == [("alias.expired", {"reason": ending})]
    await change(ada, description="nothing of its end")
    assert await tell_ended(ada.platform, ENDINGS, now=now + after) == 0
    async with ada.platform.db.transaction() as conn:
        renewal = Bulk(action="renew")
        await bulk.apply(conn, ada.account.account_id, renewal, [ada.alias.alias_id], now=now + after)
    await change(ada, expires_at=now + timedelta(days=9))
    assert await tell_ended(ada.platform, ENDINGS, now=now + after) == 0
    assert await tell_ended(ada.platform, ENDINGS, now=now + timedelta(days=10)) == 1


async def test_the_last_message_ends_an_alias(ada: Owner, deliver: Deliver) -> None:
    await change(ada, message_limit=1)
    assert await tell_ended(ada.platform, ENDINGS, now=utc_now()) == 0
    await deliver(MAIL, ADA)
    assert await tell_ended(ada.platform, ENDINGS, now=utc_now()) == 1
    assert await happened(ada) == [("alias.expired", {"reason": "count"})]


async def test_an_alias_that_is_off_has_no_end_to_tell_of(ada: Owner) -> None:
    now = utc_now()
    await change(ada, expires_at=now + timedelta(hours=1), is_enabled=False)
    assert await tell_ended(ada.platform, ENDINGS, now=now + timedelta(hours=2)) == 0


async def test_aliases_are_warned_of_at_80_and_100_percent_once_for_each_crossing(
    ada: Owner, hook: Hook, told: Told
) -> None:
    webhook = await hook(ada, "quota.warning")
    async with ada.platform.db.transaction() as conn:
        await accounts.change_limits(conn, ada.account, Limits(alias_limit=5))
    made = [await make(ada) for _ in range(4)]
    warned = [body["data"] for body in await told(webhook, ada)]
    assert warned == [
        {"quota": "aliases", "percent": 80, "used": 4, "limit": 5},
        {"quota": "aliases", "percent": 100, "used": 5, "limit": 5},
    ]
    await apply(ada, "delete", *made[:2])
    assert len(await told(webhook, ada)) == 2
    await make(ada)
    assert [body["data"]["percent"] for body in await told(webhook, ada)] == [80, 100, 80]


async def test_storage_is_warned_of_with_the_message_that_fills_it(
    ada: Owner, deliver: Deliver, hook: Hook, told: Told, recorder: Recorder
) -> None:
    webhook = await hook(ada, "quota.warning")
    await deliver(MAIL, ADA)
    async with ada.platform.db.transaction() as conn:
        used = (await accounts.usage(conn, ada.account.account_id)).stored_bytes
        await accounts.change_limits(conn, ada.account, Limits(storage_limit=used * 5 // 2))
    assert await told(webhook, ada) == []
    await deliver(MAIL, ADA)
    await deliver(MAIL, ADA)
    first, second = [body["data"] for body in await told(webhook, ada)]
    assert (first["quota"], first["percent"], first["limit"]) == ("storage", 80, used * 5 // 2)
    assert second["percent"] == 100
    await recorder.record([await refused(ada, "over_quota")])
    assert len(await told(webhook, ada)) == 2


async def test_a_full_mailbox_is_warned_of_by_the_mail_that_it_refuses(
    ada: Owner, hook: Hook, told: Told, recorder: Recorder
) -> None:
    webhook = await hook(ada, "quota.warning")
    await recorder.record([await refused(ada, "over_quota")])
    await recorder.record([await refused(ada, "over_quota")])
    (body,) = await told(webhook, ada)
    assert (body["data"]["quota"], body["data"]["percent"]) == ("storage", 100)


async def test_a_refusal_is_told_as_the_api_tells_it(ada: Owner, hook: Hook, told: Told, recorder: Recorder) -> None:
    webhook = await hook(ada, "message.refused")
    await recorder.record([await refused(ada, "sender_blocked")])
    (body,) = await told(webhook, ada)
    async with ada.platform.db.connection() as conn:
        (one,) = await refusals.page(conn, ada.actor, alias_id=None, before=None, limit=9)
        cursor = await conn.execute("SELECT e::text FROM events e WHERE type = 'message.refused'")
        ((row,),) = await cursor.fetchall()
    assert (body["id"], body["type"]) == (str(one.refusal_id), "message.refused")
    assert body["data"] == {
        "id": str(one.refusal_id),
        "alias": {"id": str(ada.alias.alias_id), "email": ADA},
        "refused_at": rfc3339(made_at(one.refusal_id)),
        "code": 550,
        "reason": "sender_blocked",
        "sender": "news@shop.test",
        "envelope_from": "bounce@shop.test",
        "header_from": ["news@shop.test"],
        "recipient": ADA,
        "count": 1,
        "is_readable": True,
    }
    assert "shop.test" not in row


async def test_a_refusal_that_nobody_wants_to_hear_of_is_no_event(ada: Owner, recorder: Recorder) -> None:
    await recorder.record([await refused(ada, "sender_blocked")])
    assert await happened(ada) == []


async def test_events_are_forgotten_after_30_days_with_what_was_delivered(ada: Owner, hook: Hook, told: Told) -> None:
    webhook = await hook(ada, "alias.created")
    await make(ada)
    now = utc_now()
    assert await service.forget(ada.platform, now=now + timedelta(days=29)) == 0
    assert await service.forget(ada.platform, now=now + timedelta(days=31)) == 2
    assert await told(webhook, ada) == []
    async with ada.platform.db.connection() as conn:
        cursor = await conn.execute("SELECT count(*) FROM webhook_deliveries")
        assert await cursor.fetchone() == (0,)


async def test_payloads_that_nobody_waits_for_are_wiped(ada: Owner, deliver: Deliver, hook: Hook) -> None:
    first, second = await hook(ada, "message.received"), await hook(ada, "message.received")
    await deliver(MAIL, ADA)
    later = utc_now() + timedelta(hours=1)
    async with ada.platform.db.transaction() as conn:
        await conn.execute(
            "UPDATE webhook_deliveries SET state = 'delivered' WHERE webhook_id = %s", (first.webhook_id,)
        )
    assert await service.wipe_payloads(ada.platform, now=later) == 0
    async with ada.platform.db.transaction() as conn:
        await conn.execute("DELETE FROM webhook_deliveries WHERE webhook_id = %s", (second.webhook_id,))
    assert await service.wipe_payloads(ada.platform, now=utc_now()) == 0
    assert await service.wipe_payloads(ada.platform, now=later) == 1
    assert await service.wipe_payloads(ada.platform, now=later) == 0


async def refused(owner: Owner, reason: Any) -> Any:  # noqa: ANN401 - a reason; what is recorded
    """A refusal as reception makes it, of the alias as it is now."""
    async with owner.platform.db.connection() as conn:
        mailbox = await aliases.mailbox_of(conn, owner.account.account_id, owner.alias.alias_id)
    assert mailbox is not None
    details = RefusalDetails("bounce@shop.test", ("news@shop.test",), ADA)
    return refusals.new(owner.platform.instance, mailbox, details, code=550, reason=reason, rule_id=None)
