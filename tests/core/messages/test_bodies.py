from typing import Any

import pytest

from app.core.messages import read
from app.core.messages.model import Layout
from app.core.messages.parts import Leaf
from tests.core.messages.letters import BOUNCE, multipart

NOTHING_CUT = Layout(marker="", cuts=(), blobs=())
PLAIN = b"\r\nplain"
HTML = b"Content-Type: text/html\r\n\r\n<p>html</p>"
BLANK = b"\r\n \r\n\xc2\xa0\r\n"
NO_HTML = b"Content-Type: text/html\r\n\r\n<html><head><title>x</title></head><body>&nbsp;</body></html>"
FOOTER = b"\r\nfooter"
PICTURE = b"Content-Type: image/png; name=a.png\r\nContent-ID: <a>\r\n\r\nbits"
FILE = b"Content-Type: application/pdf; name=a.pdf\r\nContent-Disposition: attachment\r\n\r\nbits"
NAMED = b"Content-Type: text/plain; name=a.txt\r\n\r\nnamed"
CALENDAR = b"Content-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR"
ENRICHED = b"Content-Type: text/enriched\r\n\r\n<bold>rich</bold>"
WATCH = b"Content-Type: text/watch-html\r\n\r\n<b>tiny</b>"
AMP = b"Content-Type: text/x-amp-html\r\n\r\n<html amp4email>"
PATCH = b"Content-Type: text/x-patch\r\n\r\n+new"

STATUS_IN_BASE64 = (
    b"Content-Type: message/delivery-status\r\nContent-Transfer-Encoding: base64\r\n\r\nQWN0aW9uOiBmYWlsZWQ="
)


def contents(leaves: tuple[Leaf, ...]) -> list[bytes]:
    return [b"".join(piece for piece in leaf.pieces if isinstance(piece, bytes)).strip() for leaf in leaves]


def alternative(*parts: bytes) -> bytes:
    return multipart(*parts, kind=b"alternative", boundary=b"alt")


def related(*parts: bytes, parameters: bytes = b"") -> bytes:
    return multipart(*parts, kind=b"related" + parameters, boundary=b"rel")


