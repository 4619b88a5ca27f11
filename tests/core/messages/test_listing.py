"""What a message brings along: roles, and enclosed messages byte for byte, with content in objects, too."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.messages import read, service
from app.core.messages.downloads import span_in_original
from app.core.messages.model import FIRST_ENCLOSED, Layout
from app.errors import NotFound
from tests.core.conftest import Deliver, Owner
from tests.core.messages.letters import INNER, OUTER, multipart
from tests.core.messages.test_receive import ADA

NOTHING_CUT = Layout(marker="", cuts=(), blobs=())
PHOTO = bytes(range(256)) * 1000


def in_lines(data: bytes) -> bytes:
    text = base64.b64encode(data)
    return b"".join(text[start : start + 76] + b"\r\n" for start in range(0, len(text), 76))


def letter(content: bytes, *, subject: bytes = b"photo") -> bytes:
    file = b'Content-Type: image/png; name="photo.png"\r\nContent-Transfer-Encoding: base64\r\n\r\n' + content
    return b"Subject: " + subject + b"\r\n" + multipart(b"\r\nlook", file, boundary=b"in")


ENCLOSED = b"Content-Type: message/rfc822\r\n\r\n"


@pytest.mark.parametrize(
    ("inner", "before", "after"),
    [
        (letter(in_lines(PHOTO)), b"\r\nshort", b"\r\nshort"),
        (b"Content-Transfer-Encoding: base64\r\n\r\n" + in_lines(PHOTO)[:-2], b"\r\nshort", b"\r\nshort"),
        (letter(b"AAAA"), letter(in_lines(PHOTO)).replace(b"=in", b"=i2").replace(b"--in", b"--i2"), letter(b"BBBB")),
        (letter(in_lines(PHOTO)), b"Content-Transfer-Encoding: base64\r\n\r\n" + in_lines(PHOTO), b"\r\nx"),
    ],
)
async def test_an_enclosed_message_is_given_as_it_lay(
    ada: Owner, deliver: Deliver, inner: bytes, before: bytes, after: bytes
) -> None:
    raw = b"Subject: outer\r\n" + multipart(before, ENCLOSED + inner, after, boundary=b"out")
    await deliver(raw, ADA)
    line = await ada.newest()
    (listed,) = [one for one in line.summary.attachments if one.ordinal >= FIRST_ENCLOSED]
    assert listed.size == len(inner)
    assert await ada.attachment(line, listed.ordinal) == inner
    content = await service.enclosed_source(ada.platform, ada.actor, line.message_id, 0)
    assert content.from_to is not None
    part = b"".join([chunk async for chunk in content.from_to(5, len(inner) - 5)])
    assert part == inner[5:-5]
    assert await ada.original(line) == raw


async def test_names_roles_and_words(ada: Owner, deliver: Deliver) -> None:
    await deliver(OUTER, ADA)
    line = await ada.newest()
    listed = [(one.ordinal, one.filename, one.content_type, one.role) for one in line.summary.attachments]
    assert listed == [
        (3, "part-4.png", "image/png", "picture"),
        (4, "map.pdf", "application/pdf", "file"),
        (6, "rent.pdf", "application/pdf", "file"),
        (FIRST_ENCLOSED, "The keys.eml", "message/rfc822", "file"),
    ]
    opened = await service.open_message(ada.platform, ada.actor, line.message_id)
    assert [one.filename for one in opened.attachments] == ["rent.pdf"]
    assert [one.filename for one in opened.enclosed[0].attachments] == ["part-4.png", "map.pdf"]
    inner = await service.open_enclosed(ada.platform, ada.actor, line.message_id, 0)
    assert (inner.itself.size, inner.within) == (len(INNER), None)
    deep = await service.open_enclosed(ada.platform, ada.actor, line.message_id, 1)
    assert (deep.text, deep.within) == ("Where are the keys?", 0)
    for ordinal in (2, -1):
        with pytest.raises(NotFound):
            await service.open_enclosed(ada.platform, ada.actor, line.message_id, ordinal)


async def test_an_encoded_message_is_shown_and_stays_a_file(ada: Owner, deliver: Deliver) -> None:
    encoded = b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(INNER)
    await deliver(multipart(b"\r\nsee", encoded.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"), boundary=b"out"), ADA)
    line = await ada.newest()
    assert [one.filename for one in line.summary.attachments] == ["part-2.eml"]
    assert await ada.attachment(line, 1) == INNER
    inner = await service.open_enclosed(ada.platform, ada.actor, line.message_id, 0)
    assert (inner.itself.subject, inner.itself.size) == ("The keys", None)
    assert inner.text == "The keys lie under the flowerpot."
    deep = await service.open_enclosed(ada.platform, ada.actor, line.message_id, 1)
    assert deep.text == "Where are the keys?"
    for ordinal in (0, 1):
        with pytest.raises(NotFound):
            await service.enclosed_source(ada.platform, ada.actor, line.message_id, ordinal)


async def test_a_logo_alone_is_no_attachment(ada: Owner, deliver: Deliver) -> None:
    html = b"Content-Type: text/html\r\n\r\n<img src='cid:logo'><img src='img/b.png'><img src=''>"
    logo = b"Content-Type: image/png\r\nContent-ID: <logo>\r\n\r\nx"
    other = b"Content-Type: image/png\r\nContent-Location: img/b.png\r\n\r\nx"
    await deliver(multipart(html, logo, other, kind=b"related"), ADA)
    assert [one.role for one in (await ada.newest()).summary.attachments] == ["picture", "picture"]
    await deliver(multipart(html, logo.replace(b"logo", b"unused"), kind=b"related"), ADA)
    assert [one.role for one in (await ada.newest()).summary.attachments] == ["file"]


@pytest.mark.parametrize(
    ("written", "role"),
    [
        (b"<img src='img/b.png?x&amp;y'>", "picture"),
        (b'<img alt="" SRC = "img/b.png?x&y">', "picture"),
        (b"<img src=img/b.png?x&y>", "picture"),
        (b'<a href="img/b.png?x&y">the picture</a>', "file"),
        (b"img/b.png?x&y", "file"),
    ],
)
async def test_a_picture_is_called_by_its_address(ada: Owner, deliver: Deliver, written: bytes, role: str) -> None:
    html = b"Content-Type: text/html\r\n\r\n" + written
    other = b"Content-Type: image/png\r\nContent-Location: img/b.png?x&y\r\n\r\nx"
    await deliver(multipart(html, other, kind=b"related"), ADA)
    assert [one.role for one in (await ada.newest()).summary.attachments] == [role]


def test_messages_in_messages_are_bounded_in_number_and_depth() -> None:
    many = read.read(multipart(*[ENCLOSED + b"Subject: x\r\n\r\ny"] * 500), NOTHING_CUT)
    assert len(list(many.all_enclosed)) == read.MAX_ENCLOSED
    deep = read.read(ENCLOSED * 30 + b"Subject: deep\r\n\r\ny", NOTHING_CUT)
    assert len(list(deep.all_enclosed)) == read.MAX_ENCLOSED_DEPTH


PIECES = [
    b"--b\r\n", b"--b--\r\n", b"--c\r\n", b"\r\n", b"Subject: s\r\n", b"words\r\n", b": x\r\n",
    b"Content-Type: message/rfc822\r\n", b"Content-Type: multipart/digest; boundary=c\r\n",
    b"Content-Type: multipart/mixed; boundary=b\r\n",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=40).map(b"".join))
def test_where_a_message_is_said_to_lie_its_header_lies(raw: bytes) -> None:
    skeleton = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + raw
    found = read.read(skeleton, NOTHING_CUT)
    for enclosed in found.all_enclosed:
        if enclosed.span is not None:
            start, end = span_in_original(enclosed.span, NOTHING_CUT)
            assert 0 <= start <= end <= len(skeleton)
            for name in enclosed.reading.message:
                assert name.encode() in skeleton[start:end]
