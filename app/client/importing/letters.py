"""Mail as it lies in files of other programs: Maildirs, mbox files, single messages. Nothing is written there."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parseaddr, parsedate_to_datetime
from pathlib import Path

import msgspec

from app.errors import Invalid
from app.lib.times import rfc3339

_FLAGS = re.compile(r"[:;!]2,([A-Za-z]*)\Z")
_SECONDS = re.compile(r"([0-9]{9,11})\.")
_FOLDERS = {
    "inbox": "inbox",
    "archive": "archive",
    "trash": "trash",
    "deleted": "trash",
    "deleted items": "trash",
    "spam": "spam",
    "junk": "spam",
    "held": "held",
}
_SEPARATOR = re.compile(rb"From (\S*) +(.*\d{4}.*?)\r?\n\Z")
_QUOTED = re.compile(rb">+From ")
_OURS = ("Return-Path", "Delivered-To", "X-Restante-Id", "X-Restante-Alias", "X-Restante-Folder", "Status", "X-Status")
"""What an export of ours writes before a message in an mbox file, in this order; the last may be missing."""


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A message to be brought, and what is known of it; `key` tells it from the others of the same import."""

    key: str
    read: Callable[[], bytes]
    """Its bytes, when its turn comes."""
    alias: str | None = None
    """The address of the alias whose mail it is, where that is known."""
    received_at: str | None = None
    folder: str = "archive"
    is_read: bool = True
    is_starred: bool = False
    delivered_to: str = ""
    envelope_from: str = ""

    def __repr__(self) -> str:
        return f"Letter({self.key!r})"


def of_maildir(place: Path) -> Iterator[Letter]:
    """Those of a Maildir and its folders (Maildir++), the oldest of each folder first."""
    folders = [place, *sorted(one for one in place.iterdir() if one.is_dir() and one.name.startswith("."))]
    for folder in folders:
        name = "inbox" if folder == place else folder.name.rpartition(".")[2]
        where = _FOLDERS.get(name.lower(), "archive")
        for part in ("cur", "new"):
            if not (folder / part).is_dir():
                continue
            for file in sorted((folder / part).iterdir()):
                if file.is_file() and not file.name.startswith("."):
                    yield _of_file(place, file, where, is_new=part == "new")


def _of_file(place: Path, file: Path, folder: str, *, is_new: bool) -> Letter:
    found = _FLAGS.search(file.name)
    flags = found[1] if found else ""
    told = _SECONDS.match(file.name)
    seconds = float(told[1]) if told else file.stat().st_mtime
    return Letter(
        key=str(file.relative_to(place)),
        read=lambda: with_crlf(file.read_bytes()),
        received_at=rfc3339(datetime.fromtimestamp(seconds, UTC)),
        folder="trash" if "T" in flags else folder,
        is_read="S" in flags and not is_new,
        is_starred="F" in flags,
    )


def of_message(place: Path) -> Iterator[Letter]:
    """The one message of a file."""
    yield Letter(key=place.name, read=lambda: with_crlf(place.read_bytes()))


def of_mbox(place: Path) -> Iterator[Letter]:
    """Those of an mbox file (mboxrd; of mboxo all that can be told apart), in their order. Raises Invalid."""
    name = place.name
    with place.open("rb") as file:
        begin, lines = 0, list[bytes]()
        is_blank = True
        while line := file.readline():
            if is_blank and _SEPARATOR.match(line):
                if lines:
                    yield _of_lines(f"{name}@{begin}", lines)
                begin, lines = file.tell() - len(line), [line]
            elif not lines:
                raise Invalid(f"{place} is no mbox file: its first line has to begin with “From ”.")
            else:
                lines.append(line)
            is_blank = line in {b"\n", b"\r\n"}
        if lines:
            yield _of_lines(f"{name}@{begin}", lines)


def _of_lines(key: str, lines: list[bytes]) -> Letter:
    separator = _SEPARATOR.match(lines[0])
    body = lines[1:-1] if lines[-1] in {b"\n", b"\r\n"} else lines[1:]
    told = _told(body)
    rest = body[len(told) :] if "X-Restante-Id" in told else body
    status = told.get("Status") or _first(body, b"status:")
    flags = told.get("X-Status") or _first(body, b"x-status:")
    plain = b"".join(line[1:] if _QUOTED.match(line) else line for line in rest)
    sender = separator[1].decode("utf-8", "replace") if separator else ""
    returned = told.get("Return-Path")
    return Letter(
        key=key,
        read=lambda: with_crlf(plain),
        alias=told.get("X-Restante-Alias"),
        received_at=_moment(separator[2].decode("ascii", "replace")) if separator else None,
        folder=told.get("X-Restante-Folder") or ("trash" if "D" in flags else "archive"),
        is_read="R" in status or not status,
        is_starred="F" in flags,
        delivered_to=told.get("Delivered-To", ""),
        envelope_from=(returned.strip("<>") if returned is not None else _address(sender)),
    )


def _told(lines: list[bytes]) -> dict[str, str]:
    """The fields that an export of ours has put before the message, by name; of other files whatever is like them."""
    found: dict[str, str] = {}
    for name, line in zip(_OURS, lines, strict=False):
        head, colon, value = line.partition(b": ")
        if not colon or head != name.encode():
            break
        found[name] = value.decode("utf-8", "replace").strip()
    return found


def _first(lines: list[bytes], name: bytes) -> str:
    """The value of the first field of this name in the header."""
    for line in lines:
        if line in {b"\n", b"\r\n"}:
            break
        if line.lower().startswith(name):
            return line[len(name) :].decode("ascii", "replace").strip()
    return ""


def _address(text: str) -> str:
    return "" if "@" not in text else parseaddr(text)[1]


def _moment(text: str) -> str | None:
    """asctime, which mbox files have, or the form of the header's own dates; None for what is neither."""
    try:
        return rfc3339(datetime.strptime(" ".join(text.split()[:5]), "%a %b %d %H:%M:%S %Y").replace(tzinfo=UTC))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    return rfc3339(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def with_crlf(data: bytes) -> bytes:
    """Lines end as on the wire (RFC 5322 section 2.1) where the file has LF alone; what has any CRLF stays as it is."""
    return data if b"\r\n" in data else data.replace(b"\n", b"\r\n")
