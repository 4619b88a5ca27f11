from collections.abc import Callable
from typing import get_args
from uuid import UUID

import msgspec
import pytest

from app.errors import CannotOpen
from app.vault.instance import InstanceKey
from app.vault.keyring import (
    PUBLIC_SIZE,
    HolderKind,
    Keyring,
    instance_holder_key,
    new_index_key,
    new_keyring,
    unwrap_index_key,
    unwrap_keyring,
    wrap_index_key,
    wrap_keyring,
)

FlipsFail = Callable[[Callable[[bytes], object], bytes], None]

HOLDER_KEY = bytes(range(32))
INSTANCE = InstanceKey("an instance secret of 32 characters")
OTHER_INSTANCE = InstanceKey("another instance's secret, as long")
KINDS: tuple[HolderKind, ...] = get_args(HolderKind)


def test_keyrings_are_never_the_same() -> None:
    assert len({new_keyring().to_bytes() for _ in range(20)}) == 20


def test_the_public_key_stays_the_same_through_bytes(keyring: Keyring) -> None:
    assert len(keyring.public_bytes()) == PUBLIC_SIZE
    assert Keyring.from_bytes(keyring.to_bytes()).public_bytes() == keyring.public_bytes()


def test_the_secret_shows_nowhere(keyring: Keyring) -> None:
    shown = f"{keyring!r} {keyring!s} {[keyring]}"
    assert shown == "Keyring(…) Keyring(…) [Keyring(…)]"
    with pytest.raises(TypeError):
        msgspec.msgpack.encode(keyring)


@pytest.mark.parametrize("size", [0, 128, 130])
def test_bytes_of_another_length_are_no_keyring(size: int) -> None:
    with pytest.raises(CannotOpen):
        Keyring.from_bytes(b"\1" * size)


def test_a_later_version_is_no_keyring(keyring: Keyring) -> None:
    with pytest.raises(CannotOpen):
        Keyring.from_bytes(b"\2" + keyring.to_bytes()[1:])


@pytest.mark.parametrize(("seeds", "data_key"), [(95, 32), (97, 32), (96, 31), (96, 0)])
def test_keys_of_another_length_make_no_keyring(seeds: int, data_key: int) -> None:
    with pytest.raises(ValueError, match="96 bytes"):
        Keyring(seeds=bytes(seeds), data_key=bytes(data_key))


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_holder_opens_its_wrap_and_no_other(
    keyring: Keyring, account_id: UUID, other_id: UUID, kind: HolderKind
) -> None:
    wrapped = wrap_keyring(keyring, holder_key=HOLDER_KEY, account_id=account_id, holder_id=other_id, kind=kind)
    for tried in KINDS:
        if tried == kind:
            opened = unwrap_keyring(
                wrapped, holder_key=HOLDER_KEY, account_id=account_id, holder_id=other_id, kind=tried
            )
            assert opened.to_bytes() == keyring.to_bytes()
        else:
            with pytest.raises(CannotOpen):
                unwrap_keyring(wrapped, holder_key=HOLDER_KEY, account_id=account_id, holder_id=other_id, kind=tried)


def test_a_wrap_opens_for_its_account_holder_and_key_alone(
    keyring: Keyring, account_id: UUID, message_id: UUID, other_id: UUID
) -> None:
    wrapped = wrap_keyring(keyring, holder_key=HOLDER_KEY, account_id=account_id, holder_id=other_id, kind="session")
    wrong: list[tuple[bytes, UUID, UUID]] = [
        (HOLDER_KEY[::-1], account_id, other_id),
        (HOLDER_KEY, message_id, other_id),
        (HOLDER_KEY, account_id, message_id),
        (HOLDER_KEY, other_id, account_id),
    ]
    for key, account, holder in wrong:
        with pytest.raises(CannotOpen):
            unwrap_keyring(wrapped, holder_key=key, account_id=account, holder_id=holder, kind="session")


def test_any_change_breaks_a_wrap(keyring: Keyring, account_id: UUID, every_change_fails: FlipsFail) -> None:
    wrapped = wrap_keyring(keyring, holder_key=HOLDER_KEY, account_id=account_id, holder_id=account_id, kind="password")
    assert len(wrapped) == 158

    def open_it(value: bytes) -> Keyring:
        return unwrap_keyring(
            value, holder_key=HOLDER_KEY, account_id=account_id, holder_id=account_id, kind="password"
        )

    every_change_fails(open_it, wrapped)


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_holder_key_is_32_bytes(keyring: Keyring, account_id: UUID, size: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        wrap_keyring(keyring, holder_key=bytes(size), account_id=account_id, holder_id=account_id, kind="session")
    with pytest.raises(ValueError, match="32 bytes"):
        unwrap_keyring(bytes(158), holder_key=bytes(size), account_id=account_id, holder_id=account_id, kind="session")


def test_the_instance_holds_each_account_with_a_key_of_its_own(account_id: UUID, other_id: UUID) -> None:
    keys = {instance_holder_key(i, a) for i in (INSTANCE, OTHER_INSTANCE) for a in (account_id, other_id)}
    assert len(keys) == 4
    assert {len(key) for key in keys} == {32}


def test_an_index_key_opens_for_its_account_and_instance_alone(
    account_id: UUID, other_id: UUID, every_change_fails: FlipsFail
) -> None:
    key = new_index_key()
    wrapped = wrap_index_key(INSTANCE, account_id, key)
    assert unwrap_index_key(INSTANCE, account_id, wrapped) == key
    for instance, account in ((INSTANCE, other_id), (OTHER_INSTANCE, account_id)):
        with pytest.raises(CannotOpen):
            unwrap_index_key(instance, account, wrapped)
    every_change_fails(lambda value: unwrap_index_key(INSTANCE, account_id, value), wrapped)


def test_the_keys_of_purposes_differ(keyring: Keyring) -> None:
    sealed = keyring.data_cipher("a").encrypt(bytes(12), b"text", None)
    assert keyring.data_cipher("b").encrypt(bytes(12), b"text", None) != sealed
    assert keyring.data_cipher("a").encrypt(bytes(12), b"text", None) == sealed
    assert new_keyring().data_cipher("a").encrypt(bytes(12), b"text", None) != sealed
