"""Bytes to text by the label they carry, or by what they look like when the label is wrong, missing or unknown."""

import encodings
import pkgutil
from encodings.aliases import aliases as _PYTHONS_ALIASES  # noqa: N812 - a table that never changes
from functools import lru_cache

_LABELS = {
    "cp_1252": "cp1252",
    "gb_2312_80": "gb18030",
    "iso_8859_8_i": "iso8859_8",
    "windows_874": "cp874",
    "x_mac_roman": "mac_roman",
    "x_sjis": "cp932",
}
# What senders mean by a label: mostly the larger set that the WHATWG encoding standard reads it as.
_MEANT = {
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


def decode(raw: bytes, label: str | None) -> str:
    """Text out of `raw`. Never fails: the label first, then UTF-8, then Windows-1252 with what it lacks replaced.

    No lone surrogates come out, so that the text can always be written as UTF-8.
    """
    codec = _codec(label)
    for name in (codec, "utf_8"):
        if name is not None:
            try:
                return _whole(raw.decode(name), name)
            except (UnicodeError, ValueError):
                continue
    if codec in {None, "ascii", "utf_8"}:
        return raw.decode("cp1252", "replace")
    return _whole(raw.decode(codec or "utf_8", "replace"), codec)


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
    name = _LABELS.get(name) or _PYTHONS_ALIASES.get(name.replace(".", "_"), name)
    return _MEANT.get(name, name) if name in _CODECS else None
