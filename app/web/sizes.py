"""Sizes as people read them."""

_STEP = 1000
_UNITS = ("kB", "MB", "GB", "TB")


def human(size: int) -> str:
    """`1 byte`, `999 bytes`, `1.2 kB`, `15 MB`: decimal units, two digits at least."""
    if size < _STEP:
        return "1 byte" if size == 1 else f"{size} bytes"
    power = 1
    while power < len(_UNITS) and round(size / _STEP**power) >= _STEP:
        power += 1
    value = size / _STEP**power
    digits = 1 if value < 9.95 else 0  # noqa: PLR2004 - what rounds to 10
    return f"{value:.{digits}f} {_UNITS[power - 1]}"
