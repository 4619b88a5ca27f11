"""How codes are spelled and read, and where the code of a receipt comes from."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.vault import vouchers
from app.vault.instance import InstanceKey
from app.vault.spelling import spelled, unspelled

_CHARACTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@given(st.binary(min_size=16, max_size=16))
def test_what_was_spelled_is_read_again(secret: bytes) -> None:
    text = spelled(secret)
    assert len(text) == 34
    assert unspelled(text, size=16) == secret
    assert unspelled(text.lower().replace("-", ""), size=16) == secret
    assert unspelled(f" {text.replace('-', ' – ')}\n", size=16) == secret
    assert unspelled(text.replace("1", "I").replace("0", "o"), size=16) == secret


def test_every_wrong_character_and_every_swap_is_noticed() -> None:
    text = spelled(os.urandom(16)).replace("-", "")
    for at, right in enumerate(text):
        for wrong in _CHARACTERS:
            assert wrong == right or unspelled(text[:at] + wrong + text[at + 1 :], size=16) is None
    for at in range(len(text) - 1):
        swapped = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
        assert swapped == text or unspelled(swapped, size=16) is None


@pytest.mark.parametrize("text", ["", "-", "U" * 28, "é" * 28, "0" * 27, "0" * 29, "\ud800" * 28, "٣" * 28, "0" * 9999])
def test_what_is_no_code_is_none(text: str) -> None:
    assert unspelled(text, size=16) is None


def test_the_spelling_never_changes() -> None:
    assert spelled(bytes(16)) == "0000-0000-0000-0000-0000-0000-0000"
    assert spelled(bytes(range(16))) == KNOWN
    with pytest.raises(ValueError, match="last group"):
        spelled(bytes(15))


def test_the_code_of_a_receipt_takes_the_secret_and_the_instance_key() -> None:
    one, other = InstanceKey("a" * 32), InstanceKey("b" * 32)
    assert vouchers.code_of_receipt(one, "secret").hex() == KNOWN_CODE
    assert len({vouchers.code_of_receipt(key, secret) for key in (one, other) for secret in ("secret", "x")}) == 4
    assert vouchers.hash_code(bytes(16)).hex() == KNOWN_HASH
    code = vouchers.new_code()
    assert vouchers.typed(vouchers.shown(code)) == code


KNOWN = "000G-40R4-0M30-E209-185G-R38E-1W0H"
KNOWN_CODE = "9e0319f727fb04453b6f1c017e696cf6"
KNOWN_HASH = "06841ecd518970697c8743b5db5cb8cc02458c788fc479497280340b0935e90a"
