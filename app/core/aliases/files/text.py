"""From the bytes of a file to its rows: encodings, separators, quotes. Knows nothing of aliases. Pure."""

import csv
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator

from app.errors import Invalid

MAX_BYTES = 4 * 1024 * 1024
_SEPARATORS = ",;\t|"
_SEPARATOR_LINE = re.compile(r"\Asep=(.)\r?\n", re.IGNORECASE)
"""Spreadsheets write and read this first line, to tell each other the separator."""
_FEW_BYTES = 200


def decoded(data: bytes) -> str:
    """The text of a file in UTF-8, UTF-16 or Windows-1252. Raises Invalid when it is none or larger than 4 MiB."""
    if len(data) > MAX_BYTES:
        raise _invalid(f"This file is larger than {MAX_BYTES // 1024 // 1024} MiB. Split it and send the parts.")
    for encoding in _encodings(data):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text.removeprefix("\ufeff")
    raise _invalid("This is not a text file. Save the table as CSV, in UTF-8, and send that.")


def rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """(the line it begins in, its cells) of every row that is not empty (RFC 4180; `;`, tab and `|` separate, too).

    The first row decides about the separator. Raises Invalid for quotes that do not end, and for
    cells longer than the csv module reads.
    """
    named = _SEPARATOR_LINE.match(text)
    skipped = 1 if named else 0
    body = text[named.end() :] if named else text
    separator = named[1] if named else _separator(body)
    reader = csv.reader(_lines(body), delimiter=separator, strict=True)
    begins = 1 + skipped
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "field limit" in str(error):
                most = csv.field_size_limit()
                raise _invalid(f"Line {begins} has a cell of more than {most:,} characters.") from None
            fault = f"Line {begins} cannot be read: a quotation mark is missing or stands where none belongs."
            raise _invalid(fault) from None
        if any(cell.strip() for cell in cells):
            yield begins, cells
        begins = reader.line_num + 1 + skipped


def _encodings(data: bytes) -> tuple[str, ...]:
    if data.startswith(BOM_UTF8):
        return ("utf-8",)
    if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return ("utf-16",)
    head = data[:_FEW_BYTES]
    if head[1::2].count(0) * 4 > len(head):  # the high bytes of Latin letters
        return ("utf-16-le",)
    if head[::2].count(0) * 4 > len(head):
        return ("utf-16-be",)
    return ("utf-8", "cp1252")


def _lines(text: str) -> Iterator[str]:
    """As csv wants them, with their ends; lone CRs, as of old Macs, end a line too, but not inside a quoted cell."""
    return iter(re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z", text))


def _separator(text: str) -> str:
    """The one that stands most often in the first line, outside quotes; a comma where there is none."""
    first = next((line for line in _lines(text) if line.strip()), "")
    bare = re.sub(r'"[^"]*"', "", first)
    return max(_SEPARATORS, key=bare.count)


def _invalid(text: str) -> Invalid:
    return Invalid.field("file", text)
