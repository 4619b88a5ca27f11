"""Secrets made by the server (sessions, recovery codes, API keys): making, hashing, comparing, and what they unlock.

Chosen secrets are in `passwords`; search tokens are in `blind`.
"""

import os
import re
import secrets
import string
from hashlib import sha256
from hmac import compare_digest
from zlib import crc32

from app.vault.aead import context, derive_key
from app.vault.spelling import spelled, unspelled

_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
_SECRET_SIZE = 32
_RECOVERY_SIZE = 16
_BACKUP_SIZE = 11
_MOST_TYPED = 200
_KEY_PREFIX = "rst_"
_KEY_LENGTH = 32
_CHECK_LENGTH = 6
_KEY_SHAPE = re.compile(rf"{_KEY_PREFIX}([0-9A-Za-z]{{{_KEY_LENGTH}}})([0-9A-Za-z]{{{_CHECK_LENGTH}}})")


def new_secret() -> str:
    """43 URL-safe characters holding 256 random bits."""
    return secrets.token_urlsafe(_SECRET_SIZE)


def hash_secret(secret: str) -> bytes:
    """What is stored of a secret: its SHA-256, 32 bytes. Only for secrets made here; a password needs far more."""
    return sha256(_encode(secret)).digest()


def holder_key(secret: str) -> bytes:
    """The key by which the bearer of `secret` holds a keyring, 32 bytes; the stored hash does not give it."""
    return derive_key(_encode(secret), context("secret holder"))


def secrets_equal(a: str | bytes, b: str | bytes) -> bool:
    """Whether the two are the same, in a time that does not tell where they differ."""
    return compare_digest(_encode(a), _encode(b))


def new_api_key() -> str:
    """`rst_`, 32 random base62 characters (190 bits) and 6 of checksum, so that scanners can tell a leaked key."""
    body = "".join(secrets.choice(_BASE62) for _ in range(_KEY_LENGTH))
    return f"{_KEY_PREFIX}{body}{_checksum(body)}"


def is_api_key_shaped(text: str) -> bool:
    """Whether `text` may be an API key at all; saves the database from typing errors and noise."""
    match = _KEY_SHAPE.fullmatch(text)
    return match is not None and match[2] == _checksum(match[1])


def new_recovery_code() -> str:
    """`7GQ2-…`: 34 characters, for people to write down and type again, holding 128 random bits and a check."""
    return spelled(os.urandom(_RECOVERY_SIZE))


def read_recovery_code(text: str) -> str | None:
    """The code as it was shown, however its letters and groups were typed; None for a typing error."""
    secret = unspelled(text[:_MOST_TYPED], size=_RECOVERY_SIZE)
    return None if secret is None else spelled(secret)


def new_backup_code() -> str:
    """`7GQ2-…`: 24 characters that stand for a second factor once, holding 88 random bits and a check."""
    return spelled(os.urandom(_BACKUP_SIZE))


def read_backup_code(text: str) -> str | None:
    """The code as it was shown, however its letters and groups were typed; None for a typing error."""
    secret = unspelled(text[:_MOST_TYPED], size=_BACKUP_SIZE)
    return None if secret is None else spelled(secret)


def _checksum(body: str) -> str:
    """CRC-32 of the body in base62, most significant character first."""
    rest = crc32(body.encode())
    characters = ""
    for _ in range(_CHECK_LENGTH):
        rest, digit = divmod(rest, len(_BASE62))
        characters = _BASE62[digit] + characters
    return characters


def _encode(value: str | bytes) -> bytes:
    """Cookies and headers may hold anything, lone surrogates too; they compare unequal rather than fail."""
    return value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")
