"""What is sealed of an event: opened again, bounded, and gone where it is wiped."""

from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pytest

from app.core.events import payloads
from app.core.events.model import EventRow
from app.core.events.payloads import MAX_HEADER_CHARS, MessagePayload
from app.core.messages.model import Header, Layout, Summary
from app.core.platform import Platform
from app.core.refusals.resources import RefusalResource
from app.errors import CannotOpen, NotFound
from app.lib.ids import new_id

KEY = bytes(range(32))
NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
SUMMARY = Summary(None, (), (), "Hello", "", None, (), "a@b.test", "", None, Layout("", (), ()))


def row(account_id: UUID, payload: bytes | None, **changes: object) -> EventRow:
    event_id = new_id()
    made = EventRow(
        account_id=account_id,
        event_id=event_id,
        type="message.received",
        alias_id=new_id(),
        alias_address="a@b.test",
        subject_id=event_id,
        thread_id=None,
        occurred_at=NOW,
        facts=None,
        payload=payload,
    )
    return msgspec.structs.replace(made, **changes)


def sealed(event: EventRow, text: str | None) -> EventRow:
    content = payloads.content_of(text, None, (), is_truncated=False)
    payload = MessagePayload("a@b.test", "inbox", NOW, 9, SUMMARY, bytes(32), content)
    return msgspec.structs.replace(event, payload=payloads.seal_payload(KEY, event.account_id, event.event_id, payload))


@pytest.mark.parametrize("text", ["short", "long enough to be compressed " * 1000])
async def test_it_says_again_what_was_sealed(platform: Platform, text: str) -> None:
    event = sealed(row(new_id(), None), text)
    told = msgspec.json.decode(payloads.body(platform, event, KEY, "full", now=NOW))
    assert (told["id"], told["type"], told["timestamp"]) == (
        str(event.event_id),
        "message.received",
        "2026-11-21T09:30:00.000Z",
    )
    assert (told["data"]["text"], told["data"]["subject"]) == (text, "Hello")
    assert told["data"]["thread_id"] == str(event.subject_id)
    assert "text" not in msgspec.json.decode(payloads.body(platform, event, KEY, "thin", now=NOW))["data"]
    thread_id = new_id()
    joined = msgspec.structs.replace(event, thread_id=thread_id)
    assert msgspec.json.decode(payloads.body(platform, joined, KEY, "thin", now=NOW))["data"]["thread_id"] == str(
        thread_id
    )


async def test_it_opens_as_this_event_of_this_account_alone(platform: Platform) -> None:
    event = sealed(row(new_id(), None), "text")
    for changes in ({"account_id": new_id()}, {"event_id": new_id()}):
        with pytest.raises(CannotOpen):
            payloads.body(platform, msgspec.structs.replace(event, **changes), KEY, "thin", now=NOW)
    with pytest.raises(CannotOpen):
        payloads.body(platform, event, KEY[::-1], "thin", now=NOW)


@pytest.mark.parametrize("kind", ["message.received", "message.held", "message.refused"])
async def test_what_is_wiped_cannot_be_told(platform: Platform, kind: str) -> None:
    with pytest.raises(NotFound):
        payloads.body(platform, row(new_id(), None, type=kind), KEY, "thin", now=NOW)


def test_header_fields_are_told_as_far_as_they_fit() -> None:
    fields = [Header(f"X-{number}", "v" * 1000) for number in range(500)]
    content = payloads.content_of(None, None, fields, is_truncated=False)
    assert content.is_truncated
    assert sum(len(one.name) + len(one.value) for one in content.headers) <= MAX_HEADER_CHARS
    assert len(content.headers) > 250
    assert not payloads.content_of(None, None, fields[:9], is_truncated=False).is_truncated


async def test_a_message_as_long_as_may_be_opens_again(platform: Platform) -> None:
    fields = [Header("X", "v" * 16_384)] * 1000
    event = row(new_id(), None)
    content = payloads.content_of("\N{PILE OF POO}" * 1024 * 1024, "x" * 1024 * 1024, fields, is_truncated=False)
    payload = MessagePayload("a@b.test", "inbox", NOW, 9, SUMMARY, bytes(32), content)
    event = msgspec.structs.replace(
        event, payload=payloads.seal_payload(KEY, event.account_id, event.event_id, payload)
    )
    assert len(payloads.body(platform, event, KEY, "full", now=NOW)) > 5 * 1024 * 1024


async def test_a_refusal_says_again_what_was_sealed(platform: Platform) -> None:
    event = row(new_id(), None, type="message.refused")
    refusal = msgspec.convert(
        {
            "id": event.event_id,
            "alias": {"id": event.alias_id, "email": "a@b.test"},
            "refused_at": "2026-11-21T09:30:00.000Z",
            "code": 550,
            "reason": "sender_blocked",
            "sender": "news@shop.test",
            "envelope_from": "",
            "header_from": ["news@shop.test"],
            "recipient": "a@b.test",
            "count": 1,
        },
        RefusalResource,
    )
    payload = payloads.seal_payload(KEY, event.account_id, event.event_id, refusal)
    assert payloads.data_of(platform, msgspec.structs.replace(event, payload=payload), KEY, "thin", now=NOW) == refusal
