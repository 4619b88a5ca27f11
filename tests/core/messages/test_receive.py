import base64
import importlib.util
import os
from pathlib import Path

import pytest

from app.core.filing import service as filing
from app.core.messages import headers, opening, service, shown
from app.core.messages.model import Correspondent
from tests.core.conftest import Deliver, Owner

ADA, BOB = "ada-alias@restante.test", "bob-alias@restante.test"
LETTER = (
    "From: =?utf-8?q?Sh=C3=B6p?= <orders@shop.test>\r\nTo: ada <ada-alias@restante.test>, b@x.test\r\nCc: c@x.test\r\n"
    "Date: Sat, 21 Nov 2026 10:00:00 +0200\r\nSubject: Grüße\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    "Your   order\r\nwas sent.\r\n"
).encode()


def with_attachment(data: bytes, *, filename: str = "photo.png", content_type: str = "image/png") -> bytes:
    text = base64.b64encode(data)
    lines = b"".join(text[start : start + 76] + b"\r\n" for start in range(0, len(text), 76))
    return (
        b"Subject: with an attachment\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\n\r\nSee below.\r\n--b\r\n"
        b"Content-Type: " + content_type.encode() + b"\r\nContent-Transfer-Encoding: base64\r\n"
        b'Content-Disposition: attachment; filename="' + filename.encode() + b'"\r\n\r\n' + lines + b"--b--\r\n"
    )


async def test_a_letter_is_listed_opened_and_given_back(ada: Owner, deliver: Deliver) -> None:
    await deliver(LETTER, "ada-alias+spring@restante.test")
    line = await ada.newest()
    summary = line.summary
    assert summary.sender == Correspondent("Shöp", "orders@shop.test")
    assert [person.address for person in summary.to] == [ADA, "b@x.test"]
    assert [person.address for person in summary.cc] == ["c@x.test"]
    assert (summary.subject, summary.snippet) == ("Grüße", "Your order was sent.")
    assert summary.sent_at is not None
    assert summary.sent_at.isoformat() == "2026-11-21T08:00:00+00:00"
    assert (summary.delivered_to, summary.envelope_from) == ("ada-alias+spring@restante.test", "shop@shop.test")
    assert summary.tls == ("TLSv1.3", "TLS_AES_256_GCM_SHA384")
    assert (line.alias_address, line.folder, line.is_read, line.size) == (ADA, "inbox", False, len(LETTER))
    opened = await service.open_message(ada.platform, ada.actor, line.message_id)
    assert opened.text == "Your   order\r\nwas sent.\r\n"
    assert opened.html is None
    assert not opened.is_truncated
    assert opened.headers[0].name == "From"
    assert await ada.original(line) == LETTER


async def test_an_html_letter_has_a_snippet_of_its_words(ada: Owner, deliver: Deliver) -> None:
    await deliver(b"Content-Type: text/html\r\n\r\n<style>p{}</style><p>Hello&nbsp;<b>you</b></p><p>there</p>", ADA)
    line = await ada.newest()
    assert line.summary.snippet == "Hello you there"
    opened = await service.open_message(ada.platform, ada.actor, line.message_id)
    assert opened.text is None
    assert opened.html is not None
    assert opened.html.startswith("<style>")


@pytest.mark.parametrize("size", [10, 3 * 1024 * 1024 + 1])
async def test_an_attachment_comes_back_whether_it_was_cut_out_or_not(ada: Owner, deliver: Deliver, size: int) -> None:
    data = os.urandom(size)
    raw = with_attachment(data)
    await deliver(raw, ADA)
    line = await ada.newest()
    (listed,) = line.summary.attachments
    assert (listed.filename, listed.content_type, listed.size) == ("photo.png", "image/png", size)
    assert (listed.cut >= 0) == (size > 100_000)
    assert await ada.attachment(line, listed.ordinal) == data
    assert await ada.original(line) == raw
    stored = [info async for info in ada.platform.blobs.list()]
    assert [info.name.partition("/")[0] for info in stored] == [str(ada.account.account_id)] * (listed.cut >= 0)


async def test_every_account_has_a_copy_of_its_own(ada: Owner, bob: Owner, deliver: Deliver) -> None:
    data = os.urandom(300_000)
    await deliver(with_attachment(data), ADA, BOB, "ada-alias+two@restante.test")
    names = {info.name async for info in ada.platform.blobs.list()}
    assert {name.partition("/")[0] for name in names} == {str(ada.account.account_id), str(bob.account.account_id)}
    assert [line.summary.delivered_to for line in await ada.lines()] == ["ada-alias+two@restante.test", ADA]
    (line,) = await bob.lines()
    await ada.platform.blobs.delete([name for name in names if name.startswith(str(ada.account.account_id))])
    assert await bob.attachment(line, line.summary.attachments[0].ordinal) == data


