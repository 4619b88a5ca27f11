import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import CannotOpen, NotFound
from app.vault.links import open_link, seal_link

KEY = bytes(range(32))
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@settings(deadline=None)
@given(payload=st.binary(max_size=200), expires_at=st.integers(1, 2**63), key=st.binary(min_size=32, max_size=32))
def test_a_link_opens_until_its_end(payload: bytes, expires_at: int, key: bytes) -> None:
    text = seal_link(key, payload, expires_at=expires_at)
    assert re.fullmatch(r"[\w-]+", text, re.ASCII)
    assert open_link(key, text, now=expires_at - 1) == payload
    for now in (expires_at, expires_at + 1):
        with pytest.raises(NotFound) as caught:
            open_link(key, text, now=now)
        assert caught.value.code == "link_expired"


@pytest.mark.parametrize("size", [0, 1, 2, 3])
def test_any_other_character_breaks_a_link(size: int) -> None:
    text = seal_link(KEY, bytes(size), expires_at=10)
    for place, own in enumerate(text):
        for character in ALPHABET + "+/=.é":
            if character != own:
                with pytest.raises(CannotOpen):
                    open_link(KEY, text[:place] + character + text[place + 1 :], now=1)


@pytest.mark.parametrize("other", ["=", "A", "AAAA", "é", "\ud800", "\0", "A" * 5000])
def test_what_is_no_link_does_not_open(other: str) -> None:
    text = seal_link(KEY, b"payload", expires_at=10)
    for wrong in (other, text + other, other + text, text[:-1], text[1:], ""):
        with pytest.raises(CannotOpen):
            open_link(KEY, wrong, now=1)


def test_a_link_opens_with_its_key_alone() -> None:
    text = seal_link(KEY, b"payload", expires_at=10)
    with pytest.raises(CannotOpen):
        open_link(KEY[::-1], text, now=1)


def test_a_foreign_link_is_no_expired_one() -> None:
    text = seal_link(KEY[::-1], b"payload", expires_at=10)
    with pytest.raises(CannotOpen):
        open_link(KEY, text, now=100)


def test_a_link_shows_neither_payload_nor_end() -> None:
    text = seal_link(KEY, b"payload", expires_at=10)
    assert seal_link(KEY, b"payload", expires_at=10) != text
