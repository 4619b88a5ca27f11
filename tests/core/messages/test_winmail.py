from email.message import EmailMessage

import pytest

from app.core.messages import images, service, winmail
from app.core.messages.model import Layout, Summary
from app.core.messages.objects import StoredCuts
from app.core.messages.read import read
from app.core.messages.words import of_message
from app.errors import NotFound
from app.lib.times import utc_now
from tests.core.conftest import Deliver, Owner
from tests.core.messages.test_receive import ADA
from tests.core.messages.tnef_writer import BODY, HTML, INTEGER, STRING, UNICODE, file, message, prop, stream

PIXEL = b"\x89PNG\r\n\x1a\n" + bytes(20)
PACKED = stream(
    message(
        prop(BODY, UNICODE, "Unpacked gr\u00fc\u00dfe"),
        prop(HTML, 0x102, b'<p>Unpacked <img src="cid:p@x"></p>'),
        prop(0x3FDE, INTEGER, 65001),
    ),
    file(b"REPORT~1.PDF", b"%PDF-1.7", prop(0x3707, UNICODE, "Report \u65e5\u672c.pdf")),
    file(b"p.png", PIXEL, prop(0x3712, STRING, "p@x"), prop(0x370E, STRING, "image/png")),
    file(b"../../run.exe\x01", b"MZ", prop(0x370E, STRING, "nonsense; x")),
)


def letter(packed: bytes = PACKED, text: str | None = None, content_type: str = "application/ms-tnef") -> bytes:
    found = EmailMessage()
    found["From"] = "Ada <ada@x.example>"
    found["Subject"] = "Packed"
    if text is not None:
        found.set_content(text)
    maintype, _, subtype = content_type.partition("/")
    found.add_attachment(packed, maintype=maintype, subtype=subtype, filename="winmail.dat")
    return found.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


@pytest.mark.parametrize("is_big", [False, True])
@pytest.mark.parametrize("text", [None, "\n", "The text that it has."])
async def test_what_is_packed_is_listed_shown_and_handed_out(
    ada: Owner, deliver: Deliver, text: str | None, is_big: bool
) -> None:
    packed = PACKED + file(b"big.bin", bytes(range(256)) * 2000) if is_big else PACKED
    await deliver(letter(packed, text), ADA)
    line = await ada.newest()
    assert bool(line.summary.layout.cuts) is is_big
    leaf, *members = line.summary.attachments
    assert (leaf.filename, leaf.content_type) == ("winmail.dat", "application/ms-tnef")
    first = 1000 * (leaf.ordinal + 1)
    assert [(one.ordinal, one.filename, one.content_type, one.size) for one in members[:3]] == [
        (first, "Report \u65e5\u672c.pdf", "application/pdf", 8),
        (first + 1, "p.png", "image/png", len(PIXEL)),
        (first + 2, "run.exe", "application/octet-stream", 2),
    ]
    assert len(members) == 3 + is_big
    assert await ada.attachment(line, leaf.ordinal) == packed
    assert await ada.attachment(line, first) == b"%PDF-1.7"
    assert await ada.attachment(line, first + 1) == PIXEL
    if is_big:
        assert await ada.attachment(line, first + 3) == bytes(range(256)) * 2000
    opened = await service.open_message(ada.platform, ada.actor, line.message_id)
    assert opened.attachments == line.summary.attachments
    if text == "The text that it has.":
        assert (opened.text, opened.html) == ("The text that it has.\r\n", None)
        assert line.summary.snippet == "The text that it has."
    else:
        assert opened.text == "Unpacked gr\u00fc\u00dfe"
        assert opened.html == '<p>Unpacked <img src="cid:p@x"></p>'
        assert line.summary.snippet == "Unpacked gr\u00fc\u00dfe"


async def test_members_have_links_and_pictures_of_their_own(ada: Owner, deliver: Deliver) -> None:
    await deliver(letter(), ADA)
    line, now = await ada.newest(), utc_now()
    opened = await service.open_message(ada.platform, ada.actor, line.message_id)
    for listed, link in zip(
        line.summary.attachments, service.attachment_links(ada.platform, ada.actor, line, now=now), strict=True
    ):
        content = await service.linked_attachment(ada.platform, link.url.rpartition("/")[2], now=now)
        assert content.filename == listed.filename
        assert len(b"".join([chunk async for chunk in content.stream])) == listed.size
    shown = images.paths(ada.platform, ada.actor, opened, now=now)
    picture = await images.picture(ada.platform, shown["cid:p@x"].rpartition("/")[2], now=now)
    assert (picture.content_type, b"".join([chunk async for chunk in picture.stream])) == ("image/png", PIXEL)
    for wrong in (3, 999):
        with pytest.raises(NotFound):
            await ada.attachment(line, line.summary.attachments[1].ordinal + wrong)


@pytest.mark.parametrize("packed", [b"", b"no TNEF", PACKED[:4], b"\x78\x9f\x3e\x22" + bytes(2000)])
async def test_what_is_no_tnef_is_one_file(ada: Owner, deliver: Deliver, packed: bytes) -> None:
    await deliver(letter(packed), ADA)
    line = await ada.newest()
    assert [one.filename for one in line.summary.attachments] == ["winmail.dat"]
    opened = await service.open_message(ada.platform, ada.actor, line.message_id)
    assert (opened.text, opened.html) == (None, None)
    assert await ada.attachment(line, line.summary.attachments[0].ordinal) == packed


async def test_a_name_is_enough_and_a_stream_inside_an_enclosed_message_is_its(ada: Owner, deliver: Deliver) -> None:
    outer = EmailMessage()
    outer["Subject"] = "Outer"
    outer.set_content("outer words")
    inner = EmailMessage()
    inner["Subject"] = "Inner"
    inner.add_attachment(PACKED, maintype="application", subtype="octet-stream", filename="WINMAIL.DAT")
    outer.add_attachment(inner)
    await deliver(outer.as_bytes().replace(b"\n", b"\r\n"), ADA)
    line = await ada.newest()
    opened = await service.open_message(ada.platform, ada.actor, line.message_id)
    assert opened.text == "outer words\r\n"
    assert opened.attachments == ()
    enclosed = await service.open_enclosed(ada.platform, ada.actor, line.message_id, 0)
    assert enclosed.text == "Unpacked gr\u00fc\u00dfe"
    assert [one.filename for one in enclosed.attachments] == [
        "WINMAIL.DAT",
        "Report \u65e5\u672c.pdf",
        "p.png",
        "run.exe",
    ]


async def test_what_is_too_long_stays_packed(ada: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    layout = Layout("", (), ())
    reading = read(letter(), layout)
    cuts = StoredCuts(ada.platform.blobs, ada.account.account_id, layout)
    assert len(await winmail.unpack(reading, cuts)) == 1
    for limit in (len(PACKED) - 1, 10):
        monkeypatch.setattr(winmail, "MAX_TNEF_BYTES", limit)
        assert await winmail.unpack(reading, cuts) == {}


async def test_names_and_words_inside_are_indexed(ada: Owner) -> None:
    layout = Layout("", (), ())
    reading = read(letter(), layout)
    cuts = StoredCuts(ada.platform.blobs, ada.account.account_id, layout)
    unpacked = await winmail.unpack(reading, cuts)
    listed = [one for leaf in reading.leaves for one in winmail.attachments(leaf, unpacked)]
    summary = Summary(None, (), (), "", "", None, tuple(listed), "", "", None, layout)
    assert {"report", "pdf"} <= set(of_message(summary, "")["filename"])
