"""Events of messages: written down with them, for whom they are wanted, and no plaintext of them at rest."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from app.core.accounts import service as accounts
from app.core.aliases import service as aliases
from app.core.aliases.model import AliasPatch, NewAlias
from app.core.messages import service as messages
from app.core.rules import held
from app.core.webhooks import service as webhooks
from app.core.webhooks.model import WebhookPatch
from app.lib.times import rfc3339, utc_now
from app.vault import outbox
from tests.core.conftest import Deliver, MakeOwner, Owner
from tests.core.events.conftest import Hook, Told
from tests.core.messages.test_receive import with_attachment

MAIL = (
    b"From: Canary Shop <orders@shop.test>\r\nTo: ada-alias@restante.test\r\nSubject: Canary order\r\n"
    b"Message-ID: <1@shop.test>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: text/plain\r\n\r\nThe canary sings.\r\n"
    b"--b\r\nContent-Type: text/csv\r\nContent-Disposition: attachment; filename=canary.csv\r\n\r\na,b\r\n--b--\r\n"
)
ADA = "ada-alias@restante.test"


async def test_a_thin_webhook_is_told_what_lists_show(ada: Owner, deliver: Deliver, hook: Hook, told: Told) -> None:
    webhook = await hook(ada, "message.received")
    await deliver(MAIL, ADA)
    line = await ada.newest()
    (body,) = await told(webhook, ada)
    assert (body["id"], body["type"]) == (str(line.message_id), "message.received")
    assert body["timestamp"] == rfc3339(line.received_at)
    data = body["data"]
    assert (data["id"], data["thread_id"]) == (str(line.message_id), str(line.thread_id))
    assert data["alias"] == {"id": str(ada.alias.alias_id), "email": ADA}
    assert data["from"] == {"name": "Canary Shop", "address": "orders@shop.test"}
    assert (data["subject"], data["snippet"], data["folder"]) == ("Canary order", "The canary sings.", "inbox")
    assert (data["is_read"], data["is_starred"], data["size"]) == (False, False, len(MAIL))
    (listed,) = data["attachments"]
    assert listed == {"id": "1", "filename": "canary.csv", "content_type": "text/csv", "size": 3, "role": "file"}
    assert "text" not in data


async def test_a_full_webhook_is_told_the_content_with_links(
    ada: Owner, deliver: Deliver, hook: Hook, told: Told
) -> None:
    full = await hook(ada, "message.received", content="full")
    thin = await hook(ada, "message.received")
    await deliver(MAIL, ADA)
    (body,) = await told(full, ada)
    data = body["data"]
    assert data["text"].strip() == "The canary sings."
    assert data["html"] is None
    assert {"name": "Subject", "value": "Canary order"} in data["headers"]
    assert (data["is_truncated"], data["tls"]["version"]) == (False, "TLSv1.3")
    (attachment,) = data["attachments"]
    token = httpx.URL(attachment["url"]).path.removeprefix("/attachments/")
    content = await messages.linked_attachment(ada.platform, token, now=utc_now())
    assert b"".join([chunk async for chunk in content.stream]) == b"a,b"
    (body,) = await told(thin, ada)
    assert "text" not in body["data"]
    assert "url" not in body["data"]["attachments"][0]


async def test_held_mail_is_told_as_held(ada: Owner, deliver: Deliver, hook: Hook, told: Told) -> None:
    received, held = await hook(ada, "message.received"), await hook(ada, "message.held")
    async with ada.platform.db.transaction() as conn:
        patch = AliasPatch(screening="known")
        await aliases.update(conn, ada.account.account_id, ada.actor.keyring, ada.alias.alias_id, patch, now=utc_now())
    await deliver(MAIL, ADA)
    assert await told(received, ada) == []
    (body,) = await told(held, ada)
    assert (body["type"], body["data"]["folder"]) == ("message.held", "held")


@pytest.mark.parametrize("wanted", [{"event_types": ["message.held"]}, {"is_enabled": False}, {"alias": True}], ids=str)
async def test_nothing_is_written_for_those_who_do_not_want_it(
    ada: Owner, deliver: Deliver, hook: Hook, wanted: dict[str, Any]
) -> None:
    webhook = await hook(ada, *wanted.get("event_types", ["message.received"]))
    async with ada.platform.db.transaction() as conn:
        if "is_enabled" in wanted:
            await webhooks.update(
                ada.platform, conn, ada.actor, webhook.webhook_id, WebhookPatch(is_enabled=False), now=utc_now()
            )
        if "alias" in wanted:
            await conn.execute("UPDATE webhooks SET alias_id = %s", (await _other_alias(ada),))
    await deliver(MAIL, ADA)
    async with ada.platform.db.connection() as conn:
        cursor = await conn.execute(
            "SELECT (SELECT count(*) FROM webhook_deliveries) + count(*) FROM events WHERE type LIKE 'message.%'"
        )
        assert await cursor.fetchone() == (0,)


async def test_each_account_is_told_of_its_own_copy(
    ada: Owner, make_owner: MakeOwner, deliver: Deliver, hook: Hook, told: Told
) -> None:
    bob = await make_owner("bob")
    of_ada, of_bob = await hook(ada, "message.received"), await hook(bob, "message.received")
    await deliver(MAIL, ADA, "bob-alias@restante.test")
    (of_ada_body,), (of_bob_body,) = await told(of_ada, ada), await told(of_bob, bob)
    assert of_ada_body["data"]["id"] == str((await ada.newest()).message_id)
    assert of_bob_body["data"]["id"] == str((await bob.newest()).message_id)


async def test_no_plaintext_waits_in_the_database(ada: Owner, deliver: Deliver, hook: Hook) -> None:
    await hook(ada, "message.received", content="full")
    await deliver(MAIL, ADA)
    async with ada.platform.db.connection() as conn:
        cursor = await conn.execute("SELECT e::text, payload FROM events e WHERE payload IS NOT NULL")
        ((row, payload),) = await cursor.fetchall()
    for text in ("anary", "shop.test", "sings"):
        assert text not in row
        assert text.encode() not in payload


async def _other_alias(owner: Owner) -> object:
    async with owner.platform.db.transaction() as conn:
        made = await aliases.create(
            conn, owner.account.account_id, owner.actor.keyring, NewAlias(local_part="other-one"), now=utc_now()
        )
    return made.alias_id


@pytest.mark.parametrize("content", ["thin", "full"])
async def test_held_mail_that_is_let_in_is_told_as_received(
    ada: Owner, deliver: Deliver, hook: Hook, told: Told, content: str
) -> None:
    webhook = await hook(ada, "message.received", "message.held", content=content)
    async with ada.platform.db.transaction() as conn:
        patch = AliasPatch(screening="known")
        await aliases.update(conn, ada.account.account_id, ada.actor.keyring, ada.alias.alias_id, patch, now=utc_now())
    await deliver(MAIL, ADA)
    (waiting,) = await told(webhook, ada)
    async with ada.platform.db.transaction() as conn:
        message_id = UUID(waiting["data"]["id"])
        await held.release(ada.platform, conn, ada.actor, [message_id], is_allowed=True, now=utc_now())
    first, second = await told(webhook, ada)
    assert first["id"] == waiting["id"] == first["data"]["id"]
    assert (second["type"], second["data"]["folder"]) == ("message.received", "inbox")
    assert second["data"]["id"] == first["data"]["id"] != second["id"]
    assert second["data"].get("text") == first["data"].get("text")
    assert ("text" in second["data"]) == (content == "full")


async def test_what_waits_for_thin_webhooks_opens_no_object(ada: Owner, deliver: Deliver, hook: Hook) -> None:
    await hook(ada, "message.received")
    await deliver(with_attachment(bytes(range(256)) * 1000), ADA)
    (blob,) = (await ada.newest()).summary.layout.blobs
    assert blob.key
    async with ada.platform.db.connection() as conn:
        index_key = await accounts.index_key(conn, ada.platform.instance, ada.account.account_id)
        cursor = await conn.execute("SELECT event_id, payload FROM events WHERE payload IS NOT NULL")
        ((event_id, sealed),) = await cursor.fetchall()
    waiting = outbox.open_outgoing(
        index_key, account_id=ada.account.account_id, purpose="event payload", row_id=event_id, sealed=sealed
    )
    assert b"shop@" in waiting
    assert blob.key not in waiting
    assert str(blob.blob_id).encode() not in waiting
