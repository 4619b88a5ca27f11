import base64
import binascii

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.messages.transfer import base64_size, decode_base64, decode_uu_lines, split_base64


@pytest.mark.parametrize(
    ("encoded", "decoded"),
    [
        (b"", b""),
        (b"QUJD", b"ABC"),
        (b"QU JD\r\n", b"ABC"),
        (b"Q*U-J_D", b"ABC"),
        (b"QQ==", b"A"),
        (b"QQ", b"A"),
        (b"QUI=", b"AB"),
        (b"QUI", b"AB"),
        (b"QUJDQ", b"ABC"),
        (b"QQ==QUI=", b"AAB"),  # encoded by pieces
        (b"QUJD====QUJD", b"ABCABC"),
        (b"====", b""),
    ],
)
def test_base64_is_decoded_as_far_as_it_goes(encoded: bytes, decoded: bytes) -> None:
    assert decode_base64(encoded) == decoded
    assert base64_size(encoded) == len(decoded)


@given(st.binary(max_size=500), st.integers(1, 80))
def test_base64_by_the_standard_library_is_read_back(data: bytes, width: int) -> None:
    text = base64.b64encode(data)
    lines = b"\r\n".join(text[start : start + width] for start in range(0, len(text), width))
    assert decode_base64(lines) == data
    assert base64_size(lines) == len(data)


@given(st.text(st.sampled_from("AQz+/= \r\n-"), max_size=60), st.integers(0, 60))
def test_base64_in_two_chunks_is_the_same_as_in_one(text: str, middle: int) -> None:
    data = text.encode()
    first, rest = split_base64(data[:middle])
    assert first + decode_base64(rest + data[middle:]) == decode_base64(data)
    assert base64_size(data) == len(decode_base64(data))


@given(st.binary(min_size=1, max_size=300))
def test_uuencoded_lines_are_read_back(data: bytes) -> None:
    lines = b"".join(binascii.b2a_uu(data[start : start + 45]) for start in range(0, len(data), 45))
    assert decode_uu_lines(b"begin 644 name\n" + lines + b"`\nend\n") == data


@given(st.binary(max_size=300))
def test_no_uuencoded_text_raises(data: bytes) -> None:
    decode_uu_lines(data)
