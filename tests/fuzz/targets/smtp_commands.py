"""The arguments of MAIL and RCPT: read, or refused with a whole reply; and what an address becomes."""

import re
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from app.core.aliases import address as addresses
from app.smtp import commands
from app.smtp.commands import BadArgument
from tests.fuzz.target import Target

T = TypeVar("T")

_REPLY = re.compile(r"5\d\d 5\.\d\.\d [ -~]+\Z")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def check(data: bytes) -> None:
    argument = data.strip().decode("utf-8", "surrogateescape") or None
    mail = _read(partial(commands.mail, argument))
    if mail is not None:
        assert not _CONTROLS.search(mail.sender)
        assert mail.size >= 0
        assert mail.is_utf8 or mail.sender.isascii()
    for is_utf8 in (False, True):
        rcpt = _read(partial(commands.rcpt, argument, is_utf8=is_utf8))
        if rcpt is not None:
            assert is_utf8 or rcpt.address.isascii()
            _check_address(rcpt.address)
    _check_address(data.decode("utf-8", "replace"))


def _read(work: Callable[[], T]) -> T | None:
    try:
        return work()
    except BadArgument as refused:
        reply = refused.reply
    assert _REPLY.match(reply)
    return None


def _check_address(text: str) -> None:
    address = addresses.parse(text)
    if address is None:
        return
    assert not _CONTROLS.search(str(address))
    assert len(str(address).encode()) <= addresses.MAX_ADDRESS_BYTES
    assert addresses.parse(str(address)) == address, "the normal form of an address is not its own"
    assert addresses.parse(str(address.without_tag)) in {None, address.without_tag}


TARGET = Target(
    check=check,
    seeds=(
        b"FROM:<ada@example.org> SIZE=1000 BODY=8BITMIME SMTPUTF8",
        b"FROM:<>",
        b'TO:<"a b"@example.org>',
        b"TO:<@relay.example:shop+tag@restante.localhost>",
        "TO:<gr\u00fc\u00dfe@b\u00fccher.example>".encode(),
        b"FROM: ada@example.org",
        b"Shop+Tag@Example.ORG.",
    ),
    tokens=(
        *(
            b"FROM:",
            b"TO:",
            b"<",
            b">",
            b'"',
            b"\\",
            b"@",
            b":",
            b" SIZE=",
            b" BODY=8BITMIME",
            b" SMTPUTF8",
            b"+",
            b".",
        ),
        *(
            "\u00e9".encode(),
            "\u0130".encode(),
            "\uff0e".encode(),
            "\u3002".encode(),
            b"\xff",
            b"xn--",
            "e\u0301".encode(),
        ),
    ),
    max_len=400,
)
