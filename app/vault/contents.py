"""How an account finds and opens again what it has already: by the content itself, together with the index key.

A blob's key is locked under its content (message-locked, eprint.iacr.org/2012/631), so receiving can name a blob anew
without any secret of the owner's. The index key keeps accounts apart, and everyone out who has the database alone.
"""

from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.vault.aead import checked_key, cipher_for, context, derive_key, open_sealed, seal

HASH_SIZE = 32


def content_digest(index_key: bytes, content_hash: bytes) -> bytes:
    """32 bytes by which one account knows a content again; `content_hash` is the SHA-256 of the plain content."""
    return derive_key(checked_key(index_key), context("content digest", _checked_hash(content_hash)))


def lock_blob_key(index_key: bytes, content_hash: bytes, *, account_id: UUID, blob_id: UUID, blob_key: bytes) -> bytes:
    """The key of an account's blob, 61 bytes, locked under what the blob holds."""
    return seal(_lock(index_key, content_hash), blob_key, _lock_context(account_id, blob_id))


def unlock_blob_key(
    index_key: bytes, content_hash: bytes, *, account_id: UUID, blob_id: UUID, locked_key: bytes
) -> bytes:
    """What `lock_blob_key` was given; CannotOpen with another content, account, blob or index key."""
    return open_sealed(_lock(index_key, content_hash), locked_key, _lock_context(account_id, blob_id))


def _lock(index_key: bytes, content_hash: bytes) -> AESGCM:
    return cipher_for(checked_key(index_key), context("content lock", _checked_hash(content_hash)))


def _lock_context(account_id: UUID, blob_id: UUID) -> bytes:
    return context("blob key", account_id.bytes, blob_id.bytes)


def _checked_hash(content_hash: bytes) -> bytes:
    if len(content_hash) != HASH_SIZE:
        raise ValueError(f"the hash of a content is {HASH_SIZE} bytes")
    return content_hash
