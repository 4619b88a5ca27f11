"""What a password is worth: a key that holds a keyring, and a verifier to store. Argon2id makes guessing cost memory;
the verifier is bcrypt of a derived text, so it is never the key and nothing is cut at 72 bytes.

Everything here but `is_outdated` takes 0.2 s and 64 MiB on purpose: call it in a thread, few at a time.
"""

import os
import unicodedata
from base64 import b64encode
from hmac import compare_digest

import bcrypt
import msgspec
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from app.errors import CannotOpen, Invalid
from app.vault.aead import KEY_SIZE, context, derive_key

MAX_PASSWORD_CHARS = 1024

_SALT_SIZE = 16
# RFC 8264 section 4.3.3 keeps these out of the FreeformClass: control, surrogate and unassigned code points. What is
# not assigned yet may normalise differently in a later Unicode, and would lock its owner out.
_REFUSED_CATEGORIES = frozenset({"Cc", "Cs", "Cn"})


class PasswordCost(msgspec.Struct, frozen=True, kw_only=True):
    """What one guess costs: Argon2id's memory in KiB, passes and lanes (RFC 9106), and bcrypt's rounds (log2)."""

    memory_kib: int
    iterations: int
    lanes: int
    bcrypt_rounds: int


COST = PasswordCost(memory_kib=64 * 1024, iterations=3, lanes=1, bcrypt_rounds=10)


class PasswordRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored of a password. `salt`: 16 bytes; `verifier`: a bcrypt hash in its usual text form."""

    salt: bytes
    memory_kib: int
    iterations: int
    lanes: int
    verifier: str

    def __repr__(self) -> str:
        return "PasswordRecord(…)"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return []


def set_password(password: str, *, cost: PasswordCost = COST) -> tuple[PasswordRecord, bytes]:
    """The record to store and the holder key, 32 bytes: both new each time, so the keyring is wrapped again.

    Invalid for no or more than 1,024 characters, and for what RFC 8265 section 4.2 refuses in a password.
    """
    _check_is_allowed(password)
    salt = os.urandom(_SALT_SIZE)
    key, proof = _derive(password, salt, cost.memory_kib, cost.iterations, cost.lanes)
    record = PasswordRecord(
        salt=salt,
        memory_kib=cost.memory_kib,
        iterations=cost.iterations,
        lanes=cost.lanes,
        verifier=bcrypt.hashpw(proof, bcrypt.gensalt(cost.bcrypt_rounds)).decode(),
    )
    return record, key


def check_password(password: str, record: PasswordRecord) -> bytes | None:
    """The holder key, or None for the wrong password; CannotOpen if the record itself is damaged."""
    try:
        key, proof = _derive(password, record.salt, record.memory_kib, record.iterations, record.lanes)
        verifier = record.verifier.encode()
        is_right = compare_digest(bcrypt.hashpw(proof, verifier), verifier)
    except ValueError:
        raise CannotOpen from None
    return key if is_right and len(password) <= MAX_PASSWORD_CHARS else None


def check_nothing(password: str, *, cost: PasswordCost = COST) -> None:
    """Cost what `check_password` costs, so that the time of a failed sign-in does not tell whether the login exists."""
    _, proof = _derive(password, bytes(_SALT_SIZE), cost.memory_kib, cost.iterations, cost.lanes)
    bcrypt.hashpw(proof, f"$2b${cost.bcrypt_rounds:02}${'.' * 22}".encode())


def is_outdated(record: PasswordRecord, *, cost: PasswordCost = COST) -> bool:
    """Whether the record was made at another cost than today's: then set the password again at its next sign-in."""
    made_at = (record.memory_kib, record.iterations, record.lanes)
    rounds = f"$2b${cost.bcrypt_rounds:02}$"
    return made_at != (cost.memory_kib, cost.iterations, cost.lanes) or not record.verifier.startswith(rounds)


def _check_is_allowed(password: str) -> None:
    if not 1 <= len(password) <= MAX_PASSWORD_CHARS:
        raise Invalid.field("password", f"A password has 1 to {MAX_PASSWORD_CHARS} characters.")
    if any(unicodedata.category(character) in _REFUSED_CATEGORIES for character in password):
        raise Invalid.field("password", "A password cannot hold control characters or ones that Unicode does not know.")


def _derive(password: str, salt: bytes, memory_kib: int, iterations: int, lanes: int) -> tuple[bytes, bytes]:
    """The holder key and the text that bcrypt verifies: 44 characters of base64, well under its limit of 72 bytes."""
    argon2 = Argon2id(salt=salt, length=KEY_SIZE, iterations=iterations, lanes=lanes, memory_cost=memory_kib)
    root = argon2.derive(_prepare(password))
    key = derive_key(root, context("password holder"))
    return key, b64encode(derive_key(root, context("password verifier")))


def _prepare(password: str) -> bytes:
    """OpaqueString (RFC 8265 section 4.2): every space is U+0020, then NFC; cut, so that no one's guess costs more."""
    text = "".join(" " if unicodedata.category(c) == "Zs" else c for c in password[:MAX_PASSWORD_CHARS])
    return unicodedata.normalize("NFC", text).encode("utf-8", "surrogatepass")
