"""Secrets that people type: spelled in characters that nobody mistakes, in groups, with a check for typing errors."""

import re

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O or U."""
_MEANT = str.maketrans("ILO", "110")
_BETWEEN = re.compile(r"[\s\-\u2010-\u2015\u2212]+")
_BITS = 5
_GROUP = 4
_CHECK_BITS = 12
_POLYNOMIAL = 0x180F
"""x^12 + x^11 + x^3 + x^2 + x + 1: finds every single wrong character and every two neighbours that changed places."""


def spelled(secret: bytes) -> str:
    """`7GQ2-…`: groups of four characters; the last twelve bits check the others.

    The secret's bits and twelve more fill whole groups: 16 bytes make seven groups, 31 bytes thirteen.
    """
    bits = len(secret) * 8 + _CHECK_BITS
    if bits % (_BITS * _GROUP):
        raise ValueError("such a secret does not fill its last group")
    number = _checked(int.from_bytes(secret))
    text = "".join(_ALPHABET[number >> at & 31] for at in range(bits - _BITS, -1, -_BITS))
    return "-".join(text[at : at + _GROUP] for at in range(0, len(text), _GROUP))


def unspelled(text: str, *, size: int) -> bytes | None:
    """The secret of `size` bytes that was typed, whatever its case, groups and dashes; None where it was mistyped."""
    plain = _BETWEEN.sub("", text).upper().translate(_MEANT)
    bits = size * 8 + _CHECK_BITS
    if len(plain) * _BITS != bits or not set(plain) <= set(_ALPHABET):
        return None
    number = 0
    for character in plain:
        number = number << _BITS | _ALPHABET.index(character)
    return (number >> _CHECK_BITS).to_bytes(size) if _remainder(number) == 0 else None


def _checked(number: int) -> int:
    return number << _CHECK_BITS | _remainder(number << _CHECK_BITS)


def _remainder(number: int) -> int:
    """Of the division by the polynomial, over bits without carries."""
    while (excess := number.bit_length() - _POLYNOMIAL.bit_length()) >= 0:
        number ^= _POLYNOMIAL << excess
    return number
