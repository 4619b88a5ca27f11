"""What an account has told receiving to do, and receiving must read without its owner: sealed under the index key.

Who has the database alone cannot read it; who has the instance key too can, as they can test words against the tokens.
"""

from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.vault.aead import checked_key, cipher_for, context, open_sealed, seal


def seal_instruction(index_key: bytes, *, account_id: UUID, purpose: str, row: str, plaintext: bytes) -> bytes:
    """29 bytes longer than `plaintext`; `purpose` is a literal, `row` names what it belongs to."""
    return seal(_cipher(index_key, purpose), plaintext, _context(account_id, purpose, row))


def open_instruction(index_key: bytes, *, account_id: UUID, purpose: str, row: str, sealed: bytes) -> bytes:
    """What `seal_instruction` was given with the same account, purpose and row; raises CannotOpen."""
    return open_sealed(_cipher(index_key, purpose), sealed, _context(account_id, purpose, row))


def _cipher(index_key: bytes, purpose: str) -> AESGCM:
    return cipher_for(checked_key(index_key), context("instruction", purpose.encode()))


def _context(account_id: UUID, purpose: str, row: str) -> bytes:
    return context("instruction", account_id.bytes, purpose.encode(), row.encode())
