"""A message inside TNEF, written as one that mail programs open: its main header fields and its body, not its files."""

import re
from base64 import encodebytes
from email.header import Header
from email.utils import format_datetime, formataddr

from app.core.messages.tnef import mapi
from app.core.messages.tnef.mapi import Value

_SUBJECT, _SUBMITTED, _DELIVERED = 0x0037, 0x0039, 0x0E06
_SENDER_NAME, _SENT_FOR_NAME = 0x0C1A, 0x0042
_SENDER_SMTP, _SENT_FOR_SMTP, _SENDER_ADDRESS, _SENT_FOR_ADDRESS = 0x5D01, 0x5D02, 0x0C1F, 0x0065
_DISPLAY_TO, _DISPLAY_CC = 0x0E04, 0x0E03
_MAX_CHARS = 1000
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_ADDRESS = re.compile(r"[!-~]+@[!-~]+\Z")


def write(found: dict[int, Value], codepage: str | None, *, text: str, html: str) -> tuple[str, bytes]:
    """(the subject, the message); the same bytes every time. Fields that are not known are left out."""

    def value(*tags: int) -> str:
        return _CONTROLS.sub(" ", mapi.text(found, *tags, codepage=codepage))[:_MAX_CHARS].strip()

    subject = value(_SUBJECT)
    sent_at = mapi.moment(found, _SUBMITTED, _DELIVERED)
    address = value(_SENDER_SMTP, _SENT_FOR_SMTP, _SENDER_ADDRESS, _SENT_FOR_ADDRESS)
    fields = [
        ("From", _person(value(_SENDER_NAME, _SENT_FOR_NAME), address)),
        ("To", _encoded(value(_DISPLAY_TO).replace(";", ","))),
        ("Cc", _encoded(value(_DISPLAY_CC).replace(";", ","))),
        ("Subject", _encoded(subject)),
        ("Date", format_datetime(sent_at) if sent_at else ""),
        ("MIME-Version", "1.0"),
        ("Content-Type", f"text/{'html' if html.strip() else 'plain'}; charset=utf-8"),
        ("Content-Transfer-Encoding", "base64"),
    ]
    head = "".join(f"{name}: {said}\r\n" for name, said in fields if said)
    body = encodebytes((html if html.strip() else text).encode("utf-8", "replace")).replace(b"\n", b"\r\n")
    return subject, head.encode("ascii", "replace") + b"\r\n" + body


def _person(name: str, address: str) -> str:
    """Without an address that is none: Exchange gives paths in its own directory."""
    if not _ADDRESS.match(address):
        return _encoded(name)
    return formataddr((name, address)) if name.isascii() else f"{_encoded(name)} <{address}>"


def _encoded(value: str) -> str:
    return Header(value, None if value.isascii() else "utf-8", maxlinelen=70).encode(linesep="\r\n") if value else ""