async def test_a_long_text_is_shown_in_part_and_found_whole_in_the_source(ada: Owner, deliver: Deliver) -> None:
    raw = b"Subject: long\r\n\r\n" + b"word " * 14 + b"\r\n" + (b"x" * 70 + b"\r\n") * 40_000
    await deliver(raw, ADA)
    line = await ada.newest()
    opened = await service.open_message(ada.platform, ada.actor, line.message_id)
    assert opened.is_truncated
    assert opened.text is not None
    assert len(opened.text) == opening.MAX_SHOWN_BYTES
    assert await ada.original(line) == raw


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n",
        b"Subject:\r\n",
        b"no header at all",
        b"Subject: =?utf-8?b?A?=\r\nFrom: " + b"(" * 5000 + b"\r\nDate: never\r\n\r\n\x00\xff",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n" * 20_000,
        b"X-\xff\xfe: \xff\r\nContent-Type: text/plain; charset=utf-7\r\nSubject: \xff\r\n\r\n+2D0-",
        b"Content-Type: a/b; name*=utf-7''+2D0-\r\nContent-ID: <\xff>\r\n\r\nx",
        b"Content-Type: text/html\r\n\r\n" + b"<div>" * 60_000,
        b"Content-Transfer-Encoding: base64\r\nContent-Type: text/plain; charset=zlib\r\n\r\n====A\xff",
    ],
)
async def test_bad_mail_is_taken_shown_and_given_back(ada: Owner, deliver: Deliver, raw: bytes) -> None:
    await deliver(raw, ADA)
    line = await ada.newest()
    opened = await service.open_message(ada.platform, ada.actor, line.message_id)
    shown = [line.summary.subject, line.summary.snippet, opened.text or "", opened.html or ""]
    shown += [attachment.filename for attachment in line.summary.attachments]
    shown += [header.name + header.value for header in opened.headers]
    "".join(shown).encode()
    for attachment in line.summary.attachments:
        assert len(await ada.attachment(line, attachment.ordinal)) == attachment.size
    assert await ada.original(line) == raw


def samples() -> list[Path]:
    """The messages that CPython tests its own parser with; distributions may leave them out."""
    spec = importlib.util.find_spec("test.test_email")
    return sorted((Path(spec.origin).parent / "data").glob("*.txt")) if spec and spec.origin else []


@pytest.mark.skipif(not samples(), reason="this Python comes without its tests")
async def test_the_samples_of_cpython_are_shown_and_given_back(ada: Owner, deliver: Deliver) -> None:
    for path in samples():
        raw = path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        await deliver(raw, ADA)
        line = await ada.newest()
        opened = await service.open_message(ada.platform, ada.actor, line.message_id)
        assert opened.text is not None or opened.html or opened.enclosed or line.summary.attachments, path.name
        assert await ada.original(line) == raw, path.name
        for attachment in line.summary.attachments:
            assert len(await ada.attachment(line, attachment.ordinal)) == attachment.size, path.name


async def test_the_counters_tell_what_is_held(ada: Owner, deliver: Deliver) -> None:
    for _ in range(3):
        await deliver(with_attachment(os.urandom(200_000)), ADA)
    async with ada.platform.db.connection() as conn:
        unread = await filing.counts(conn, ada.account.account_id)
        row = await (await conn.execute("SELECT sum(message_count), sum(stored_bytes) FROM account_usage")).fetchone()
        sealed = await (await conn.execute("SELECT sum(stored_size) FROM blobs")).fetchone()
    assert unread.inbox == 3
    assert row is not None
    assert sealed is not None
    stored = [info.size async for info in ada.platform.blobs.list()]
    assert row[0] == 3
    assert sum(stored) == sealed[0]
    assert sealed[0] < row[1] < sealed[0] + 10_000


async def test_the_snippet_is_short_and_the_subject_is_cut(ada: Owner, deliver: Deliver) -> None:
    await deliver(b"Subject: " + b"s" * 50_000 + b"\r\n\r\n" + b"w" * 5000, ADA)
    summary = (await ada.newest()).summary
    assert len(summary.subject) == headers.MAX_VALUE_CHARS
    assert len(summary.snippet) == shown.MAX_SNIPPET_CHARS
