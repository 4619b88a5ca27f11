"""Steps that take an action back, packed into one word for an address, and out of it again. Pure."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from uuid import UUID

from app.core.filing.model import ACTIONS, Step
from app.errors import Invalid

MAX_IDS = 50
"""A page of messages: more would make an address that proxies refuse."""
_ID_BYTES = 16


def pack(steps: Sequence[Step]) -> str:
    """`<action>.<ids in base64>~…`; empty when there is nothing to take back, or too much."""
    if sum(len(step.message_ids) for step in steps) > MAX_IDS:
        return ""
    return "~".join(f"{step.action}.{_encoded(step.message_ids)}" for step in steps)


def unpack(text: str) -> tuple[Step, ...]:
    """What `pack` packed. Raises Invalid for anything else."""
    return tuple(_step(part) for part in text.split("~")) if text else ()


def _encoded(ids: Sequence[UUID]) -> str:
    return urlsafe_b64encode(b"".join(one.bytes for one in ids)).decode().rstrip("=")


def _step(part: str) -> Step:
    name, _, encoded = part.partition(".")
    action = next((one for one in ACTIONS if one == name and one != "delete"), None)
    try:
        data = urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    except ValueError:
        data = b"?"
    if action is None or len(data) % _ID_BYTES:
        raise Invalid("This cannot be taken back any more. Open the page again.")
    ids = (UUID(bytes=data[at : at + _ID_BYTES]) for at in range(0, len(data), _ID_BYTES))
    return Step(action=action, message_ids=tuple(ids))
