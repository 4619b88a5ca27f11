"""What waits to be sent to an account's webhooks, and the webhooks themselves: sealed under a key of their own, which
comes from the account's index key, because the worker sends while the owner is away.

Who has the database alone cannot read it; who has the instance key too can, for as long as it waits.
"""

from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.vault.aead import checked_key, cipher_for, context, open_sealed, seal


def seal_outgoing(index_key: bytes, *, account_id: UUID, purpose: str, row_id: UUID, plaintext: bytes) -> bytes:
    """29 bytes longer than `plaintext`; `purpose` is a literal, `row_id` the id of what it belongs to."""
    return seal(_cipher(index_key, purpose), plaintext, _context(account_id, purpose, row_id))


def open_outgoing(index_key: bytes, *, account_id: UUID, purpose: str, row_id: UUID, sealed: bytes) -> bytes:
    """What `seal_outgoing` was given with the same account, purpose and row; raises CannotOpen."""
    return open_sealed(_cipher(index_key, purpose), sealed, _context(account_id, purpose, row_id))


def _cipher(index_key: bytes, purpose: str) -> AESGCM:
    return cipher_for(checked_key(index_key), context("outbox", purpose.encode()))


def _context(account_id: UUID, purpose: str, row_id: UUID) -> bytes:
    return context("outbox", account_id.bytes, purpose.encode(), row_id.bytes)
