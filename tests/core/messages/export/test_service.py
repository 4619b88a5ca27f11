"""What is exported is what was received, whatever happens meanwhile."""

import base64
import os
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import msgspec
import pytest
from psycopg import sql

from app.core.auth.model import Reach
from app.core.filing import service as filing
from app.core.messages.export.service import as_mbox
from app.core.messages.model import NO_FILTERS, Filters
from app.core.platform import Platform
from app.lib.db import connect_now
from app.lib.times import utc_now
from tests.core.conftest import Deliver, Owner

ADDRESS = "ada-alias@restante.test"
PLAIN = b"From: a@shop.example\r\nSubject: One\r\n\r\nHello\r\n"
TRICKY = (
    b"From: a@shop.example\r\nSubject: Two\r\n\r\nFrom here\r\n>From there\r\n>>From both\r\nfrom afar\r\n"
    b" From inside\r\n\r\nFrom\r\nFrom \xff\xfe\r\n"
)
LARGE = (
    b"From: a@shop.example\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    + base64.encodebytes(os.urandom(300_000)).replace(b"\n", b"\r\n")
)
_SEPARATOR = re.compile(rb"^From (\S+) \w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}\n", re.MULTILINE)


class Found(msgspec.Struct, frozen=True):
    sender: str
    fields: dict[str, str]
    original: bytes


def read(data: bytes) -> list[Found]:
    """A mboxrd file as another program reads it."""
    starts = list(_SEPARATOR.finditer(data))
    ends = [one.start() for one in starts[1:]] + [len(data)]
    assert not starts or starts[0].start() == 0
    found = []
    for start, end in zip(starts, ends if starts else [], strict=True):
        text = data[start.end() : end]
        assert text.endswith(b"\n\n")
        text = re.sub(rb"^>(>*From )", rb"\1", text[:-1], flags=re.MULTILINE)
        fields = {}
        while (
            one := re.match(rb"(Return-Path|Delivered-To|X-Restante-\w+|Status|X-Status): (.*)\n", text)
        ) is not None:
            fields[one[1].decode()] = one[2].decode()
            text = text[one.end() :]
        found.append(Found(start[1].decode(), fields, text.replace(b"\n", b"\r\n")))
    return found


async def whole(chunks: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in chunks])


async def exported(platform: Platform, owner: Owner, **wanted: object) -> list[Found]:
    filters = msgspec.structs.replace(NO_FILTERS, **wanted)
    return read(await whole(as_mbox(platform, owner.actor, filters=filters, now=utc_now() + timedelta(minutes=1))))


async def test_originals_come_out_byte_for_byte_the_oldest_first(
    platform: Platform, ada: Owner, deliver: Deliver
) -> None:
    originals = [PLAIN, TRICKY, LARGE, b"\r\nno header\r\n"]
    for one in originals:
        await deliver(one, ADDRESS)
    found = await exported(platform, ada)
    assert [one.original for one in found] == originals
    lines = await ada.lines()
    assert [one.fields["X-Restante-Id"] for one in found] == [str(line.message_id) for line in reversed(lines)]
    assert {one.sender for one in found} == {"shop@shop.test"}
    assert found[0].fields["Return-Path"] == "<shop@shop.test>"
    assert (found[0].fields["Delivered-To"], found[0].fields["X-Restante-Alias"]) == (ADDRESS, ADDRESS)
    assert (found[0].fields["X-Restante-Folder"], found[0].fields["Status"]) == ("inbox", "O")


async def test_nothing_is_an_empty_file(platform: Platform, ada: Owner) -> None:
    assert await exported(platform, ada) == []


async def test_more_than_a_page_of_messages(platform: Platform, ada: Owner, deliver: Deliver) -> None:
    for _ in range(103):
        await deliver(PLAIN, ADDRESS)
    assert len({one.fields["X-Restante-Id"] for one in await exported(platform, ada)}) == 103


