"""The reader: any message gives a summary that can be stored and pages that can be shown, cut or not cut alike."""

import re
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any, TypeVar
from unittest.mock import patch

import msgspec

from app.core.messages import base64_lines, content, cut, headers, opening, read, receive, words
from app.core.messages.cut import CutMessage, Cutter
from app.core.messages.envelope import Envelope
from app.core.messages.model import Layout, MessageLine, Summary
from app.core.messages.objects import StoredCuts
from app.core.messages.read import Leaf, Reading
from app.core.threads import refs
from app.lib.ids import new_id
from app.vault import blind
from tests.fuzz import samples
from tests.fuzz.target import Target, finish

T = TypeVar("T")

_KEY = bytes(32)
_LINE_END = re.compile(rb"\r\n|\r|\n")
_SMALL: dict[str, Any] = {"MAX_WIDTH": 76, "MIN_RUN": 256, "_STEP": 128}
_CUTTER: dict[str, Any] = {"MIN_RUN": 256, "_WINDOW": 1024, "GRACE": 256}
_TEXT_TOO = {**_CUTTER, "SKELETON_EASY": 512, "SKELETON_MOST": 4096}
_NOTHING_CUT = Layout(marker="", cuts=(), blobs=())
_ENVELOPE = Envelope(sender="", tls=None)
_ID = new_id()
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Summary).decode


class _Blob:
    def __init__(self) -> None:
        self.data = b""

    async def write(self, data: bytes) -> None:
        self.data += data

    async def commit(self) -> None:
        pass

    async def abort(self) -> None:
        raise AssertionError("nothing failed")


class _Cuts(StoredCuts):
    """Cuts whose blobs stay in memory."""

    def __init__(self, layout: Layout, blobs: list[_Blob]) -> None:
        super().__init__(None, new_id(), layout)  # type: ignore[arg-type]  # no store is asked
        self._blobs = blobs

    async def open(self, ordinal: int) -> AsyncIterator[bytes]:
        yield self._blobs[ordinal].data


async def _at_once(work: Callable[..., T], *args: Any) -> T:  # noqa: ANN401 - as asyncio.to_thread
    return work(*args)


@patch("asyncio.to_thread", _at_once)  # a change of thread for each input would halve what is tried
def check(data: bytes) -> None:
    message = _LINE_END.sub(b"\r\n", data)  # nothing else passes SMTP
    _read(message, _Cuts(_NOTHING_CUT, []))
    with patch.multiple(base64_lines, **_SMALL), patch.multiple(cut, **_CUTTER):
        result, blobs = finish(_cut(message))
    if result.cuts:
        # Enclosed messages that were encoded are looked into only where nothing was cut out of them.
        with patch.object(read, "MAX_DECODED_BYTES", 0):
            whole = _read(message, _Cuts(_NOTHING_CUT, []))
            parts = _read(result.skeleton, _Cuts(Layout(marker=result.marker, cuts=result.cuts, blobs=()), blobs))
        for one, other in zip(parts, whole, strict=True):
            assert one == other, f"a message reads differently when it is cut: {one!r}, not {other!r}"
    with patch.multiple(base64_lines, **_SMALL), patch.multiple(cut, **_TEXT_TOO):
        result, blobs = finish(_cut(message))
    if result.cuts:
        _read(result.skeleton, _Cuts(Layout(marker=result.marker, cuts=result.cuts, blobs=()), blobs))


async def _cut(message: bytes) -> tuple[CutMessage, list[_Blob]]:
    blobs: list[_Blob] = []

    async def open_blob() -> _Blob:
        blobs.append(_Blob())
        return blobs[-1]

    cutter = Cutter(open_blob)
    await cutter.write(message)
    return await cutter.finish(), blobs


