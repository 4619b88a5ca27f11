"""The arguments of MAIL and RCPT, read as RFC 5321 section 4.1.1 writes them and as real clients send them."""

import re

import msgspec

_PATH = re.compile(r"\s*<(?P<route>@[^:>]*:)?(?P<address>(?:\"(?:[^\"\\]|\\.)*\"|[^<>\"])*)>(?P<rest>.*)\Z", re.DOTALL)
_BARE = re.compile(r"\s*(?P<address>[^\s<>]+)(?P<rest>.*)\Z", re.DOTALL)
_PARAMETER = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9-]*)(?:=(?P<value>[^\s=]+))?\Z")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_MAX_SIZE_DIGITS = 20
_MAX_PATH_BYTES = 254
"""RFC 5321 section 4.5.3.1.3, less the angle brackets."""


class BadArgument(Exception):
    """The argument cannot be read; `reply` is the whole answer to the client."""

    def __init__(self, reply: str) -> None:
        super().__init__(reply)
        self.reply = reply


class MailArgument(msgspec.Struct, frozen=True, kw_only=True):
    """`MAIL FROM:<sender> SIZE=… BODY=… SMTPUTF8`."""

    sender: str
    """Empty for bounces (`<>`)."""
    size: int
    """Bytes, as announced (RFC 1870); 0 when it was not."""
    is_utf8: bool


class RcptArgument(msgspec.Struct, frozen=True, kw_only=True):
    """`RCPT TO:<address>`, as sent, but for a source route."""

    address: str


def mail(argument: str | None) -> MailArgument:
    """Raises BadArgument. Source routes are dropped (RFC 5321 appendix C)."""
    address, parameters = _path(argument, "FROM:", "501 5.5.4 Syntax: MAIL FROM:<address> [SIZE=n] [BODY=8BITMIME]")
    size = parameters.pop("SIZE", "0")
    if size is None or not (size.isascii() and size.isdigit()) or len(size) > _MAX_SIZE_DIGITS:
        raise BadArgument("501 5.5.4 SIZE takes a number of bytes")
    if parameters.pop("BODY", "7BIT") not in {"7BIT", "8BITMIME"}:
        raise BadArgument("501 5.5.4 BODY is 7BIT or 8BITMIME")
    is_utf8 = "SMTPUTF8" in parameters
    if parameters.pop("SMTPUTF8", None) is not None:
        raise BadArgument("501 5.5.4 SMTPUTF8 takes no value")
    _nothing_left(parameters)
    _check_ascii(address, is_utf8=is_utf8)
    if not address.isprintable() or len(address.encode()) > _MAX_PATH_BYTES:
        raise BadArgument("501 5.1.7 This is not a mail address we can read")
    return MailArgument(sender=address, size=int(size), is_utf8=is_utf8)


def rcpt(argument: str | None, *, is_utf8: bool) -> RcptArgument:
    """Raises BadArgument when it is no path at all."""
    address, parameters = _path(argument, "TO:", "501 5.5.4 Syntax: RCPT TO:<address>")
    _nothing_left(parameters)
    _check_ascii(address, is_utf8=is_utf8)
    return RcptArgument(address=address)


def _path(argument: str | None, keyword: str, syntax: str) -> tuple[str, dict[str, str | None]]:
    if argument is None or argument[: len(keyword)].upper() != keyword:
        raise BadArgument(syntax)
    rest = argument[len(keyword) :]
    match = _PATH.match(rest) or _BARE.match(rest)
    if match is None:
        raise BadArgument(syntax)
    parameters: dict[str, str | None] = {}
    for word in match["rest"].split():
        parameter = _PARAMETER.match(word)
        if parameter is None:
            raise BadArgument(syntax)
        value = parameter["value"]
        parameters[parameter["name"].upper()] = value.upper() if value else None
    return match["address"], parameters


def _nothing_left(parameters: dict[str, str | None]) -> None:
    if parameters:
        raise BadArgument("555 5.5.4 This parameter is not known here")


def _check_ascii(address: str, *, is_utf8: bool) -> None:
    """Bytes that are no UTF-8 have come through as lone surrogates."""
    if not address.isascii() and (not is_utf8 or _LONE_SURROGATE.search(address)):
        raise BadArgument("553 5.6.7 An address with such letters needs SMTPUTF8, and to be UTF-8")
