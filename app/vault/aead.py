"""How the vault derives keys, names contexts and seals short values; every format of the vault but the chunk stream
is built from these. No key is kept here, and nothing here knows what it seals.
"""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.errors import CannotOpen

KEY_SIZE = 32
OVERHEAD = 29  # mark, nonce, tag

_MARK = 1
_NONCE_SIZE = 12
_HEAD_SIZE = 1 + _NONCE_SIZE


def context(purpose: str, *parts: bytes) -> bytes:
    """A purpose and its parts as bytes that no other purpose and parts can give: each carries its length."""
    return extended(b"restante", purpose.encode(), *parts)


def extended(begun: bytes, *parts: bytes) -> bytes:
    """A context with more parts, as if it had been made with all of them."""
    pieces = [begun]
    for part in parts:
        pieces += (len(part).to_bytes(4), part)
    return b"".join(pieces)


def checked_key(key: bytes) -> bytes:
    """The key itself, 32 bytes, else ValueError: HKDF takes an empty one, BLAKE2b takes it for none."""
    if len(key) != KEY_SIZE:
        raise ValueError(f"such a key is {KEY_SIZE} bytes")
    return key


def derive_key(secret: bytes, info: bytes) -> bytes:
    """32 bytes by HKDF-SHA256 (RFC 5869, no salt). `secret` carries at least 128 bits of entropy."""
    return HKDF(SHA256(), KEY_SIZE, None, info).derive(secret)


def cipher_for(secret: bytes, info: bytes) -> AESGCM:
    """AES-256-GCM under the key derived from `secret` for `info`."""
    return AESGCM(derive_key(secret, info))


def seal(cipher: AESGCM, plaintext: bytes, aad: bytes, *, mark: int = _MARK) -> bytes:
    """The mark of the format (one byte), a random nonce, ciphertext and tag: `OVERHEAD` bytes more than `plaintext`.

    Nonces are random, so one key seals at most 2**32 values (NIST SP 800-38D section 8.3).
    """
    nonce = os.urandom(_NONCE_SIZE)
    head = bytes((mark,))
    return head + nonce + cipher.encrypt(nonce, plaintext, head + aad)


def open_sealed(cipher: AESGCM, sealed: bytes, aad: bytes, *, mark: int = _MARK) -> bytes:
    """What `seal` was given; raises CannotOpen."""
    if len(sealed) < OVERHEAD or sealed[0] != mark:
        raise CannotOpen
    try:
        return cipher.decrypt(sealed[1:_HEAD_SIZE], sealed[_HEAD_SIZE:], sealed[:1] + aad)
    except InvalidTag:
        raise CannotOpen from None
