"""What became of a file of aliases, over the wire. No lookups, no I/O."""

from collections.abc import Sequence

import msgspec

from app.core.aliases.files.model import AliasFile, LineReport, Outcome, Source


class ImportedLineResource(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the file: `written` is the address as it stands there, `email` the alias that was made, or null.

    `line` is where it begins, counted from 1; `detail` is a sentence, or null where there is nothing to say.
    """

    line: int
    written: str
    outcome: Outcome
    email: str | None
    detail: str | None


class ImportResource(msgspec.Struct, frozen=True, kw_only=True):
    """A file of aliases and what became of its lines, or would. `unused` names columns that say nothing to us."""

    source: Source
    is_preview: bool
    unused: list[str]
    counts: dict[Outcome, int]
    lines: list[ImportedLineResource]


def import_resource(file: AliasFile, report: Sequence[LineReport], *, is_preview: bool) -> ImportResource:
    """The file's lines in their order."""
    outcomes = [one.outcome for one in report]
    return ImportResource(
        source=file.source,
        is_preview=is_preview,
        unused=list(file.unused),
        counts={outcome: outcomes.count(outcome) for outcome in dict.fromkeys(outcomes)},
        lines=[
            ImportedLineResource(
                line=one.line,
                written=one.written,
                outcome=one.outcome,
                email=one.address or None,
                detail=one.detail or None,
            )
            for one in report
        ],
    )
