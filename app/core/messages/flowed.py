"""Text in format=flowed (RFC 3676): lines that end in a space go on in the next, so that paragraphs fit any width."""

import re
from itertools import groupby

import msgspec

_LINE = re.compile(r"(>*)( ?)(.*)")
SIGNATURE = "-- "
"""The line above a signature (section 4.3), which never flows."""


class _Line(msgspec.Struct, frozen=True):
    depth: int
    text: str

    @property
    def is_flowed(self) -> bool:
        return self.text.endswith(" ") and self.text != SIGNATURE


def unflowed(text: str, *, has_delsp: bool = False) -> str:
    """The text with a line for each paragraph, those quoted n levels deep behind n `>` and a space.

    Takes decoded text with any line ends. With DelSp the space before each joint goes (section 4.2), which languages
    without spaces need. A paragraph ends where the depth of its quote changes, as section 4.5 asks.
    """
    lines = [_parsed(line) for line in re.split(r"\r\n|\r|\n", text)]
    joined: list[str] = []
    for depth, group in groupby(lines, key=lambda line: line.depth):
        prefix = ">" * depth + " " if depth else ""
        joined += [_prefixed(prefix, paragraph) for paragraph in _paragraphs(list(group), has_delsp=has_delsp)]
    return "\n".join(joined)


def _parsed(line: str) -> _Line:
    """Quote marks are counted first, then the one space that was stuffed in goes (section 4.5)."""
    found = _LINE.match(line)
    return _Line(len(found[1]), found[3]) if found else _Line(0, line)


def _paragraphs(lines: list[_Line], *, has_delsp: bool) -> list[str]:
    found: list[str] = []
    open_pieces: list[str] = []
    for line in lines:
        if line.text == SIGNATURE and open_pieces:  # a line that flows into a signature was meant to end
            found.append("".join(open_pieces))
            open_pieces = []
        open_pieces.append(line.text[:-1] if line.is_flowed and has_delsp else line.text)
        if not line.is_flowed:
            found.append("".join(open_pieces))
            open_pieces = []
    return [*found, "".join(open_pieces).rstrip()] if open_pieces else found


def _prefixed(prefix: str, paragraph: str) -> str:
    """A line of its own words that looks like a quote keeps a space before it."""
    if prefix:
        return (prefix + paragraph) if paragraph else prefix.rstrip()
    return f" {paragraph}" if paragraph.startswith(">") else paragraph
