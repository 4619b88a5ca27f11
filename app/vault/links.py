"""Links that carry their own permission: an encrypted payload that opens until a moment and at one instance only.

What the payload means, and the address around it, belong to the edges.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import lru_cache

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.errors import CannotOpen, NotFound
from app.vault.aead import cipher_for, context, open_sealed, seal

_TIME_SIZE = 8
_PURPOSE = context("link")


def seal_link(key: bytes, payload: bytes, *, expires_at: int) -> str:
    """A URL-safe text of about 50 characters and 4/3 of `payload`; `expires_at` in Unix seconds.

    `key` is 32 bytes and serves one kind of link alone: a link of another kind would open under the same key.
    """
    plaintext = expires_at.to_bytes(_TIME_SIZE) + payload
    return _encode(seal(_cipher(key), plaintext, _PURPOSE))


def open_link(key: bytes, text: str, *, now: int) -> bytes:
    """The payload while `now` (Unix seconds) is before the end; then NotFound; for any other text CannotOpen."""
    plaintext = open_sealed(_cipher(key), _decode(text), _PURPOSE)
    if now >= int.from_bytes(plaintext[:_TIME_SIZE]):
        raise NotFound("This link has expired. Open the page again for a new one.", code="link_expired")
    return plaintext[_TIME_SIZE:]


@lru_cache(maxsize=8)
def _cipher(key: bytes) -> AESGCM:
    return cipher_for(key, _PURPOSE)


def _encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    """Strict: the decoder skips foreign characters and ignores the last bits, so only its own spelling is taken."""
    try:
        data = urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4))
    except ValueError:
        raise CannotOpen from None
    if _encode(data) != text:
        raise CannotOpen
    return data
