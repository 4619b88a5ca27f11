"""Bytes to text by the label they carry, or by what they look like when the label is wrong, missing or unknown."""

import codecs

_ALIASES = {
    "ansi_x3.4-1968": "ascii",
    "cp-1252": "windows-1252",
    "gb2312": "gb18030",  # senders label GBK and GB18030 as their oldest subset
    "gbk": "gb18030",
    "iso-8859-1": "windows-1252",  # the WHATWG encoding standard reads both labels as windows-1252
    "iso-8859-8-i": "iso-8859-8",
    "ks_c_5601-1987": "cp949",
    "latin1": "windows-1252",
    "shift_jis": "cp932",
    "unicode-1-1-utf-7": "utf-7",
    "us-ascii": "ascii",
    "x-sjis": "cp932",
    "x-unknown": "utf-8",
}
_NOT_TEXT = frozenset({"base64", "bz2", "hex", "quopri", "rot13", "uu", "zip", "idna", "punycode", "unicode_escape"})


def decode(raw: bytes, label: str | None) -> str:
    """Text out of `raw`. Never fails: the label first, then UTF-8, then Windows-1252 with what it lacks replaced."""
    for name in (_codec(label), "utf-8"):
        if name is not None:
            try:
                return raw.decode(name)
            except (UnicodeError, LookupError, ValueError):
                continue
    codec = _codec(label)
    if codec not in {None, "ascii", "utf-8"}:
        return raw.decode(codec or "utf-8", "replace")
    return raw.decode("windows-1252", "replace")


def _codec(label: str | None) -> str | None:
    """The name of the Python codec to use, or None for a label that names none."""
    if not label:
        return None
    name = label.strip().strip("\"'").lower().partition("*")[0]
    name = _ALIASES.get(name, name)
    try:
        found = codecs.lookup(name).name
    except (LookupError, ValueError):
        return None
    return None if found in _NOT_TEXT or found.replace("-", "_") in _NOT_TEXT else name