@pytest.mark.parametrize(
    ("raw", "text", "html"),
    [
        (alternative(PLAIN, HTML), [b"plain"], [b"<p>html</p>"]),
        (alternative(HTML, PLAIN), [b"plain"], [b"<p>html</p>"]),
        (alternative(BLANK, HTML), [], [b"<p>html</p>"]),
        (alternative(PLAIN, NO_HTML), [b"plain"], []),
        (alternative(PLAIN, HTML, CALENDAR), [b"plain"], [b"<p>html</p>"]),
        (alternative(PLAIN, WATCH, HTML, AMP), [b"plain"], [b"<p>html</p>"]),
        (alternative(PLAIN, ENRICHED), [b"plain"], []),
        (alternative(ENRICHED), [b"<bold>rich</bold>"], []),
        (alternative(PLAIN, related(HTML, PICTURE)), [b"plain"], [b"<p>html</p>"]),
        (alternative(PLAIN, multipart(HTML, FILE, HTML)), [b"plain"], [b"<p>html</p>", b"<p>html</p>"]),
        (alternative(multipart(PLAIN, HTML), HTML), [b"plain", b"<p>html</p>"], [b"<p>html</p>"]),
        (alternative(NAMED, HTML.replace(b"html\r", b"html; name=x.html\r")), [b"named"], [b"<p>html</p>"]),
        (alternative(BLANK, NO_HTML), [b"\xc2\xa0"], [NO_HTML.partition(b"\r\n\r\n")[2]]),
        (multipart(PLAIN, FOOTER), [b"plain", b"footer"], []),
        (multipart(PLAIN, PICTURE, FOOTER), [b"plain", b"footer"], []),
        (multipart(HTML, FOOTER), [], [b"<p>html</p>", b"footer"]),
        (multipart(BLANK, HTML), [], [b"\xc2\xa0", b"<p>html</p>"]),
        (multipart(PLAIN, HTML), [b"plain", b"<p>html</p>"], [b"plain", b"<p>html</p>"]),
        (multipart(alternative(PLAIN, HTML), FOOTER), [b"plain", b"footer"], [b"<p>html</p>", b"footer"]),
        (multipart(PLAIN, NAMED, FILE), [b"plain"], []),
        (multipart(NAMED, FILE), [b"named"], []),
        (multipart(PLAIN, PATCH, CALENDAR), [b"plain", b"+new"], []),
        (multipart(FILE, PICTURE), [], []),
        (multipart(PLAIN, FOOTER, kind=b"parallel"), [b"plain", b"footer"], []),
        (multipart(PLAIN, FOOTER, kind=b"never-heard-of"), [b"plain", b"footer"], []),
        (related(HTML, PICTURE), [], [b"<p>html</p>"]),
        (related(PICTURE, HTML), [], [b"<p>html</p>"]),
        (related(HTML, b"Content-ID: <r>\r\n" + PLAIN, parameters=b'; start="<r>"'), [b"plain"], []),
        (related(HTML, PLAIN, parameters=b'; start="<gone>"'), [], [b"<p>html</p>"]),
        (multipart(PLAIN, b"Content-Type: application/pgp-signature\r\n\r\nx", kind=b"signed"), [b"plain"], []),
        (
            BOUNCE,
            [
                b"Your message did not arrive.",
                b"Reporting-MTA: dns; far.example",
                b"Final-Recipient: rfc822; gone@far.example\r\nAction: failed\r\nStatus: 5.1.1",
            ],
            [],
        ),
        (
            multipart(PLAIN, b"Content-Type: message/disposition-notification\r\n\r\nDisposition: displayed\r\n"),
            [b"plain", b"Disposition: displayed"],
            [],
        ),
        (multipart(STATUS_IN_BASE64), [b"QWN0aW9uOiBmYWlsZWQ="], []),
    ],
)
def test_what_is_shown_is_chosen_by_the_tree(raw: bytes, text: list[bytes], html: list[bytes]) -> None:
    found = read.read(b"Subject: x\r\n" + raw, NOTHING_CUT)
    assert (contents(found.text), contents(found.html)) == (text, html)
    shown = {leaf.ordinal for leaf in found.text + found.html}
    assert not shown & {leaf.ordinal for leaf in found.attachments}


def test_html_alone_among_texts_makes_the_html_come_first() -> None:
    assert read.read(multipart(PLAIN, HTML), NOTHING_CUT).is_html_first
    assert not read.read(multipart(alternative(PLAIN, HTML), FOOTER), NOTHING_CUT).is_html_first


@pytest.mark.parametrize(
    ("content", "encoding", "is_blank"),
    [
        (b"  =20=0D=0A", b"quoted-printable", True),
        (b"CgogIA==", b"base64", True),
        (b"CgogIHg=", b"base64", False),
        (b"<p>&nbsp;</p><!-- words -->", b"7bit", True),
        (b"<p><img src=cid:a></p>", b"7bit", False),
        (b" " * 5000, b"7bit", False),
    ],
)
def test_blank_parts_are_told_by_their_content(content: bytes, encoding: bytes, *, is_blank: bool) -> None:
    html = b"Content-Type: text/html\r\nContent-Transfer-Encoding: " + encoding + b"\r\n\r\n" + content
    found = read.read(alternative(PLAIN, html), NOTHING_CUT)
    assert (found.html == ()) is is_blank


def test_a_part_in_thirty_multiparts_is_still_chosen() -> None:
    raw: Any = PLAIN
    for depth in range(60):
        raw = multipart(raw, boundary=b"b%d" % depth)
    assert contents(read.read(raw, NOTHING_CUT).text) == [b"plain"]
