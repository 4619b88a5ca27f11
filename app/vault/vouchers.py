"""Voucher codes: 128 bits that whoever has them may redeem. Stored is a hash alone.

The code of a purchase is not stored at all: it follows from the secret in the receipt's address and the instance key.
"""

import os
from hashlib import sha256

from app.vault.aead import context, derive_key
from app.vault.instance import InstanceKey
from app.vault.spelling import spelled, unspelled

CODE_BYTES = 16


def new_code() -> bytes:
    """A random code; `spelled` is what people see of it."""
    return os.urandom(CODE_BYTES)


def code_of_receipt(instance: InstanceKey, receipt: str) -> bytes:
    """The code that belongs to the secret of a receipt. Neither the instance key nor the secret gives it alone."""
    info = context("voucher of a receipt", instance.subkey("voucher of a receipt"))
    return derive_key(receipt.encode("utf-8", "surrogatepass"), info)[:CODE_BYTES]


def shown(code: bytes) -> str:
    """Seven groups of four characters."""
    return spelled(code)


def typed(text: str) -> bytes | None:
    """The code that somebody typed; None where it was mistyped, which its check tells."""
    return unspelled(text, size=CODE_BYTES)


def hash_code(code: bytes) -> bytes:
    """What is stored of a code, 32 bytes. A plain hash: nobody guesses 128 random bits."""
    return sha256(context("voucher hash", code)).digest()
