"""What Windows numbers character sets by, as labels for `charsets.decode`."""

_LABELS = {
    932: "cp932",
    936: "gb18030",
    1200: "utf-16-le",
    10000: "mac-roman",
    20127: "us-ascii",
    20866: "koi8-r",
    20932: "euc-jp",
    21866: "koi8-u",
    51932: "euc-jp",
    51949: "euc-kr",
    54936: "gb18030",
    65000: "utf-7",
    65001: "utf-8",
} | dict.fromkeys((50220, 50221, 50222), "iso-2022-jp")
_FIRST_ISO, _LAST_ISO = 28591, 28605
# RTF 1.9.1, \fcharset; those that are not here say nothing of characters.
_OF_CHARSETS = {
    0: 1252,
    77: 10000,
    128: 932,
    129: 949,
    134: 936,
    136: 950,
    161: 1253,
    162: 1254,
    163: 1258,
    177: 1255,
    178: 1256,
    186: 1257,
    204: 1251,
    222: 874,
    238: 1250,
}


def label(number: int) -> str | None:
    """The label of a code page, None for no number at all; one that nobody knows is for `decode` to do without."""
    if _FIRST_ISO <= number <= _LAST_ISO:
        return f"iso-8859-{number - _FIRST_ISO + 1}"
    return _LABELS.get(number, f"cp{number}" if number else None)


def label_of_charset(number: int) -> str | None:
    """The label of a font's character set in RTF."""
    number = _OF_CHARSETS.get(number, 0)
    return label(number) if number else None
