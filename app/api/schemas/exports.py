"""Exports over the wire. No lookups, no I/O."""

from typing import Annotated
from uuid import UUID

import msgspec

from app.core.exports.model import FORMATS, Export, Format
from app.lib.times import Moment, rfc3339


class NewExportBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an export is to hold besides aliases, rules and settings, which are always in it."""

    formats: Annotated[list[Format], msgspec.Meta(max_length=len(FORMATS))] | None = None
    """In which forms messages are in it, and their attachments as files; null: all of these, an empty list: no mail."""


class ExportPartResource(msgspec.Struct, frozen=True, kw_only=True):
    """One file of an export, a ZIP archive of its own."""

    number: int
    """From 1; the first has all that is not mail."""
    filename: str
    message_count: int
    size: int | None
    """Bytes; null until somebody has asked for it."""
    estimated_size: int
    is_fetched: bool
    """It was sent to its end."""


class ExportResource(msgspec.Struct, frozen=True, kw_only=True):
    """An export of everything, as it was when it was begun."""

    id: UUID
    formats: tuple[Format, ...]
    created_at: Moment
    ends_at: Moment
    """Until then its parts can be fetched."""
    message_count: int
    estimated_size: int
    """Bytes of all parts."""
    parts: list[ExportPartResource]


class ImportedResource(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a message that was brought."""

    id: UUID
    """Of the message."""
    is_new: bool
    """False: the alias had it already, and nothing was stored."""


def export_resource(export: Export) -> ExportResource:
    """The export as its owner's programs see it."""
    return ExportResource(
        id=export.export_id,
        formats=export.formats,
        created_at=rfc3339(export.created_at),
        ends_at=rfc3339(export.ends_at),
        message_count=export.message_count,
        estimated_size=export.estimated_size,
        parts=[
            ExportPartResource(
                number=part.number,
                filename=export.file_name(part.number),
                message_count=part.message_count,
                size=part.size,
                estimated_size=part.estimated_size,
                is_fetched=part.is_fetched,
            )
            for part in export.parts
        ],
    )
