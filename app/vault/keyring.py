"""An account's keys and how they are kept: the keyring, its wraps by holders, and the index key under the instance key.

What the keys seal is in `seal` and `blind`; who is given a wrap is decided in core.
"""

import os
from typing import Literal, TypeAlias
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey

from app.errors import CannotOpen
from app.vault.aead import KEY_SIZE, cipher_for, context, derive_key, open_sealed, seal
from app.vault.instance import InstanceKey

HolderKind: TypeAlias = Literal["instance", "password", "recovery", "session", "api_key", "feed"]

PUBLIC_SIZE = 1216

_VERSION = b"\x01"
_MLKEM_SEED_SIZE = 64
_X25519_SEED_SIZE = 32
_SEEDS_SIZE = _MLKEM_SEED_SIZE + _X25519_SEED_SIZE
_SERIALISED_SIZE = len(_VERSION) + _SEEDS_SIZE + KEY_SIZE


class Keyring:
    """One account's HPKE key pair (ML-KEM-768 and X25519) and data key, opened.

    No Struct or dataclass, so that no encoder can write it out by accident; it never shows in a repr.
    """

    __slots__ = ("_ciphers", "_data_key", "_pair", "_seeds")

    def __init__(self, *, seeds: bytes, data_key: bytes) -> None:
        """`seeds` are the 64 bytes of ML-KEM-768 (d and z, FIPS 203), then the 32 of X25519; `data_key` is 32 bytes."""
        if len(seeds) != _SEEDS_SIZE or len(data_key) != KEY_SIZE:
            raise ValueError("a keyring takes 96 bytes of seeds and a data key of 32 bytes")
        self._seeds = seeds
        self._data_key = data_key
        self._pair: MLKEM768X25519PrivateKey | None = None
        self._ciphers: dict[str, AESGCM] = {}

    def __repr__(self) -> str:
        return "Keyring(…)"

    def private_key(self) -> MLKEM768X25519PrivateKey:
        """The HPKE private key; expanded from the seeds (80 µs) when first asked for."""
        if self._pair is None:
            mlkem, x25519 = self._parts()
            self._pair = MLKEM768X25519PrivateKey(mlkem, x25519)
        return self._pair

    def public_bytes(self) -> bytes:
        """The HPKE public key, 1,216 bytes: ML-KEM-768's 1,184, then X25519's 32."""
        mlkem, x25519 = self._parts()
        return mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()

    def data_cipher(self, purpose: str) -> AESGCM:
        """AES-256-GCM under the data key, for one purpose. Purposes are literals of the program: each is kept."""
        cipher = self._ciphers.get(purpose)
        if cipher is None:
            cipher = self._ciphers[purpose] = cipher_for(self._data_key, context("data key", purpose.encode()))
        return cipher

    def to_bytes(self) -> bytes:
        """The secret itself, 129 bytes: the version (1), the seeds, the data key."""
        return _VERSION + self._seeds + self._data_key

    @classmethod
    def from_bytes(cls, serialised: bytes) -> "Keyring":
        """The keyring that `to_bytes` wrote; an unknown version or a wrong length: CannotOpen."""
        if len(serialised) != _SERIALISED_SIZE or serialised[:1] != _VERSION:
            raise CannotOpen
        return cls(seeds=serialised[1 : 1 + _SEEDS_SIZE], data_key=serialised[1 + _SEEDS_SIZE :])

    def _parts(self) -> tuple[MLKEM768PrivateKey, X25519PrivateKey]:
        mlkem = MLKEM768PrivateKey.from_seed_bytes(self._seeds[:_MLKEM_SEED_SIZE])
        return mlkem, X25519PrivateKey.from_private_bytes(self._seeds[_MLKEM_SEED_SIZE:])


def new_keyring() -> Keyring:
    """A keyring for a new account."""
    return Keyring(seeds=os.urandom(_SEEDS_SIZE), data_key=os.urandom(KEY_SIZE))


def instance_holder_key(instance: InstanceKey, account_id: UUID) -> bytes:
    """The key with which the instance itself holds a standard account's keyring, 32 bytes, one an account."""
    return derive_key(instance.account_subkey("keyring holder", account_id), context("holder", account_id.bytes))


def wrap_keyring(keyring: Keyring, *, holder_key: bytes, account_id: UUID, holder_id: UUID, kind: HolderKind) -> bytes:
    """The keyring for one holder to keep, 158 bytes; only the same four values open it.

    `holder_key` is 32 bytes: `instance_holder_key`, a password's key, or `tokens.holder_key` of a secret.
    Never the hash of a secret: that stands in the database.
    """
    cipher = _holder_cipher(holder_key)
    return seal(cipher, keyring.to_bytes(), _keyring_context(account_id, holder_id, kind))


def unwrap_keyring(
    wrapped: bytes, *, holder_key: bytes, account_id: UUID, holder_id: UUID, kind: HolderKind
) -> Keyring:
    """The keyring that `wrap_keyring` wrapped; raises CannotOpen."""
    cipher = _holder_cipher(holder_key)
    return Keyring.from_bytes(open_sealed(cipher, wrapped, _keyring_context(account_id, holder_id, kind)))


def new_index_key() -> bytes:
    """A key for a new account's search tokens, 32 bytes."""
    return os.urandom(KEY_SIZE)


def wrap_index_key(instance: InstanceKey, account_id: UUID, key: bytes) -> bytes:
    """An account's index key as it is stored, 61 bytes; the instance holds it, because receiving needs it."""
    return seal(_index_cipher(instance, account_id), key, context("index key", account_id.bytes))


def unwrap_index_key(instance: InstanceKey, account_id: UUID, wrapped: bytes) -> bytes:
    """The index key that `wrap_index_key` wrapped; raises CannotOpen."""
    return open_sealed(_index_cipher(instance, account_id), wrapped, context("index key", account_id.bytes))


def _holder_cipher(holder_key: bytes) -> AESGCM:
    if len(holder_key) != KEY_SIZE:
        raise ValueError("a holder key is 32 bytes")
    return cipher_for(holder_key, context("keyring wrap"))


def _keyring_context(account_id: UUID, holder_id: UUID, kind: HolderKind) -> bytes:
    return context("keyring", account_id.bytes, holder_id.bytes, kind.encode())


def _index_cipher(instance: InstanceKey, account_id: UUID) -> AESGCM:
    return cipher_for(instance.account_subkey("index keys", account_id), context("index key wrap", account_id.bytes))
