from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from app.vault.aead import KEY_SIZE, OVERHEAD, cipher_for, context, derive_key, open_sealed, seal

PARTS = st.lists(st.binary(max_size=6), max_size=4)
PURPOSES = st.text(alphabet="ab \0", max_size=6)


@settings(deadline=None)
@given(purpose=PURPOSES, parts=PARTS, other_purpose=PURPOSES, other_parts=PARTS)
def test_no_two_contexts_are_alike(
    purpose: str, parts: list[bytes], other_purpose: str, other_parts: list[bytes]
) -> None:
    is_same = (purpose, parts) == (other_purpose, other_parts)
    assert (context(purpose, *parts) == context(other_purpose, *other_parts)) == is_same


def test_parts_that_join_to_the_same_bytes_are_told_apart() -> None:
    assert context("a", b"bc") != context("ab", b"c")
    assert context("a", b"b", b"c") != context("a", b"bc")
    assert context("a") != context("a", b"")


def test_keys_differ_by_secret_and_by_info() -> None:
    keys = {derive_key(secret, info) for secret in (bytes(32), b"\1" * 32) for info in (b"a", b"b")}
    assert len(keys) == 4
    assert {len(key) for key in keys} == {KEY_SIZE}


@settings(deadline=None)
@given(plaintext=st.binary(max_size=300), aad=st.binary(max_size=50), mark=st.integers(0, 255))
def test_what_is_sealed_opens(plaintext: bytes, aad: bytes, mark: int) -> None:
    cipher = cipher_for(bytes(32), b"test")
    sealed = seal(cipher, plaintext, aad, mark=mark)
    assert len(sealed) == len(plaintext) + OVERHEAD
    assert sealed[0] == mark
    assert open_sealed(cipher, sealed, aad, mark=mark) == plaintext


def test_the_mark_is_authenticated() -> None:
    cipher = AESGCM(bytes(32))
    sealed = seal(cipher, b"text", b"", mark=1)
    assert cipher.decrypt(sealed[1:13], sealed[13:], b"\1") == b"text"


def test_a_value_never_seals_to_the_same_bytes_twice() -> None:
    cipher = AESGCM(bytes(32))
    assert len({seal(cipher, b"text", b"") for _ in range(100)}) == 100