def _read(skeleton: bytes, cuts: _Cuts) -> list[object]:
    """What a reader sees of it, after the checks that hold for every message."""
    reading = read.read(skeleton, cuts._layout)
    assert len(reading.leaves) >= 1
    head = headers.head(reading.message)
    summary, body = finish(receive.summarise(reading, head, _ENVELOPE, cuts._layout, cuts))
    assert _decode(_encode(summary)) == summary
    blind.tokens(_KEY, words.of_message(summary, body))
    ties = refs.of_message(reading.message, summary.subject)
    assert len(ties.ids) <= refs.MAX_REFS + 1
    shown = headers.all_headers(reading.message)
    msgspec.json.encode((shown, headers.correspondents(reading.message, "Reply-To"), body))
    page = _page(reading, summary, cuts)
    return [ties, shown, _without_cuts(summary), page, *(_content(leaf, cuts) for leaf in _leaves(reading))]


def _page(reading: Reading, summary: Summary, cuts: _Cuts) -> object:
    """What its page and those of the messages inside it show; all of it can be written."""
    line = _line(summary)
    opened = [finish(opening.opened(line, reading, cuts))]
    opened += [finish(opening.opened_enclosed(line, reading, cuts, one.ordinal)) for one in reading.all_enclosed]
    shown = [(one.text, one.html, one.is_truncated, one.invitations, len(one.attachments)) for one in opened]
    msgspec.json.encode((shown, [(one.headers, one.notes, one.enclosed) for one in opened]))
    return shown


def _line(summary: Summary) -> MessageLine:
    return MessageLine(
        message_id=_ID,
        thread_id=_ID,
        alias_id=_ID,
        alias_address="",
        folder="inbox",
        is_read=False,
        is_starred=False,
        received_at=datetime(2026, 3, 31, tzinfo=UTC),
        size=0,
        summary=summary,
        message_key=b"",
    )


def _leaves(reading: Reading) -> list[Leaf]:
    return sorted(reading.leaves, key=lambda leaf: leaf.ordinal)


def _without_cuts(summary: Summary) -> object:
    attachments = [msgspec.structs.replace(one, cut=-1) for one in summary.attachments]
    return msgspec.to_builtins(msgspec.structs.replace(summary, attachments=tuple(attachments), layout=_NOTHING_CUT))


def _content(leaf: Leaf, cuts: _Cuts) -> tuple[str, bytes]:
    async def collected() -> bytes:
        return b"".join([chunk async for chunk in content.stream(leaf, cuts)])

    data = finish(collected())
    size = content.size(leaf)
    assert size is None or size == len(data), "the size told is not the content's"
    text, _ = finish(content.text(leaf, cuts, limit=1000))
    text.encode()
    return leaf.content_type, data


TARGET = Target(
    check=check,
    seeds=samples.MESSAGES,
    tokens=(
        *(
            b"Content-Type: ",
            b"multipart/mixed; boundary=b\n",
            b"\n--b\n",
            b"\n--b--\n",
            b"message/rfc822\n\n",
            b"text/html",
        ),
        *(
            b"Content-Transfer-Encoding: base64\n\n",
            b"quoted-printable\n\n",
            b"x-uuencode\n\n",
            b"=?utf-8?B?",
            b"=?utf-8?Q?",
        ),
        *(b"?=", b"=?", b"; charset=", b"utf-7", b"iso-2022-jp", b"gb18030", b"utf-16", b"hz", b"; name*0*=utf-8''%E2"),
        *(
            b"; filename=",
            b"; name=",
            b'"',
            b"\\",
            b"\n ",
            b"\n\t",
            b"\n\n",
            b"\n",
            b":",
            b";",
            b"=",
            b"<",
            b">",
            b"(",
            b")",
        ),
        *(
            b"\xff",
            b"\xc3\xa9",
            b"\x00",
            b"+2AA-",
            b"+AGE-",
            b"\x1b$B",
            b"References: ",
            b"<a@b>",
            b"Date: ",
            b"Subject: ",
        ),
        *(
            b"QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAxMjM0\n" * 5,
            b"QUI=\n",
            b"begin 644 a\n",
        ),
        *(
            b"restante-cut-0-0\n",
            b"From ",
            b"Content-Disposition: attachment",
            b"multipart/alternative",
            b"text/calendar",
        ),
        *(
            b"multipart/related",
            b"multipart/signed",
            b"multipart/digest",
            b"message/partial",
            b"; type=",
            b"format=flowed",
        ),
    ),
)
