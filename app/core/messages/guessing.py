"""What bytes seem to be written in where their label says nothing that can be believed: from a few thousand of them.

Own code: detectors made for whole documents read a subject of four Cyrillic words as Japanese, and take a quarter of a
second for it.
"""

import codecs
import re

_ESCAPED = (
    ("iso2022_kr", re.compile(rb"\x1b\$\)C")),
    ("iso2022_jp_ext", re.compile(rb"\x1b\$(?:[@B]|\([@BD])|\x1b\(I")),
)
_SWITCH = re.compile(rb"\x1b(\$[@B]|\([BJIH])")
_HIGH = bytes(code | 0x80 if 0x20 < code < 0x7F else code for code in range(256))  # noqa: PLR2004 - the printing ones
_SAMPLE_BYTES = 4096
_RUN = re.compile(rb"[\x80-\xff]{3}")
_WORD = re.compile(rb"[A-Za-z\x80-\xff]*[\x80-\xff][A-Za-z\x80-\xff]*")
_ASCII = re.compile(rb"[\x00-\x7f]+")
_MIN_LETTERS = 4
# (codec, the letters that nearly all of the text is, which of them, the least and the largest share of those).
_SCRIPTS = (
    ("koi8_r", "а-яёіїєґА-ЯЁІЇЄҐ", "аеёиоуыэюяії", 0.25, 0.7),  # noqa: RUF001 - Cyrillic
    ("cp1251", "а-яёіїєґА-ЯЁІЇЄҐ", "аеёиоуыэюяії", 0.25, 0.7),  # noqa: RUF001 - Cyrillic
    ("cp1253", "α-ωά-ώΑ-ΩΆ-Ώϊϋ", "αεηιουωάέήίόύώ", 0.3, 0.75),  # noqa: RUF001 - Greek
    ("cp932", "ぁ-んァ-ヶー一-龠々、。！？「」・", "ぁ-んァ-ヶー", 0.2, 1.0),  # noqa: RUF001 - Japanese
    ("euc_jp", "ぁ-んァ-ヶー一-龠々、。！？「」・", "ぁ-んァ-ヶー", 0.2, 1.0),  # noqa: RUF001 - Japanese
    ("cp949", "가-힣", "이다는의에을를가은로니하고서시지기사한인세요주", 0.15, 0.9),
)
_LETTERS = {codec: re.compile(f"[{letters}]") for codec, letters, *_ in _SCRIPTS}
_TELLING = {codec: re.compile(f"[{telling}]") for codec, _, telling, *_ in _SCRIPTS}
_CAPITALS = re.compile("[А-ЯЁІЇЄҐΑ-ΩΆ-Ώ]")  # noqa: RUF001 - Cyrillic and Greek
# Where the characters that people use most lie in the national sets: (codec, leading bytes, the share of them).
_MULTIBYTE = (
    ("gb18030", range(0xB0, 0xD8), 0.8),
    ("big5hkscs", range(0xA4, 0xC7), 0.9),
)
_PUNCTUATION = range(0xA1, 0xA4)
_PAIR = 2
_MIN_PAIRS = 3


def escaped(raw: bytes) -> str | None:
    """The codec of text that changes character sets by escape sequences (RFC 1468, RFC 1557), or None."""
    if b"\x1b" not in raw:
        return None
    return next((codec for codec, escape in _ESCAPED if escape.search(raw)), None)


def japanese(raw: bytes) -> str:
    """ISO-2022-JP with what RFC 1468 lacks and mail has: circled numbers and the like, sets left open."""
    try:
        return raw.decode("iso2022_jp_ext")
    except UnicodeError:
        pass
    ascii_first, *switched = _SWITCH.split(raw)
    text = [ascii_first.decode("ascii", "replace")]
    for escape, piece in zip(switched[::2], switched[1::2], strict=True):
        codec = "shift_jis" if escape == b"(I" else "euc_jis_2004" if escape.startswith(b"$") else None
        text.append(piece.translate(_HIGH).decode(codec, "replace") if codec else piece.decode("ascii", "replace"))
    return "".join(text)


def guess(raw: bytes) -> str | None:
    """The codec of text in a script other than Latin, or None: Latin, too little to tell, or none that we know.

    Words of such a script hold hardly any ASCII letters, which no word of a Latin one does with its accents.
    """
    run = _RUN.search(raw)
    if run is None:
        return None
    start = raw.rfind(b"\n", 0, run.start()) + 1
    start = start if run.start() - start < _SAMPLE_BYTES // 2 else run.start()
    words = _WORD.findall(raw[start : start + _SAMPLE_BYTES])
    if sum(len(_ASCII.sub(b"", word)) for word in words) * 2 < sum(map(len, words)):
        return None
    sample = raw[start : start + _SAMPLE_BYTES]
    return next((codec for codec, *_ in _SCRIPTS if _is_script(sample, codec)), None) or _multibyte(sample)


def _is_script(sample: bytes, codec: str) -> bool:
    *_, least, most = next(script for script in _SCRIPTS if script[0] == codec)
    text = _decoded(sample, codec)
    if text is None:
        return False
    foreign = [char for char in text if not char.isascii()]
    joined = "".join(foreign)
    letters = len(_LETTERS[codec].findall(joined))
    # Capitals and small letters lie the other way round in KOI8-R and Windows-1251.
    if letters < max(_MIN_LETTERS, 0.85 * len(foreign)) or len(_CAPITALS.findall(joined)) * 2 > letters:
        return False
    return least * letters <= len(_TELLING[codec].findall(joined)) <= most * letters


def _multibyte(sample: bytes) -> str | None:
    for codec, leading, least in _MULTIBYTE:
        text = _decoded(sample, codec)
        if text is None:
            continue
        pairs = [char.encode(codec) for char in text if not char.isascii()]
        told = [pair for pair in pairs if len(pair) == _PAIR and pair[0] not in _PUNCTUATION]
        # Lines drawn with one character over and over are no text.
        if len(set(told)) >= _MIN_PAIRS and sum(pair[0] in leading for pair in told) >= least * len(told):
            return codec
    return None


def _decoded(sample: bytes, codec: str) -> str | None:
    """All of the sample but a character that its end cuts in two, or None where it is not written in this."""
    try:
        return codecs.getincrementaldecoder(codec)().decode(sample)
    except UnicodeError:
        return None
