"""Where waiting goes on: after which messages. Ids are made before messages are committed, so that their order is not
the order in which they come into view: a position names the newest that were seen, and nothing that came late is lost.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from app.lib.ids import first_id_at, made_at

WINDOW = timedelta(seconds=10)
"""A message that comes into view later than this after its id was made may be passed over."""
_MOST = 64
"""Ids that a position names; where more came within the window, the newest."""
_ID_BYTES = 16
_SHAPE = re.compile(r"[A-Za-z0-9_-]{22,1500}\Z")


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """After `floor`, but for those of `passed`."""

    floor: UUID
    passed: frozenset[UUID] = frozenset()

    def is_before(self, message_id: UUID) -> bool:
        """Whether the message is still to come."""
        return message_id > self.floor and message_id not in self.passed


def after_time(moment: datetime) -> Position:
    """From this moment on, the moment included."""
    return Position(floor=UUID(int=max(0, first_id_at(moment).int - 1)))


def after_seen(position: Position, seen: Iterable[UUID], last: UUID) -> Position:
    """Where to go on after `last`, when all of `seen` were looked at on the way there."""
    floor = max(position.floor, min(last, first_id_at(made_at(last) - WINDOW)))
    passed = sorted({one for one in (*position.passed, *seen, last) if one > floor}, reverse=True)
    if len(passed) > _MOST:
        floor = passed[_MOST]
    return Position(floor=floor, passed=frozenset(passed[:_MOST]))


def written(position: Position) -> str:
    """The position as a word for an address: base64url of ids."""
    ids = (position.floor, *sorted(position.passed))
    return urlsafe_b64encode(b"".join(one.bytes for one in ids)).decode().rstrip("=")


def read(text: str) -> Position | None:
    """What was written; None for all else."""
    if not _SHAPE.match(text):
        return None
    try:
        data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return None
    if len(data) % _ID_BYTES or len(data) > _ID_BYTES * (_MOST + 1):
        return None
    floor, *passed = (UUID(bytes=data[at : at + _ID_BYTES]) for at in range(0, len(data), _ID_BYTES))
    position = Position(floor=floor, passed=frozenset(passed))
    return position if written(position) == text else None