async def test_what_arrives_and_goes_meanwhile_changes_nothing_else(
    platform: Platform, ada: Owner, deliver: Deliver
) -> None:
    for _ in range(101):
        await deliver(PLAIN, ADDRESS)
    export = as_mbox(platform, ada.actor, filters=NO_FILTERS, now=utc_now())
    first = await anext(export)
    await deliver(TRICKY, ADDRESS)
    last = (await ada.lines(2))[1]
    await filing.apply(platform, ada.actor, "trash", [last.message_id], now=utc_now())
    await filing.apply(platform, ada.actor, "delete", [last.message_id], now=utc_now())
    found = read(first + await whole(export))
    assert len(found) == 100
    assert {one.original for one in found} == {PLAIN}


async def test_a_part_can_be_asked_for(platform: Platform, ada: Owner, deliver: Deliver) -> None:
    await deliver(PLAIN, ADDRESS)
    await deliver(TRICKY, ADDRESS)
    newest, oldest = await ada.lines()
    await filing.apply(platform, ada.actor, "star", [newest.message_id], now=utc_now())
    (one,) = await exported(platform, ada, is_starred=True)
    assert (one.original, one.fields["X-Status"]) == (TRICKY, "F")
    assert len(await exported(platform, ada, after=oldest.received_at)) == 2
    assert await exported(platform, ada, before=oldest.received_at) == []
    assert await exported(platform, ada, alias_id=newest.message_id) == []


async def test_others_mail_is_not_in_it_and_a_bound_key_sees_its_own(
    platform: Platform, ada: Owner, bob: Owner, deliver: Deliver
) -> None:
    await deliver(PLAIN, ADDRESS)
    assert await exported(platform, bob) == []
    bound = msgspec.structs.replace(ada.actor, reach=Reach(alias_id=bob.alias.alias_id))
    assert await whole(as_mbox(platform, bound, filters=Filters(), now=utc_now() + timedelta(minutes=1))) == b""


@pytest.mark.parametrize("column", ["message_key", "summary"])
async def test_a_damaged_message_has_a_note_in_its_place(
    platform: Platform, ada: Owner, deliver: Deliver, dsn: str, column: str
) -> None:
    for one in (PLAIN, TRICKY, PLAIN):
        await deliver(one, ADDRESS)
    damaged = (await ada.lines())[1].message_id
    with connect_now(dsn) as conn:
        statement = sql.SQL("UPDATE message_summaries SET {} = 'x' WHERE message_id = %s")
        conn.execute(statement.format(sql.Identifier(column)), (damaged,))
    found = await exported(platform, ada)
    assert [one.original for one in (found[0], found[2])] == [PLAIN, PLAIN]
    assert f"X-Restante-Id: {damaged}".encode() in found[1].original
    assert b"could not be exported" in found[1].original
    assert b"1 of the messages" in found[3].original
    assert str(damaged).encode() in found[3].original


async def test_a_damaged_source_too(platform: Platform, ada: Owner, deliver: Deliver, dsn: str) -> None:
    await deliver(PLAIN, ADDRESS)
    with connect_now(dsn) as conn:
        conn.execute("UPDATE message_sources SET source = 'x'")
    note, report = await exported(platform, ada)
    assert b"could not be exported" in note.original
    assert b"1 of the messages" in report.original


async def test_a_message_whose_object_is_lost_breaks_off_with_a_line(
    platform: Platform, ada: Owner, deliver: Deliver
) -> None:
    await deliver(LARGE, ADDRESS)
    await deliver(PLAIN, ADDRESS)
    line = (await ada.lines())[1]
    for ref in line.summary.layout.blobs:
        await platform.blobs.delete([f"{ada.account.account_id}/{ref.blob_id}"])
    first, second, report = await exported(platform, ada)
    assert first.original.startswith(LARGE[:90])
    assert b"damaged or lost" in first.original
    assert second.original == PLAIN
    assert str(line.message_id).encode() in report.original
