"""The text and the HTML of a message put together from the leaves that `bodies` chose, in bounded memory."""

import asyncio
import re
from collections.abc import Sequence
from html import escape

from app.core.messages import content, plain
from app.core.messages.flowed import unflowed
from app.core.messages.objects import StoredCuts
from app.core.messages.parts import Leaf
from app.core.messages.read import Reading

_BETWEEN = "\n\n"
_ENDS = re.compile(r"\s+\Z")
_IN_THREAD_FROM = 32 * 1024


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
            piece = await _aside(piece)
        elif leaf.is_flowed:
            piece = unflowed(piece, has_delsp=leaf.has_delsp)
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
            piece = unflowed(piece, has_delsp=leaf.has_delsp) if leaf.is_flowed else piece
            piece = f'<div style="white-space:pre-wrap">{escape(piece.strip(), quote=False)}</div>'
        pieces.append(piece if len(leaves) == 1 else f"<div>{piece}</div>")
        if is_cut:
            return "".join(pieces), True
    return "".join(pieces), False


async def words(reading: Reading, cuts: StoredCuts, *, limit: int) -> str:
    """The text to find the message by: its own, else that of its HTML, then that of the messages enclosed in it."""
    found = await _words(reading, cuts, limit=limit)
    for enclosed in reading.all_enclosed:
        if len(found) >= limit:
            break
        inner = await _words(enclosed.reading, cuts, limit=limit - len(found))
        found = f"{found}\n{inner}" if found.strip() else inner
    return found


async def _words(reading: Reading, cuts: StoredCuts, *, limit: int) -> str:
    if reading.text:
        found, _ = await text(reading.text, cuts, limit=limit)
        if found.strip() or not reading.html:
            return found
    if not reading.html:
        return ""
    markup, _ = await html(reading.html, cuts, limit=limit)
    return await _aside(markup)


async def _aside(markup: str) -> str:
    """The words of HTML, in a thread where that takes longer than the change."""
    return (
        plain.from_html(markup) if len(markup) < _IN_THREAD_FROM else await asyncio.to_thread(plain.from_html, markup)
    )
