"""Lines of base64 of one width, found, decoded and written by the block, never line by line where it can be helped.

Pure functions on bytes; what is cut and kept where is `cut`'s.
"""

import binascii
from collections.abc import Callable

import pybase64

MAX_WIDTH = 996  # RFC 5321 4.5.3.1.6 allows 998 characters a line; whole groups of four make 996
MIN_RUN = 64 * 1024

# Every run of MIN_RUN holds two multiples of this, at least one of them in a full line.
_STEP = MIN_RUN // 2


def decode_full(lines: bytes, width: int) -> bytes | None:
    """Decode lines of exactly `width` characters and CRLF without padding; None unless encoding gives them back."""
    stride = width + 2
    count, rest = divmod(len(lines), stride)
    if rest or lines[width::stride] != b"\r" * count or lines[width + 1 :: stride] != b"\n" * count:
        return None
    text = bytearray(lines)
    del text[width::stride]
    del text[width :: stride - 1]
    try:
        decoded = pybase64.b64decode(text, validate=True)
    except binascii.Error:
        return None
    # Padding would end the data here, while more lines may follow. Whole groups without it have one encoding only.
    return decoded if len(decoded) * 4 == len(text) * 3 else None


def decode_last(line: bytes, width: int) -> bytes | None:
    """Decode the last line of a run: at most `width` characters, padding allowed, and CRLF; None as `decode_full`."""
    text = line[:-2]
    if not text or len(text) > width or not line.endswith(b"\r\n"):
        return None
    try:
        decoded = pybase64.b64decode(text, validate=True)
    except binascii.Error:
        return None
    # A last character may carry bits that decoding drops.
    return decoded if pybase64.b64encode(decoded) == text else None


def encode_lines(decoded: bytes, width: int) -> bytes:
    """Encode into lines of `width` characters, the last one shorter where it falls so, each with CRLF."""
    text = pybase64.b64encode(decoded)
    return b"".join([text[start : start + width] + b"\r\n" for start in range(0, len(text), width)])


def count_full(data: bytes, start: int, width: int) -> int:
    """How many full lines of `width` characters stand in `data` from `start` on."""
    stride = width + 2

    def is_full(count: int) -> bool:
        return decode_full(data[start : start + count * stride], width) is not None

    return _largest((len(data) - start) // stride, is_full)


def find_run(data: bytes, *, is_line_start: bool, is_final: bool) -> tuple[int, int]:
    """Find the first run of at least MIN_RUN bytes of full base64 lines: (its start, its width).

    Without one: (offset, 0), and no run begins before the offset; the bytes from there on, fewer than 2 * MIN_RUN, have
    to be looked at again with what follows, unless `is_final`. `is_line_start` tells whether `data` begins with a line.
    """
    passed = 0
    for sample in range(_STEP, len(data), _STEP):
        if sample < passed:
            continue
        start = data.rfind(b"\n", 0, sample) + 1
        end = data.find(b"\n", start, start + MAX_WIDTH + 2) + 1
        if not end:
            if not is_final and len(data) - start < MAX_WIDTH + 2:
                break
            # Past both dashes of a possible boundary, so that whoever takes the bytes up to here sees them together.
            passed = max(sample, start + 2)
            continue
        passed = end
        width = end - start - 2
        if width % 4 or width <= 0 or not (start or is_line_start):
            continue
        run_end = start + count_full(data, start, width) * (width + 2)
        if run_end == start:
            continue
        run_start = _run_start(data, start, width, is_line_start=is_line_start)
        if run_end - run_start >= MIN_RUN:
            return run_start, width
        if run_end + width + 2 > len(data) and not is_final:
            return run_start, 0
        passed = run_end
    return passed, 0


def _run_start(data: bytes, start: int, width: int, *, is_line_start: bool) -> int:
    stride = width + 2

    def is_full(count: int) -> bool:
        return decode_full(data[start - count * stride : start], width) is not None

    first = start - _largest(start // stride, is_full) * stride
    # The first may be but the end of a longer line.
    begins_line = data[first - 1] == ord("\n") if first else is_line_start
    return first if begins_line else first + stride


def _largest(most: int, is_good: Callable[[int], bool]) -> int:
    """The largest count up to `most` that is good, where fewer than a good count are good too; 0 always is."""
    good, bad = 0, 1
    while bad <= most and is_good(bad):
        good, bad = bad, bad * 2
    bad = min(bad, most + 1)
    while bad - good > 1:
        middle = (good + bad) // 2
        if is_good(middle):
            good = middle
        else:
            bad = middle
    return good
