"""Signatures of webhooks after Standard Webhooks 1.0: header fields by which a receiver knows who sent an event, when,
and whether it has seen it. Pure.
"""

import binascii
import os
from base64 import b64decode, b64encode
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import digest
from uuid import UUID

from app.core.webhooks.model import Secret

OVERLAP = timedelta(hours=24)
"""For so long a secret that was replaced signs beside its successor."""
_PREFIX = "whsec_"
_SECRET_SIZE = 32


def new_secret() -> str:
    """`whsec_` and the base64 of 32 random bytes."""
    return _PREFIX + b64encode(os.urandom(_SECRET_SIZE)).decode()


def headers(event_id: UUID, body: bytes, secrets: Sequence[Secret], *, now: datetime) -> dict[str, str]:
    """`webhook-id`, the same for every attempt; `webhook-timestamp`, of this one, in Unix seconds; and one signature by
    each secret that is still in force, the newest first.
    """
    stamp = str(int(now.timestamp()))
    signed = b"%s.%s.%s" % (str(event_id).encode(), stamp.encode(), body)
    signatures = [
        b64encode(digest(_key(one.secret), signed, sha256)).decode()
        for one in secrets
        if one.until is None or now < one.until
    ]
    return {
        "webhook-id": str(event_id),
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }


def _key(secret: str) -> bytes:
    try:
        return b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        raise ValueError("a signing secret is whsec_ and base64") from None
