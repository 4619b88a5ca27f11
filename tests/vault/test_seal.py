from collections.abc import Callable
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import CannotOpen
from app.vault.keyring import Keyring, new_keyring
from app.vault.seal import (
    SealedMessage,
    open_field,
    open_message_key,
    open_received,
    open_source,
    open_summary,
    rewrap_message_key,
    seal_field,
    seal_message,
    seal_received,
)

FlipsFail = Callable[[Callable[[bytes], object], bytes], None]
OpenPart = Callable[..., bytes]

SUMMARY, SOURCE = b"from, to, subject", b"the skeleton"


@pytest.fixture(scope="module")
def sealed(keyring: Keyring, account_id: UUID, message_id: UUID) -> SealedMessage:
    return seal_message(
        keyring.public_bytes(), account_id=account_id, message_id=message_id, summary=SUMMARY, source=SOURCE
    )


@pytest.fixture(scope="module")
def message_key(keyring: Keyring, account_id: UUID, message_id: UUID, sealed: SealedMessage) -> bytes:
    return open_message_key(keyring, account_id=account_id, message_id=message_id, sealed_key=sealed.key)


@settings(deadline=None, max_examples=50)
@given(account=st.uuids(), message=st.uuids(), summary=st.binary(max_size=500), source=st.binary(max_size=5000))
def test_a_message_opens_with_its_keyring(
    keyring: Keyring, account: UUID, message: UUID, summary: bytes, source: bytes
) -> None:
    sealed = seal_message(
        keyring.public_bytes(), account_id=account, message_id=message, summary=summary, source=source
    )
    key = open_message_key(keyring, account_id=account, message_id=message, sealed_key=sealed.key)
    assert open_summary(key, account_id=account, message_id=message, sealed=sealed.summary) == summary
    assert open_source(key, account_id=account, message_id=message, sealed=sealed.source) == source
    assert (len(sealed.key), len(sealed.summary), len(sealed.source)) == (1169, len(summary) + 29, len(source) + 29)


def test_a_re_wrapped_key_is_the_same_key(
    keyring: Keyring, account_id: UUID, message_id: UUID, message_key: bytes
) -> None:
    wrapped = rewrap_message_key(keyring, account_id=account_id, message_id=message_id, message_key=message_key)
    assert len(wrapped) == 61
    assert open_message_key(keyring, account_id=account_id, message_id=message_id, sealed_key=wrapped) == message_key


def test_a_key_opens_for_its_account_message_and_keyring_alone(
    keyring: Keyring, account_id: UUID, message_id: UUID, other_id: UUID, sealed: SealedMessage, message_key: bytes
) -> None:
    wrapped = rewrap_message_key(keyring, account_id=account_id, message_id=message_id, message_key=message_key)
    wrong = [
        (keyring, other_id, message_id),
        (keyring, account_id, other_id),
        (keyring, message_id, account_id),
        (new_keyring(), account_id, message_id),
    ]
    for stored in (sealed.key, wrapped):
        for keys, account, message in wrong:
            with pytest.raises(CannotOpen):
                open_message_key(keys, account_id=account, message_id=message, sealed_key=stored)


@pytest.mark.parametrize("is_rewrapped", [False, True])
def test_any_change_breaks_a_key(
    keyring: Keyring,
    account_id: UUID,
    message_id: UUID,
    sealed: SealedMessage,
    message_key: bytes,
    every_change_fails: FlipsFail,
    is_rewrapped: bool,
) -> None:
    wrapped = rewrap_message_key(keyring, account_id=account_id, message_id=message_id, message_key=message_key)

    def open_it(value: bytes) -> bytes:
        return open_message_key(keyring, account_id=account_id, message_id=message_id, sealed_key=value)

    every_change_fails(open_it, wrapped if is_rewrapped else sealed.key)


def test_the_two_forms_of_a_key_are_not_mistaken_for_each_other(
    keyring: Keyring, account_id: UUID, message_id: UUID, sealed: SealedMessage, message_key: bytes
) -> None:
    wrapped = rewrap_message_key(keyring, account_id=account_id, message_id=message_id, message_key=message_key)
    for stored in (b"\2" + sealed.key[1:], b"\1" + wrapped[1:], b"\3" + wrapped[1:], b""):
        with pytest.raises(CannotOpen):
            open_message_key(keyring, account_id=account_id, message_id=message_id, sealed_key=stored)


