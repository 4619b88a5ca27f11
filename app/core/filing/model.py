"""What an owner does to messages that stay as they are: flags, folders, the way out."""

from typing import Literal, get_args
from uuid import UUID

import msgspec

from app.core.messages.model import Folder

Change = Literal["read", "unread", "star", "unstar", "inbox", "archive", "spam", "trash", "held"]
Action = Literal[Change, "delete"]
Destination = Literal["inbox", "archive", "spam", "trash"]
"""Where owners move their mail. Some waits in `held` as it comes, and taking a step back leads there again."""
Request = Literal["read", "unread", "star", "unstar", Destination, "delete"]
"""What owners ask for."""
"""What can be done to many at once; a folder's name moves there, "delete" takes what is in the trash for ever."""
ACTIONS: tuple[Action, ...] = get_args(Action)


class MessagePatch(msgspec.Struct, frozen=True, kw_only=True):
    """What the owner changes of one message."""

    is_read: bool | msgspec.UnsetType = msgspec.UNSET
    is_starred: bool | msgspec.UnsetType = msgspec.UNSET
    folder: Folder | msgspec.UnsetType = msgspec.UNSET


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Unread messages where new mail comes in, and all that are held. Up to 100 each, which says "more than 99"."""

    inbox: int
    spam: int
    held: int


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One action and the messages it is for."""

    action: Action
    message_ids: tuple[UUID, ...]


class Doomed(msgspec.Struct, frozen=True, kw_only=True):
    """A message that is being deleted for ever, and what it counted for."""

    message_id: UUID
    alias_id: UUID
    thread_id: UUID
    source_size: int
