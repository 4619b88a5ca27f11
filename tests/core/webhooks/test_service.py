"""Webhooks made, changed, rotated and deleted."""

import base64
from datetime import timedelta
from uuid import uuid4

import msgspec
import pytest

from app.core.auth.model import Reach
from app.core.auth.scopes import ScopeMissing
from app.core.events.model import EventType
from app.core.webhooks import service
from app.core.webhooks.model import NewWebhook, Webhook, WebhookPatch
from app.errors import Conflict, Forbidden, Invalid, LimitReached, NotFound
from app.lib.times import utc_now
from tests.core.conftest import MakeOwner, Owner

URL = "https://hooks.test/mail?token=kept-secret"


async def make(owner: Owner, **chosen: object) -> Webhook:
    new = msgspec.convert({"url": URL, "event_types": ["message.received"]} | chosen, NewWebhook)
    async with owner.platform.db.transaction() as conn:
        return await service.create(owner.platform, conn, owner.actor, new, now=utc_now())


async def change(owner: Owner, webhook: Webhook, patch: WebhookPatch) -> Webhook:
    async with owner.platform.db.transaction() as conn:
        return await service.update(owner.platform, conn, owner.actor, webhook.webhook_id, patch, now=utc_now())


async def rotate(owner: Owner, webhook: Webhook) -> Webhook:
    async with owner.platform.db.transaction() as conn:
        return await service.rotate(owner.platform, conn, owner.actor, webhook.webhook_id, now=utc_now())


async def listed(owner: Owner) -> list[Webhook]:
    async with owner.platform.db.connection() as conn:
        return await service.listed(owner.platform, conn, owner.actor)


async def test_one_is_made_with_a_secret_that_the_standard_knows(ada: Owner) -> None:
    made = await make(ada, description="  My   hook ", alias_id=ada.alias.alias_id, content="full")
    assert await listed(ada) == [made]
    assert (made.url, made.description, made.content) == (URL, "My hook", "full")
    assert (made.alias_id, made.alias_address) == (ada.alias.alias_id, ada.alias.address)
    assert (made.is_enabled, made.pending_count, made.failure_count) == (True, 0, 0)
    (secret,) = made.secrets
    assert len(base64.b64decode(secret.secret.removeprefix("whsec_"), validate=True)) == 32
    for shown in (repr(made), repr(secret), repr(NewWebhook(url=URL, event_types=()))):
        assert "kept-secret" not in shown
        assert secret.secret not in shown


async def test_nothing_of_it_stands_in_clear(ada: Owner) -> None:
    await make(ada, description="Shop orders")
    async with ada.platform.db.connection() as conn:
        cursor = await conn.execute("SELECT w::text, details FROM webhooks w")
        ((row, details),) = await cursor.fetchall()
    for text in ("hooks.test", "kept-secret", "Shop orders", "whsec_"):
        assert text not in row
        assert text.encode() not in details


