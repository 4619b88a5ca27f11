"""Work that grows with the square of the input: one piece, repeated twice as often, must cost about twice as much.

Measured in processor time, so a busy machine does not matter, and only told where a megabyte would take many seconds.
"""

import re
import time
from collections.abc import Callable, Mapping

from app.core.messages import flowed, headers, plain, read, urls, words
from app.core.messages.charsets import decode
from app.core.messages.folding import spelled_words
from app.core.messages.html import sanitise
from app.core.messages.html.styles import StyleCleaner
from app.core.messages.invitations import read_calendar
from app.core.messages.model import Correspondent, Layout
from app.core.messages.tnef.rtf import read_rtf
from app.web.text import folded_text
from tests.fuzz.target import Tape, Target

_NOTHING_CUT = Layout(marker="", cuts=(), blobs=())
_LENGTH = 64 * 1024
_MOST_SECONDS = 0.4
"""Of an input of 64 KiB, some of which the instrumentation takes: twenty times what the slowest reader needs."""
_GROWTH = 3.0
"""Of the time, from one length to twice that: 2 where it is linear, 4 where it is the square."""


def _addresses(text: str) -> None:
    words.addresses([Correspondent(text, text)])
    words.address_in(text)


def _styles(text: str) -> None:
    StyleCleaner().sheet(text)
    StyleCleaner().attribute(text)


def _text(work: Callable[[str], object]) -> Callable[[bytes], object]:
    return lambda data: work(data.decode("utf-8", "replace"))


def _message(data: bytes) -> None:
    message = read.read(re.sub(rb"\r\n|\r|\n", b"\r\n", data), _NOTHING_CUT).message
    for name in ("From", "To", "References"):
        headers.correspondents(message, name)
    headers.all_headers(message)
    headers.sent_at(message)


_READERS: Mapping[str, Callable[[bytes], object]] = {
    "message": _message,
    "html": _text(sanitise),
    "plain": _text(plain.from_html),
    "styles": _text(_styles),
    "page": _text(folded_text),
    "flowed": _text(flowed.unflowed),
    "words": _text(words.split),
    "spelled": _text(spelled_words),
    "addresses": _text(_addresses),
    "urls": _text(urls.clean),
    "calendar": _text(read_calendar),
    "rtf": read_rtf,
    "utf-7": lambda data: decode(data, "utf-7"),
    "iso-2022-jp": lambda data: decode(data, "iso-2022-jp"),
}
_NAMES = tuple(_READERS)


def check(data: bytes) -> None:
    tape = Tape(data)
    name = tape.pick(_NAMES)
    front, _, rest = tape.rest().partition(b"\xfe")
    piece, _, end = rest.partition(b"\xfe")
    if piece and _seconds(name, front, piece, end, _LENGTH) > _MOST_SECONDS:
        half, whole = (min(_seconds(name, front, piece, end, size) for _ in "123") for size in (_LENGTH // 2, _LENGTH))
        assert whole < _MOST_SECONDS or whole < _GROWTH * half, (
            f"{name}: {half:.3f} s, and {whole:.3f} s for twice that"
        )


def _seconds(name: str, front: bytes, piece: bytes, end: bytes, size: int) -> float:
    data = front + piece * (size // len(piece)) + end
    begun = time.process_time()
    _READERS[name](data)
    return time.process_time() - begun


def _seed(name: str, front: bytes, piece: bytes, end: bytes = b"") -> bytes:
    return bytes([_NAMES.index(name)]) + front + b"\xfe" + piece + b"\xfe" + end


TARGET = Target(
    check=check,
    seeds=(
        _seed(
            "message", b"Content-Type: multipart/mixed; boundary=b\n\n", b"--b\nContent-Type: text/plain; name=a\n\nx\n"
        ),
        _seed("message", b"To: ", b'"a" (b) <c@d>, ', b"\n\n"),
        _seed("message", b"References: ", b"<a@b>\n ", b"\n\n"),
        _seed("html", b"<table>", b"<td><p style='color:red'>a</p>", b"</table>"),
        _seed("plain", b"", b"<div><b>a</b></div>"),
        _seed("styles", b"p{", b"color:rgb(1,2,3);", b"}"),
        _seed("page", b"", b"> https://a.example/(x)\nno\n"),
        _seed("flowed", b"", b"> a \n>> b\n"),
        _seed("words", b"", b"gr\xc3\xbc\xc3\x9fe \xe6\xbc\xa2\xe5\xad\x97 "),
        _seed("addresses", b"", b"ada@example.org "),
        _seed("urls", b"https://a.example/?", b"utm_source=x&a=b&"),
        _seed("calendar", b"BEGIN:VCALENDAR\nBEGIN:VEVENT\n", b"ATTENDEE;CN=a:mailto:a@b\n"),
        _seed("rtf", b"{\\rtf1 ", b"{\\b a\\'e9\\u8364 ?\\par}", b"}"),
        _seed("utf-7", b"", b"+AGEAYg- "),
    ),
    tokens=(
        *(
            b"\xfe",
            b"<p>",
            b"<table>",
            b"<a>",
            b"<b>",
            b"<!--",
            b"<svg>",
            b" a=1",
            b"(",
            b"[",
            b"{",
            b'"',
            b"'",
            b"\\",
            b"\n ",
        ),
        *(
            b"=?utf-8?Q?a?=",
            b"=?",
            b";",
            b",",
            b"<",
            b">",
            b"@",
            b"a",
            b"\n",
            b"\r",
            b"--b\n",
            b"/*",
            b"calc(",
            b"@media ",
            b"&",
        ),
        *(
            b"https://",
            b")",
            b"> ",
            b"BEGIN:VEVENT\n",
            b"\xcc\x81",
            b"\xe1\x84\x80",
            b"{\\fonttbl",
            b"\\uc9 ",
            b"+2AA",
            b"\x1b$B",
        ),
        *(
            b"message/rfc822",
            b"message/delivery-status",
            b"Content-Type: ",
            b"To: ",
            b"; name*0=a",
            b"text/calendar",
            b"\xff",
        ),
    ),
    max_len=400,
    is_timed=True,
)