@pytest.mark.parametrize(("open_part", "name"), [(open_summary, "summary"), (open_source, "source")])
def test_a_part_opens_in_its_place_alone(
    open_part: OpenPart,
    name: str,
    account_id: UUID,
    message_id: UUID,
    other_id: UUID,
    sealed: SealedMessage,
    message_key: bytes,
    every_change_fails: FlipsFail,
) -> None:
    own, other = sealed.summary, sealed.source
    if name == "source":
        own, other = other, own

    def open_it(value: bytes) -> bytes:
        return open_part(message_key, account_id=account_id, message_id=message_id, sealed=value)

    every_change_fails(open_it, own)
    with pytest.raises(CannotOpen):
        open_it(other)
    for key, account, message in (
        (message_key, other_id, message_id),
        (message_key, account_id, other_id),
        (message_key, message_id, account_id),
        (message_key[::-1], account_id, message_id),
    ):
        with pytest.raises(CannotOpen):
            open_part(key, account_id=account, message_id=message, sealed=own)


def test_equal_messages_share_no_key(keyring: Keyring, account_id: UUID, message_id: UUID) -> None:
    public = keyring.public_bytes()
    keys = set()
    for _ in range(5):
        sealed = seal_message(public, account_id=account_id, message_id=message_id, summary=SUMMARY, source=SOURCE)
        keys.add(open_message_key(keyring, account_id=account_id, message_id=message_id, sealed_key=sealed.key))
    assert len(keys) == 5


@pytest.mark.parametrize("public", [b"", bytes(1215), bytes(1217), b"\xff" * 1216])
def test_what_is_no_public_key_seals_nothing(public: bytes, account_id: UUID) -> None:
    with pytest.raises(ValueError, match="public key"):
        seal_message(public, account_id=account_id, message_id=account_id, summary=b"", source=b"")


@settings(deadline=None)
@given(account=st.uuids(), row=st.uuids(), purpose=st.sampled_from(["label", "address"]), text=st.binary(max_size=200))
def test_a_field_opens_with_its_keyring(keyring: Keyring, account: UUID, row: UUID, purpose: str, text: bytes) -> None:
    sealed = seal_field(keyring, account_id=account, purpose=purpose, row_id=row, plaintext=text)
    assert open_field(keyring, account_id=account, purpose=purpose, row_id=row, sealed=sealed) == text


def test_a_field_opens_in_its_place_alone(
    keyring: Keyring, account_id: UUID, other_id: UUID, message_id: UUID, every_change_fails: FlipsFail
) -> None:
    sealed = seal_field(keyring, account_id=account_id, purpose="label", row_id=other_id, plaintext=b"text")
    every_change_fails(
        lambda value: open_field(keyring, account_id=account_id, purpose="label", row_id=other_id, sealed=value),
        sealed,
    )
    for keys, account, purpose, row in (
        (keyring, message_id, "label", other_id),
        (keyring, account_id, "address", other_id),
        (keyring, account_id, "label", message_id),
        (keyring, other_id, "label", account_id),
        (new_keyring(), account_id, "label", other_id),
    ):
        with pytest.raises(CannotOpen):
            open_field(keys, account_id=account, purpose=purpose, row_id=row, sealed=sealed)


@settings(deadline=None, max_examples=30)
@given(account=st.uuids(), row=st.uuids(), text=st.binary(max_size=500))
def test_what_was_noted_while_receiving_opens_with_the_keyring(
    keyring: Keyring, account: UUID, row: UUID, text: bytes
) -> None:
    sealed = seal_received(keyring.public_bytes(), account_id=account, purpose="refusal", row_id=row, plaintext=text)
    assert len(sealed) == len(text) + 1137
    assert open_received(keyring, account_id=account, purpose="refusal", row_id=row, sealed=sealed) == text


def test_what_was_noted_opens_in_its_place_alone(keyring: Keyring, account_id: UUID, other_id: UUID) -> None:
    public = keyring.public_bytes()
    sealed = seal_received(public, account_id=account_id, purpose="refusal", row_id=other_id, plaintext=b"text")
    for keys, account, purpose, row, value in (
        (keyring, other_id, "refusal", other_id, sealed),
        (keyring, account_id, "sender", other_id, sealed),
        (keyring, account_id, "refusal", account_id, sealed),
        (new_keyring(), account_id, "refusal", other_id, sealed),
        (keyring, account_id, "refusal", other_id, sealed[:-1] + bytes((sealed[-1] ^ 1,))),
        (keyring, account_id, "refusal", other_id, b"\x02" + sealed[1:]),
        (keyring, account_id, "refusal", other_id, b""),
    ):
        with pytest.raises(CannotOpen):
            open_received(keys, account_id=account, purpose=purpose, row_id=row, sealed=value)


def test_what_fails_says_nothing_of_why(keyring: Keyring, account_id: UUID, sealed: SealedMessage) -> None:
    with pytest.raises(CannotOpen) as caught:
        open_message_key(keyring, account_id=account_id, message_id=account_id, sealed_key=sealed.key)
    assert caught.value.detail == CannotOpen().detail
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