@pytest.mark.parametrize(
    ("chosen", "field"),
    [
        ({"url": "https://user:word@hooks.test/"}, "url"),
        ({"url": "ftp://hooks.test/"}, "url"),
        ({"url": "https://hooks.test:25/"}, "url"),
        ({"event_types": []}, "event_types"),
        ({"event_types": ["webhook.test"]}, "event_types"),
        ({"description": "x" * 201}, "description"),
        ({"alias_id": str(uuid4())}, "alias_id"),
    ],
)
async def test_what_it_may_not_be(ada: Owner, chosen: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as failed:
        await make(ada, **chosen)
    assert [fault.field for fault in failed.value.fields] == [field]
    assert await listed(ada) == []


async def test_others_aliases_and_webhooks_are_not_there(ada: Owner, bob: Owner) -> None:
    with pytest.raises(Invalid):
        await make(ada, alias_id=bob.alias.alias_id)
    made = await make(ada)
    async with bob.platform.db.transaction() as conn:
        for call in (
            service.get(bob.platform, conn, bob.actor, made.webhook_id),
            service.update(bob.platform, conn, bob.actor, made.webhook_id, WebhookPatch(), now=utc_now()),
            service.rotate(bob.platform, conn, bob.actor, made.webhook_id, now=utc_now()),
            service.delete(conn, bob.actor, made.webhook_id),
            service.test(bob.platform, conn, bob.actor, made.webhook_id, now=utc_now()),
        ):
            with pytest.raises(NotFound):
                await call
    assert await listed(bob) == []
    assert await listed(ada) == [made]


async def test_there_are_twenty(ada: Owner) -> None:
    for _ in range(20):
        await make(ada)
    with pytest.raises(LimitReached) as failed:
        await make(ada)
    assert failed.value.code == "webhook_limit"


async def test_it_is_changed_by_what_the_patch_says(ada: Owner) -> None:
    made = await make(ada, alias_id=ada.alias.alias_id)
    types: tuple[EventType, ...] = ("alias.created", "message.held", "message.held")
    changed = await change(ada, made, WebhookPatch(alias_id=None, event_types=types, is_enabled=False))
    assert (changed.alias_id, changed.is_enabled, changed.url) == (None, False, URL)
    assert changed.event_types == ("message.held", "alias.created")
    assert changed.secrets == made.secrets
    with pytest.raises(Invalid):
        await change(ada, made, WebhookPatch(url="nowhere"))


async def test_two_secrets_sign_for_a_day(ada: Owner) -> None:
    made, now = await make(ada), utc_now()
    async with ada.platform.db.transaction() as conn:
        once = await service.rotate(ada.platform, conn, ada.actor, made.webhook_id, now=now)
        twice = await service.rotate(ada.platform, conn, ada.actor, made.webhook_id, now=now)
    (first,), (second, _), (third, kept) = made.secrets, once.secrets, twice.secrets
    assert len({first.secret, second.secret, third.secret}) == 3
    assert (kept.secret, kept.until) == (second.secret, now + timedelta(hours=24))
    assert [one.secret for one in once.secrets] == [second.secret, first.secret]


async def test_one_that_is_switched_on_again_begins_with_a_clean_sheet(ada: Owner) -> None:
    made = await make(ada)
    async with ada.platform.db.transaction() as conn:
        event_id = await service.test(ada.platform, conn, ada.actor, made.webhook_id, now=utc_now())
        await conn.execute(
            """UPDATE webhooks SET is_enabled = false, disabled_reason = 'failing', failing_since = now(),
                      failure_count = 9, next_attempt_at = now() + interval '1 day'"""
        )
        await conn.execute("UPDATE webhook_deliveries SET next_attempt_at = now() + interval '1 day'")
    (failing,) = await listed(ada)
    assert (failing.is_enabled, failing.disabled_reason, failing.failure_count) == (False, "failing", 9)
    with pytest.raises(Conflict) as failed:
        async with ada.platform.db.transaction() as conn:
            await service.test(ada.platform, conn, ada.actor, made.webhook_id, now=utc_now())
    assert failed.value.code == "webhook_disabled"
    again = await change(ada, made, WebhookPatch(is_enabled=True))
    assert again == msgspec.structs.replace(made, pending_count=1)
    async with ada.platform.db.connection() as conn:
        cursor = await conn.execute("SELECT event_id, next_attempt_at <= now() FROM webhook_deliveries")
        assert await cursor.fetchall() == [(event_id, True)]


async def test_what_was_to_be_delivered_goes_with_it(ada: Owner) -> None:
    made = await make(ada)
    async with ada.platform.db.transaction() as conn:
        await service.test(ada.platform, conn, ada.actor, made.webhook_id, now=utc_now())
        await service.delete(conn, ada.actor, made.webhook_id)
    assert await listed(ada) == []
    async with ada.platform.db.connection() as conn:
        cursor = await conn.execute("SELECT count(*) FROM webhook_deliveries")
        assert await cursor.fetchone() == (0,)


async def test_a_key_is_told_only_what_it_may_read(ada: Owner) -> None:
    key = msgspec.structs.replace(ada.actor, key_id=uuid4(), scopes=frozenset({"webhooks:write", "aliases:read"}))
    keyed = msgspec.structs.replace(ada, actor=key)
    assert (await make(keyed, event_types=["alias.created"])).event_types == ("alias.created",)
    with pytest.raises(ScopeMissing) as failed:
        await make(keyed)
    assert failed.value.scope == "messages:read"
    whole = await make(ada)
    with pytest.raises(ScopeMissing):
        await change(keyed, whole, WebhookPatch(url="https://else.test/"))
    with pytest.raises(ScopeMissing):
        await rotate(keyed, whole)


async def test_a_bound_key_has_the_webhooks_of_its_alias(ada: Owner) -> None:
    whole, own = await make(ada), await make(ada, alias_id=ada.alias.alias_id)
    for reach in (Reach(alias_id=ada.alias.alias_id), Reach(domain="restante.test")):
        bound = msgspec.structs.replace(ada, actor=msgspec.structs.replace(ada.actor, reach=reach))
        assert await listed(bound) == [own]
        with pytest.raises(NotFound):
            await change(bound, whole, WebhookPatch())
        with pytest.raises(Forbidden) as failed:
            await make(bound)
        assert failed.value.code == "key_bound"
        with pytest.raises(Forbidden):
            await change(bound, own, WebhookPatch(alias_id=None))
    elsewhere = msgspec.structs.replace(
        ada, actor=msgspec.structs.replace(ada.actor, reach=Reach(domain="elsewhere.test"))
    )
    assert await listed(elsewhere) == []


async def test_a_sealed_account_is_told_in_full_only_once_its_owner_accepts_that(make_owner: MakeOwner) -> None:
    ada = await make_owner("ada", "sealed")
    with pytest.raises(Invalid) as caught:
        await make(ada, content="full")
    assert [fault.field for fault in caught.value.fields] == ["content"]
    assert (await make(ada, content="full", accepts_exposure=True)).content == "full"
    thin = await make(ada)
    assert thin.content == "thin"
    with pytest.raises(Invalid):
        await change(ada, thin, WebhookPatch(content="full"))
    full = await change(ada, thin, WebhookPatch(content="full", accepts_exposure=True))
    assert (await change(ada, full, WebhookPatch(description="accepted before"))).content == "full"
    async with ada.platform.db.transaction() as conn:
        assert await service.tell_less(conn, ada.actor) == 2
    assert {one.content for one in await listed(ada)} == {"thin"}
    with pytest.raises(Invalid):
        await change(ada, full, WebhookPatch(content="full"))
