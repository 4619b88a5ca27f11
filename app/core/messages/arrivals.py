"""What is announced of a message that its owner can see from now on: ids and the folder, nothing of the message."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec

from app.core.messages.model import FOLDERS, Folder


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """A message that has come into view."""

    account_id: UUID
    message_id: UUID
    alias_id: UUID
    folder: Folder
    is_released: bool = False
    """It came earlier, and was held until now."""


_RELEASED = " released"
_BY_NAME: dict[str, Folder] = {folder: folder for folder in FOLDERS}


def written(arrivals: Iterable[Arrival]) -> list[str]:
    """A word each, as wake-ups carry them."""
    return [
        f"{one.account_id.hex} {one.message_id.hex} {one.alias_id.hex} {one.folder}{_RELEASED * one.is_released}"
        for one in arrivals
    ]


def read(words: Sequence[str]) -> list[Arrival]:
    """What was written. Words of a newer version's that are not understood are left out: a wake-up may be lost."""
    arrivals = []
    for word in words:
        parts = word.split(" ")
        try:
            account_id, message_id, alias_id = (UUID(hex=part) for part in parts[:3])
            folder = _BY_NAME[parts[3]]
        except (ValueError, LookupError):
            continue
        arrivals.append(
            Arrival(
                account_id=account_id,
                message_id=message_id,
                alias_id=alias_id,
                folder=folder,
                is_released=word.endswith(_RELEASED),
            )
        )
    return arrivals
