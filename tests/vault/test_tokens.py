import re
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.vault.tokens import (
    hash_secret,
    holder_key,
    is_api_key_shaped,
    new_api_key,
    new_recovery_code,
    new_secret,
    read_recovery_code,
    secrets_equal,
)

KEY = "rst_AyYLwLkLLsGN8UXVOIkh1Nc3MTUH50Bo0kGnvZ"


def test_secrets_are_url_safe_and_never_the_same() -> None:
    made = {new_secret() for _ in range(100)}
    assert len(made) == 100
    assert all(re.fullmatch(r"[\w-]{43}", secret, re.ASCII) for secret in made)


def test_api_keys_are_base62_and_never_the_same() -> None:
    made = {new_api_key() for _ in range(100)}
    assert len(made) == 100
    assert all(re.fullmatch(r"rst_[0-9A-Za-z]{38}", key) for key in made)
    assert all(map(is_api_key_shaped, made))


@settings(deadline=None)
@given(place=st.integers(0, len(KEY) - 1), character=st.sampled_from(string.ascii_letters + string.digits + "-\n"))
def test_a_typing_error_is_seen(place: int, character: str) -> None:
    changed = KEY[:place] + character + KEY[place + 1 :]
    assert is_api_key_shaped(changed) == (changed == KEY)


@pytest.mark.parametrize("text", ["", "rst_", KEY[4:], KEY[:-1], KEY + "0", KEY + "\n", " " + KEY, KEY.upper()])
def test_what_is_no_key_has_no_shape(text: str) -> None:
    assert not is_api_key_shaped(text)


@settings(deadline=None)
@given(st.text() | st.text(alphabet=st.characters(categories=["Cs"])))
def test_anything_can_be_looked_up(text: str) -> None:
    assert len(hash_secret(text)) == 32
    assert len(holder_key(text)) == 32
    assert not is_api_key_shaped(text)


def test_the_stored_hash_is_not_the_holder_key() -> None:
    secret = new_secret()
    assert holder_key(secret) != hash_secret(secret)
    assert holder_key(secret) != holder_key(new_secret())


@settings(deadline=None)
@given(st.text(max_size=5), st.text(max_size=5))
def test_secrets_are_equal_when_they_are(a: str, b: str) -> None:
    assert secrets_equal(a, a)
    assert secrets_equal(a, b) == (a == b)
    assert secrets_equal(hash_secret(a), hash_secret(b)) == (a == b)


def test_recovery_codes_are_long_and_never_the_same() -> None:
    made = {new_recovery_code() for _ in range(100)}
    assert len(made) == 100
    assert all(re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{4}-){6}[0-9A-HJKMNP-TV-Z]{4}", code) for code in made)
    assert all(read_recovery_code(code) == code for code in made)


CODE = "G72Y-6RPJ-KNN3-0J44-29GB-J2KT-1XE1"


@pytest.mark.parametrize(
    "typed", [CODE.lower(), CODE.replace("-", ""), CODE.replace("-", " "), CODE.replace("0", "o").replace("1", "l")]
)
def test_a_recovery_code_is_read_however_it_is_typed(typed: str) -> None:
    assert read_recovery_code(typed) == CODE


@settings(deadline=None)
@given(place=st.integers(0, len(CODE) - 1), character=st.sampled_from("23456789ABCDEFGHJKMNPQRSTVWXYZ!"))
def test_a_typing_error_in_a_recovery_code_is_seen(place: int, character: str) -> None:
    changed = CODE[:place] + character + CODE[place + 1 :]
    assert (read_recovery_code(changed) == CODE) == (changed == CODE)
    assert changed == CODE or read_recovery_code(changed) is None


@settings(deadline=None)
@given(st.text() | st.text(alphabet=st.characters(categories=["Cs"])))
def test_anything_can_be_tried_as_a_recovery_code(text: str) -> None:
    assert read_recovery_code(text) is None or len(text) >= len(CODE.replace("-", ""))
