"""The text and the HTML of a message put together from the leaves that `bodies` chose, in bounded memory."""

import re
from collections.abc import Mapping, Sequence
from html import escape

from app.core.messages import calendars, content, plain, winmail
from app.core.messages.bodies import is_blank
from app.core.messages.flowed import unflowed
from app.core.messages.objects import StoredCuts
from app.core.messages.parts import Leaf
from app.core.messages.read import Reading
from app.core.messages.tnef import Tnef
from app.lib.aside import aside

MAX_SNIPPET_CHARS = 160
_BETWEEN = "\n\n"
_ENDS = re.compile(r"\s+\Z")


async def bodies(reading: Reading, cuts: StoredCuts, *, limit: int) -> tuple[str | None, str | None, bool]:
    """(the text, the HTML, whether more than `limit` bytes of either were left out); None for what there is not.

    Where the message itself says nothing, what its winmail.dat says.
    """
    if winmail.may_have_body(reading) and all(is_blank(leaf) for leaf in (*reading.text, *reading.html)):
        packed = winmail.body_of(reading, await winmail.unpack(reading, cuts))
        if packed is not None:
            return packed.text or None, packed.html or None, packed.is_truncated
    shown_text, is_text_cut = await text(reading.text, cuts, limit=limit) if reading.text else (None, False)
    shown_html, is_html_cut = await html(reading.html, cuts, limit=limit) if reading.html else (None, False)
    return shown_text, shown_html, is_text_cut or is_html_cut


async def text(leaves: Sequence[Leaf], cuts: StoredCuts, *, limit: int) -> tuple[str, bool]:
    """(the text, whether more than `limit` bytes were left out): paragraphs joined, parts an empty line apart."""
    pieces: list[str] = []
    left = limit
    for leaf in leaves:
        if left <= 0:
            return _BETWEEN.join(pieces), True
        piece, is_cut = await content.text(leaf, cuts, limit=left)
        left = 0 if is_cut else left - len(piece)
        if leaf.content_type == "text/html":
            piece = await aside(len(piece), plain.from_html, piece)
        elif leaf.is_flowed:
            piece = await aside(len(piece), unflowed, piece, has_delsp=leaf.has_delsp)
        pieces.append(piece if len(leaves) == 1 else _ENDS.sub("", piece))
        if is_cut:
            return _BETWEEN.join(pieces), True
    return _BETWEEN.join(piece for piece in pieces if piece or len(pieces) == 1), False


async def html(leaves: Sequence[Leaf], cuts: StoredCuts, *, limit: int) -> tuple[str, bool]:
    """(the HTML as hostile as it came, whether more than `limit` bytes were left out); plain parts are put into it."""
    pieces: list[str] = []
    left = limit
    for leaf in leaves:
        if left <= 0:
            return "".join(pieces), True
        piece, is_cut = await content.text(leaf, cuts, limit=left)
        left = 0 if is_cut else left - len(piece)
        if leaf.content_type != "text/html":
            if leaf.is_flowed:
                piece = await aside(len(piece), unflowed, piece, has_delsp=leaf.has_delsp)
            piece = f'<div style="white-space:pre-wrap">{escape(piece.strip(), quote=False)}</div>'
        pieces.append(piece if len(leaves) == 1 else f"<div>{piece}</div>")
        if is_cut:
            return "".join(pieces), True
    return "".join(pieces), False


async def words(reading: Reading, cuts: StoredCuts, *, limit: int, unpacked: Mapping[int, Tnef] | None = None) -> str:
    """The text to find the message by: its own, else that of its HTML or of its winmail.dat (`unpacked` if that was
    done already), then what its invitations say, then all of that of the messages enclosed in it.
    """
    found = await _words(reading, cuts, limit, unpacked)
    for enclosed in reading.all_enclosed:
        if len(found) >= limit:
            break
        inner = await _words(enclosed.reading, cuts, limit - len(found), unpacked)
        found = f"{found}\n{inner}" if found.strip() else inner
    return found


def snippet(body: str) -> str:
    """The first 160 characters of a text, its white space as single spaces."""
    return " ".join(body[: MAX_SNIPPET_CHARS * 8].split())[:MAX_SNIPPET_CHARS]


async def _words(reading: Reading, cuts: StoredCuts, limit: int, unpacked: Mapping[int, Tnef] | None) -> str:
    found = await _own_words(reading, cuts, limit, unpacked)
    events = calendars.words(await calendars.invitations(reading, cuts))
    return f"{found}\n{events}"[:limit] if events and found.strip() else events or found


async def _own_words(reading: Reading, cuts: StoredCuts, limit: int, unpacked: Mapping[int, Tnef] | None) -> str:
    found = ""
    if reading.text:
        found, _ = await text(reading.text, cuts, limit=limit)
    if not found.strip() and reading.html:
        markup = (await html(reading.html, cuts, limit=limit))[0]
        found = await aside(len(markup), plain.from_html, markup)
    if not found.strip() and winmail.may_have_body(reading):
        packed = winmail.body_of(reading, await winmail.unpack(reading, cuts) if unpacked is None else unpacked)
        if packed is not None:
            found = packed.text if packed.text.strip() else await aside(len(packed.html), plain.from_html, packed.html)
    return found
