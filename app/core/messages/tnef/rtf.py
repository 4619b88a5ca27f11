"""RTF bodies of Outlook: back to the HTML they were made of (MS-OXRTFEX), else to plain text.

One pass over the tokens; pictures, fonts and styles are passed over. What is broken gives what came before it.
"""

import re
from dataclasses import dataclass, replace

from app.core.messages.charsets import decode
from app.core.messages.tnef import codepages

_TOKEN = re.compile(
    rb"\\([a-z]{1,32})(-?[0-9]{1,10})?[ ]?|\\'([0-9a-f]{2})|\\(.)|([{}])|([^\\{}\r\n]+)|[\r\n]+",
    re.IGNORECASE | re.DOTALL,
)
_DEEPEST = 500
_MAX_FONTS = 1000
_SKIPPED = frozenset(
    """annotation colortbl filetbl footer footerf footerl footerr footnote header headerf headerl headerr info object
    pict stylesheet tc xe""".split()
)
_CHARACTERS = {
    "bullet": "\u2022",
    "cell": "\t",
    "emdash": "\u2014",
    "emspace": "\u2003",
    "endash": "\u2013",
    "enspace": "\u2002",
    "ldblquote": "\u201c",
    "line": "\r\n",
    "lquote": "\u2018",
    "page": "\r\n",
    "par": "\r\n",
    "rdblquote": "\u201d",
    "row": "\r\n",
    "rquote": "\u2019",
    "sect": "\r\n",
    "tab": "\t",
}
_SYMBOLS = {"\n": "\r\n", "\r": "\r\n", "-": "\u00ad", "\\": "\\", "_": "\u2011", "{": "{", "}": "}", "~": "\u00a0"}


@dataclass(slots=True)
class _Group:
    """What holds until the group's closing brace."""

    is_skipped: bool = False
    is_tag: bool = False
    """Inside the HTML that was kept (`\\*\\htmltag`)."""
    is_rtf_only: bool = False
    """Made for RTF, not in the HTML (`\\htmlrtf`)."""
    is_font_table: bool = False
    unicode_skip: int = 1
    """Characters after each `\\u` for programs that do not know it."""
    label: str | None = None


def read_rtf(rtf: bytes) -> tuple[str, bool]:
    """(the text, whether it is HTML). Linear in the RTF, which its caller bounds."""
    reader = _Reader()
    reader.read(rtf)
    return reader.result(), reader.is_html


class _Reader:
    """The state between two tokens."""

    def __init__(self) -> None:
        self.is_html = False
        self._group = _Group()
        self._stack: list[_Group] = []
        self._default: str | None = "cp1252"
        self._fonts: dict[int, str | None] = {}
        self._font = 0
        self._is_starred = False
        self._skip = 0
        self._pieces: list[str] = []
        self._pending = bytearray()
        self._pending_label: str | None = None

    def read(self, rtf: bytes) -> None:
        """Go through all tokens."""
        at = 0
        while (token := _TOKEN.match(rtf, at)) is not None:
            at = token.end()
            word, argument, octet, symbol, brace, raw = token.groups()
            if word is not None:
                name = word.decode().lower()
                value = int(argument) if argument else None
                if name == "bin":
                    at += max(0, value or 0)
                else:
                    self._word(name, value)
            elif octet is not None:
                self._octets(bytes((int(octet, 16),)))
            elif symbol is not None:
                self._symbol(symbol.decode("latin-1"))
            elif brace is not None:
                if not self._brace(is_open=brace == b"{"):
                    return
            elif raw is not None:
                self._octets(raw)

    def result(self) -> str:
        """All text; halves of surrogate pairs that found no other half are replaced."""
        self._flush()
        whole = "".join(self._pieces).replace("\x00", "")
        return whole.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")

    def _brace(self, *, is_open: bool) -> bool:
        """Whether to read on."""
        self._skip, self._is_starred = 0, False
        if is_open:
            self._stack.append(self._group)
            self._group = replace(self._group)
            return len(self._stack) < _DEEPEST
        if not self._stack:
            return False
        self._group = self._stack.pop()
        return bool(self._stack)

    def _word(self, name: str, value: int | None) -> None:
        group = self._group
        if self._is_starred:
            self._is_starred = False
            group.is_tag = name == "htmltag" and self.is_html
            group.is_skipped = not group.is_tag
        elif name == "u":
            self._text(chr((value or 0) & 0xFFFF))
            self._skip = group.unicode_skip
        elif name in _CHARACTERS:
            if not self._passed_over():
                self._text(_CHARACTERS[name])
        elif name in _SKIPPED:
            group.is_skipped = True
        elif name == "htmlrtf":
            group.is_rtf_only = value != 0
        elif name == "fromhtml":
            self.is_html = value != 0
        else:
            self._character_word(name, max(value or 0, 0))

    def _character_word(self, name: str, value: int) -> None:
        """Words that say which characters the octets are."""
        group = self._group
        if name == "fonttbl":
            group.is_skipped = group.is_font_table = True
        elif name == "f":
            self._font = value
            if not group.is_font_table:
                group.label = self._fonts.get(value)
        elif name == "fcharset" and group.is_font_table and len(self._fonts) < _MAX_FONTS:
            self._fonts[self._font] = codepages.label_of_charset(value)
        elif name == "plain":
            group.label = None
        elif name == "ansicpg":
            self._default = codepages.label(value) or self._default
        elif name == "uc":
            group.unicode_skip = min(value, 10)

    def _symbol(self, symbol: str) -> None:
        if symbol == "*":
            self._is_starred = True
        elif symbol in _SYMBOLS and not self._passed_over():
            self._text(_SYMBOLS[symbol])

    def _octets(self, raw: bytes) -> None:
        if self._skip:
            passed = min(self._skip, len(raw))
            self._skip -= passed
            raw = raw[passed:]
        self._is_starred = False
        if raw and not self._is_hidden():
            label = self._group.label or self._default
            if label != self._pending_label:
                self._flush()
                self._pending_label = label
            self._pending += raw

    def _text(self, text: str) -> None:
        if not self._is_hidden():
            self._flush()
            self._pieces.append(text)

    def _passed_over(self) -> bool:
        """Whether the token is one of those that stand for a character that was given already."""
        if self._skip:
            self._skip -= 1
            return True
        return False

    def _is_hidden(self) -> bool:
        group = self._group
        return group.is_skipped or (self.is_html and group.is_rtf_only and not group.is_tag)

    def _flush(self) -> None:
        if self._pending:
            self._pieces.append(decode(bytes(self._pending), self._pending_label))
            self._pending.clear()
