"""What files of an export are called: names that every system takes, whatever strangers wrote. Pure."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC

from app.core.exports.model import Held
from app.core.messages.model import FOLDERS, Attachment, Folder
from app.lib.blobs.disposition import file_name
from app.lib.ids import made_at

MAILDIR = "mail/maildir"
DELIMITER = ";"
"""Between a message's name in a Maildir and its flags. The specification says a colon, which Windows has no files with;
isync and neomutt write this instead there.
"""
FOLDER_NAMES: dict[Folder, str] = {
    "inbox": "",
    "archive": ".Archive/",
    "trash": ".Trash/",
    "spam": ".Junk/",
    "held": ".Held/",
}
"""As Maildir++ names them."""
_NOT_ON_WINDOWS = re.compile(r'[<>:"|?*]')
_MAX_TRIES = 10_000


def in_maildir(held: Held) -> str:
    """The message's file; flags are S (seen), F (flagged) and T (trashed), in this order."""
    seconds = int(made_at(held.message_id).timestamp())
    flags = "F" * held.is_starred + "S" * held.is_read + "T" * (held.folder == "trash")
    name = f"{seconds}.{held.message_id.hex}.restante,S={held.size}{DELIMITER}2,{flags}"
    return f"{MAILDIR}/{FOLDER_NAMES[held.folder]}cur/{name}"


def maildir_folders() -> Iterator[str]:
    """All folders of the Maildir, empty ones too: programs want to find them."""
    for folder in FOLDERS:
        for part in ("cur", "new", "tmp"):
            yield f"{MAILDIR}/{FOLDER_NAMES[folder]}{part}/"


def mbox(folder: Folder, number: int) -> str:
    """The mbox file of a folder in the part of this number."""
    return f"mail/mbox/{folder}-{number:03}.mbox"


def of_attachments(held: Held, attachments: Iterable[Attachment]) -> Iterator[tuple[Attachment, str]]:
    """Each with its file, in a folder of the message's own; names that are alike but for case are told apart."""
    moment = made_at(held.message_id).astimezone(UTC)
    folder = f"attachments/{moment:%Y}/{moment:%Y-%m-%d %H%M%S} {held.message_id.hex[-8:]}"
    taken: set[str] = set()
    for one in attachments:
        name = _apart(_NOT_ON_WINDOWS.sub("_", file_name(one.filename)), taken)
        taken.add(name.casefold())
        yield one, f"{folder}/{name}"


def _apart(name: str, taken: set[str]) -> str:
    stem, dot, suffix = name.rpartition(".")
    stem, tail = (stem, f"{dot}{suffix}") if stem else (name, "")
    tries = (name if number == 1 else f"{stem} ({number}){tail}" for number in range(1, _MAX_TRIES))
    return next(one for one in tries if one.casefold() not in taken)
