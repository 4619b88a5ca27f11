"""What is sealed of webhooks: their details (address, description, secrets) and what their endpoints answered. The
worker opens and seals it without the owner, so all of it is under the outbox key.
"""

from uuid import UUID

import msgspec

from app.core.webhooks.model import WebhookDetails
from app.errors import CannotOpen
from app.vault import outbox

_DETAILS = "webhook"
_ANSWER = "webhook answer"
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(WebhookDetails).decode


def seal_details(index_key: bytes, account_id: UUID, webhook_id: UUID, details: WebhookDetails) -> bytes:
    """As a webhook's row keeps them."""
    packed = _encode(details)
    return outbox.seal_outgoing(index_key, account_id=account_id, purpose=_DETAILS, row_id=webhook_id, plaintext=packed)


def open_details(index_key: bytes, account_id: UUID, webhook_id: UUID, sealed: bytes) -> WebhookDetails:
    """What `seal_details` was given; raises CannotOpen."""
    packed = outbox.open_outgoing(index_key, account_id=account_id, purpose=_DETAILS, row_id=webhook_id, sealed=sealed)
    try:
        return _decode(packed)
    except msgspec.DecodeError:
        raise CannotOpen from None


def seal_answer(index_key: bytes, account_id: UUID, attempt_id: UUID, answer: bytes) -> bytes:
    """What an endpoint answered to one attempt, at most 512 bytes."""
    return outbox.seal_outgoing(index_key, account_id=account_id, purpose=_ANSWER, row_id=attempt_id, plaintext=answer)


def open_answer(index_key: bytes, account_id: UUID, attempt_id: UUID, sealed: bytes) -> bytes:
    """What `seal_answer` was given; raises CannotOpen."""
    return outbox.open_outgoing(index_key, account_id=account_id, purpose=_ANSWER, row_id=attempt_id, sealed=sealed)
