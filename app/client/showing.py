"""Messages and aliases as people read them in a terminal. All that strangers wrote is made safe on the way."""

from collections.abc import Mapping, Sequence
from typing import Any

import click
from rich.text import Text

from app.client import lookup, output
from app.client.output import Column
from app.client.text import line

Row = Mapping[str, Any]

_MESSAGES = (
    Column("Id"),
    Column("Received"),
    Column("From", share=2),
    Column("To", share=2, is_spare=True),
    Column("Subject", share=3),
)
_ALIASES = (Column("Address"), Column("State"), Column("Messages"), Column("Newest"), Column("For", share=1))
_MANY_LINKS = 20


def show_messages(found: Sequence[Row]) -> None:
    """A line a message: unread ones are bold and marked `*`; whole ids into pipes."""
    is_watched = output.console().is_terminal
    ids = [str(one["id"]) for one in found]
    rows = []
    for one, shown_id in zip(found, lookup.short_ids(ids) if is_watched else ids, strict=True):
        style = "" if one["is_read"] else "bold"
        sender = one["from"] or {"name": "", "address": ""}
        who = sender["name"] or sender["address"] if is_watched else output.person(sender)
        received = (
            output.moment(one["received_at"]) + (" " if one["is_read"] else "*") if is_watched else one["received_at"]
        )
        subject = one["subject"] if one.get("is_readable", True) else "(damaged)"
        cells = (shown_id, received, who, one["alias"]["email"], subject)
        rows.append([Text(line(cell), style=style) for cell in cells])
    output.show_table(_MESSAGES, rows)
    if is_watched and not all(one["is_read"] for one in found):
        output.tell("* not read yet")


def show_aliases(found: Sequence[Row]) -> None:
    """A line an alias."""
    rows = []
    for one in found:
        about = " · ".join(line(text) for text in (one["site"], one["description"]) if text)
        cells = (one["email"], _state(one), str(one["message_count"]), one["last_received_on"] or "never", about)
        rows.append([Text(line(cell)) for cell in cells])
    output.show_table(_ALIASES, rows)


def show_message(message: Row) -> None:
    """Its header, files and text."""
    output.show_fields(
        [
            ("From", output.person(message["from"])),
            ("To", ", ".join(output.person(one) for one in message["to"])),
            ("Cc", ", ".join(output.person(one) for one in message["cc"])),
            ("Alias", message["alias"]["email"]),
            ("Received", output.moment(message["received_at"])),
            ("Folder", message["folder"]),
            ("Subject", message["subject"]),
            *(("Note", one["text"]) for one in message["notes"]),
            *(("File", _file(one)) for one in message["attachments"]),
        ]
    )
    click.echo()
    if message["text"]:
        output.show_text(message["text"])
    else:
        output.tell("This message has no text.")
    if message["is_truncated"]:
        output.tell("The text goes on; --source has all of it.")


def show_arrival(message: Row) -> None:
    """A message that was waited for: with its code and links first."""
    output.show_fields(
        [("Code", message["code"] or ""), *(("Link", url_of(one)) for one in message["links"][:_MANY_LINKS])]
    )
    show_message(message)


def url_of(link: object) -> str:
    """Where a link of a message leads."""
    return str(link.get("url", "")) if isinstance(link, Mapping) else str(link)


def _state(alias: Row) -> str:
    if alias["deleted_on"]:
        return "deleted"
    if alias.get("is_suspended"):  # servers of before do not say
        return "suspended"
    if alias["expired_by"]:
        return "expired"
    return "on" if alias["is_enabled"] else "off"


def _file(one: Row) -> str:
    return f"{one['id']}  {line(one['filename'])} ({line(one['content_type'])}, {output.size(one['size'])})"
