"""Time-based codes of a second factor: RFC 6238 with SHA-1, six digits and steps of 30 s, which every app knows."""

import os
from base64 import b32encode
from datetime import datetime

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from app.vault.tokens import secrets_equal

DIGITS = 6
_STEP_SECONDS = 30
_SECRET_SIZE = 20
"""RFC 4226 section 4 (R6) asks for 160 bits."""
_DRIFT = 1
"""Steps by which a clock may be wrong, and a code be late (RFC 6238 section 5.2)."""


def new_generator_secret() -> bytes:
    """What the server and the owner's app share, 20 bytes."""
    return os.urandom(_SECRET_SIZE)


def step_at(moment: datetime) -> int:
    """Which step of 30 s since 1970 the moment lies in."""
    return int(moment.timestamp()) // _STEP_SECONDS


def code_at(secret: bytes, step: int) -> str:
    """The six digits of that step."""
    return _generator(secret).generate(step * _STEP_SECONDS).decode()


def step_of(secret: bytes, code: str, *, now: datetime, after: int) -> int | None:
    """The step whose code this is, among the present one and those beside it that come behind `after`; else None.

    Store it as the next `after`, so that no code is taken twice (RFC 6238 section 5.2).
    """
    present = step_at(now)
    steps = [
        step for step in range(present - _DRIFT, present + _DRIFT + 1) if secrets_equal(code_at(secret, step), code)
    ]
    return next((step for step in steps if step > after), None)


def address_of(secret: bytes, *, login: str, issuer: str) -> str:
    """The `otpauth://` address that an app reads from a QR code."""
    return _generator(secret).get_provisioning_uri(login, issuer)


def spelled_secret(secret: bytes) -> str:
    """The secret in base 32, in groups of four, for apps that cannot see the QR code."""
    text = b32encode(secret).decode()
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def _generator(secret: bytes) -> TOTP:
    return TOTP(secret, DIGITS, SHA1(), _STEP_SECONDS)  # noqa: S303 - HMAC-SHA-1, which apps know alone
