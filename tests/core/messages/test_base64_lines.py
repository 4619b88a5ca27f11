import base64

import pytest

from app.core.messages.base64_lines import MIN_RUN, count_full, decode_full, decode_last, encode_lines, find_run

LINE = b"QUJD" * 19 + b"\r\n"
RUN = LINE * (MIN_RUN // len(LINE) + 1)


@pytest.mark.parametrize("width", [4, 60, 64, 76, 996])
@pytest.mark.parametrize("size", [1, 2, 3, 57, 58, 747, 1_000, 3_000])
def test_encoding_gives_lines_of_the_width(width: int, size: int) -> None:
    decoded = bytes(i % 251 for i in range(size))
    lines = encode_lines(decoded, width).split(b"\r\n")
    assert lines.pop() == b""
    assert {len(line) for line in lines[:-1]} <= {width}
    assert 0 < len(lines[-1]) <= width
    assert base64.b64decode(b"".join(lines), validate=True) == decoded


@pytest.mark.parametrize(
    "lines",
    [
        b"AAAA\r\nAAA\r\n",
        b"AAAA\r\nAAAAA\r\n",
        b"AAAA\r\nAA==\r\n",  # padding ends the data
        b"AA==\r\nAAAA\r\n",
        b"AAAA\r\nAA-A\r\n",
        b"AAAA\r\nAA A\r\n",
        b"AAAA\n\rAAAA\r\n",
        b"AAAA\r\nA\r\nA\r\n",
        b"AAAA\n\nAAAA\r\n",
        b"AAAA\r\nAAA\x00\r\n",
        b"AAAA\r\nAAA\xe4\r\n",
    ],
)
def test_other_than_full_lines_are_not_decoded(lines: bytes) -> None:
    assert decode_full(lines, 4) is None
    assert decode_full(b"AAAA\r\nAAAA\r\n", 4) == bytes(6)


@pytest.mark.parametrize(
    ("line", "decoded"),
    [
        (b"AAAA\r\n", bytes(3)),
        (b"AAA=\r\n", bytes(2)),
        (b"AA==\r\n", bytes(1)),
        (b"AAAAAAA=\r\n", bytes(5)),
        (b"AAAAAAAAAAAA\r\n", None),  # wider than the run
        (b"AAB=\r\n", None),  # bits that decoding drops
        (b"AB==\r\n", None),
        (b"A===\r\n", None),
        (b"AAA\r\n", None),
        (b"\r\n", None),
        (b"AAAA\n\n", None),
        (b"AAAA", None),
        (b"", None),
    ],
)
def test_a_last_line_is_decoded_only_if_encoding_gives_it_back(line: bytes, decoded: bytes | None) -> None:
    assert decode_last(line, 8) == decoded


@pytest.mark.parametrize("good", [0, 1, 2, 3, 7, 8, 9, 100])
def test_full_lines_are_counted_up_to_the_first_other(good: int) -> None:
    assert count_full(b"x\r\n" + LINE * good + b"other\r\n" + LINE * 5, 3, 76) == good
    assert count_full(LINE * good, 0, 76) == good


@pytest.mark.parametrize("before", [0, 1, 1_000, MIN_RUN // 2, MIN_RUN, 100_000])
def test_a_run_is_found_where_it_begins(before: int) -> None:
    text = (b"text of a line\r\n" * (before // 16 + 1))[: max(before - 2, 0)] + b"\r\n" * (before > 0)
    expected = (len(text), 76)
    assert find_run(text + RUN, is_line_start=True, is_final=True) == expected
    assert find_run(text + RUN + b"AA==\r\n", is_line_start=True, is_final=True) == expected
    assert find_run(text + RUN * 3 + b"end\r\n", is_line_start=True, is_final=False) == expected


def test_a_run_one_line_short_of_the_least_is_none() -> None:
    short = RUN[len(LINE) :]
    assert find_run(b"x\r\n" + short + b"x\r\n" * 30_000, is_line_start=True, is_final=True)[1] == 0
    # What follows may still be more of it.
    assert find_run(b"x\r\n" + short, is_line_start=True, is_final=False) == (3, 0)


def test_the_end_of_a_longer_line_is_no_line() -> None:
    longer = b"QUJD" + LINE
    assert find_run(longer + RUN, is_line_start=True, is_final=True) == (len(longer), 76)
    assert find_run(LINE + RUN, is_line_start=False, is_final=True) == (len(LINE), 76)


@pytest.mark.parametrize("before", range(MIN_RUN // 2 - 5, MIN_RUN // 2 + 5))
@pytest.mark.parametrize("line", [b"\r\n", b"\n", b"z\n", b"QUJD\n", b"QUJD\r\n"])
def test_any_line_may_stand_before_a_run(before: int, line: bytes) -> None:
    data = b"x" * (before - 2) + b"\r\n" + line
    assert find_run(data + RUN, is_line_start=True, is_final=True) == (len(data), 76)
    # Nothing of the run may be passed before it is long enough.
    assert find_run(data + LINE * 10, is_line_start=True, is_final=False)[0] <= len(data)


def test_what_may_begin_a_run_is_left_to_be_looked_at_again() -> None:
    text = b"some words\r\n" * 20_000
    offset, width = find_run(text + LINE * 10, is_line_start=True, is_final=False)
    assert width == 0
    assert len(text) - 2 * MIN_RUN < offset <= len(text)
    assert find_run(text + LINE * 10 + LINE[:9], is_line_start=True, is_final=False)[0] <= len(text)


def test_an_endless_line_is_passed() -> None:
    offset, width = find_run(b"x" * 500_000, is_line_start=True, is_final=False)
    assert width == 0
    assert 500_000 - offset < 2 * MIN_RUN
