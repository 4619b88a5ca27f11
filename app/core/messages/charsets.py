"""Bytes to text by the label they carry, or by what they look like when the label is wrong, missing or unknown."""

import codecs
import encodings
import pkgutil
import re
from encodings.aliases import aliases as _PYTHONS_ALIASES  # noqa: N812 - a table that never changes
from functools import lru_cache

from app.core.messages.guessing import escaped, guess, japanese

_LABELS = {
    "cp_1252": "cp1252",
    "gb_2312_80": "gb18030",
    "iso_8859_8_i": "iso8859_8",
    "windows_31j": "cp932",
    "windows_874": "cp874",
    "x_mac_cyrillic": "mac_cyrillic",
    "x_mac_roman": "mac_roman",
    "x_sjis": "cp932",
}
# What senders mean by a label: mostly the larger set that the WHATWG encoding standard reads it as.
_MEANT = {
    "big5": "big5hkscs",
    "euc_kr": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "iso2022_jp": "iso2022_jp_ext",
    "iso8859_1": "cp1252",
    "iso8859_9": "cp1254",
    "iso8859_11": "cp874",
    "latin_1": "cp1252",
    "shift_jis": "cp932",
    "tis_620": "cp874",
}
_NOT_TEXT = frozenset(
    """aliases base64_codec bz2_codec charmap hex_codec idna mbcs oem punycode quopri_codec raw_unicode_escape rot_13
    undefined unicode_escape uu_codec zlib_codec""".split()
)
_CODECS = frozenset(module.name for module in pkgutil.iter_modules(encodings.__path__)) - _NOT_TEXT
_MAX_LABEL_CHARS = 40


_UNSURE = frozenset({None, "ascii", "utf_8", "cp1252"})
"""What programs write that do not know better."""
_BY_NUMBER = re.compile(r"(?:cp|ibm|windows)_(\d{3,4})\Z")
_SAID_BY_HTML = re.compile(
    rb"<(?:meta\b[^>]{0,300}?\bcharset\s*=|\?xml\b[^>]{0,300}?\bencoding\s*=)[\s\"']*([\w.:-]{1,40})", re.IGNORECASE
)
_HTML_HEAD = 2048
_UTF8 = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_EIGHT_BIT = re.compile(rb"[\x80-\xff]+")
_MIXED = "restante_mixed"
_JIS = "iso2022_jp_ext"


def decode(raw: bytes, label: str | None) -> str:
    """Text out of `raw`. Never fails: the label first, then what it looks like, with what cannot be read replaced.

    Labels that say the least are not believed against the bytes: UTF-8 under Windows-1252 is UTF-8, ISO-2022 under
    ASCII is ISO-2022, and so on (`guessing`). No lone surrogates come out, so that the text can always be written as
    UTF-8.
    """
    codec = _codec(label)
    if codec in _UNSURE:
        return _guessed(raw, codec)
    if codec == _JIS and b"\x1b" in raw:
        return japanese(raw)
    for name in (codec, "utf_8"):
        if name is not None:
            try:
                return _whole(raw.decode(name), name)
            except (UnicodeError, ValueError):
                continue
    return _whole(raw.decode(codec or "utf_8", "replace"), codec)


def decode_html(raw: bytes, label: str | None) -> str:
    """As `decode`; where no label is known the document's own counts, unless the bytes are UTF-8 all the same."""
    if _codec(label) in {None, "ascii"}:
        said = _SAID_BY_HTML.search(raw, 0, _HTML_HEAD)
        if said is not None and not _is_utf8(raw):
            return decode(raw, said[1].decode("ascii", "replace"))
    return decode(raw, label)


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeError:
        return False
    return True


def _guessed(raw: bytes, codec: str | None) -> str:
    escapes = escaped(raw) if codec != "utf_8" else None
    if escapes == _JIS:
        return japanese(raw)
    for name in (escapes, "utf_8"):
        if name is not None:
            try:
                return raw.decode(name)
            except (UnicodeError, ValueError):
                continue
    eight_bit = sum(map(len, _EIGHT_BIT.findall(raw)))
    if sum(map(len, _UTF8.findall(raw))) * 2 > eight_bit:
        return raw.decode("utf_8", _MIXED)
    return raw.decode(guess(raw) or "cp1252", "replace")


def _stray(error: UnicodeError) -> tuple[str, int]:
    """One place that is not UTF-8 amid text that is: a line somebody else wrote, or a character cut in two."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    is_cut = error.end - error.start > 1 or error.end == len(error.object)
    return "\N{REPLACEMENT CHARACTER}" if is_cut else error.object[error.start : error.end].decode(
        "cp1252", "replace"
    ), error.end


codecs.register_error(_MIXED, _stray)


def _whole(text: str, codec: str | None) -> str:
    """UTF-7 alone can spell half of a surrogate pair; each half becomes a replacement character."""
    if codec != "utf_7":
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


@lru_cache(maxsize=256)
def _codec(label: str | None) -> str | None:
    """The name of the Python codec to use, or None for a label that names none.

    The codec registry is asked for known names alone: it keeps what it was ever asked for, and labels come from anyone.
    """
    if not label or len(label) > _MAX_LABEL_CHARS or not label.isascii():
        return None
    name = encodings.normalize_encoding(label.strip().strip("\"'").lower().partition("*")[0])
    name = _BY_NUMBER.sub(r"cp\1", name)
    name = _LABELS.get(name) or _PYTHONS_ALIASES.get(name.replace(".", "_"), name)
    return _MEANT.get(name, name) if name in _CODECS else None
