"""`restante import`: whatever lies at a path, into the account of the key."""

import os
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from app.client import lookup, output
from app.client.importing import letters, settings
from app.client.importing.archive import Archive
from app.client.importing.journal import Journal
from app.client.importing.letters import Letter
from app.client.server import Server, data_of, logged_in
from app.client.text import line
from app.errors import Invalid, NotFound, RestanteError
from app.lib.times import rfc3339, utc_now

_SECONDS = 300.0
"""That a server may take for a large message."""
_FATAL = frozenset({"storage_limit", "key_bound", "scope_missing"})
_SHOWN = 20
_MOST_CHARS = 320
_FIRST = "1970-01-01T00:00:00.000Z"


class _Counts(msgspec.Struct, kw_only=True):
    brought: int = 0
    there: int = 0
    homeless: int = 0
    failed: int = 0


@click.command("import")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--alias", help="Whose mail it is (address or id), where the files do not say or the alias is not here.")
def bring(*, path: Path, alias: str | None) -> None:
    """Bring what lies at PATH: an export of Restante (its folder, or a ZIP of it), a Maildir, an mbox file, one
    message, or a CSV file of aliases (of Restante, SimpleLogin, addy.io).

    Nothing comes twice, and an import that was interrupted goes on where it was when it is begun again.
    """
    with logged_in() as there:
        if path.suffix.lower() == ".csv":
            settings.aliases_csv(there, path.read_bytes())
            return
        archive = Archive(path) if Archive.is_at(path) else None
        if archive is None and alias is None and _kind(path) != "mbox":
            raise click.UsageError("Say with --alias whose mail it is.")
        fallback = lookup.alias_id(there, alias) if alias else None
        if archive is not None:
            archive.check()
            settings.bring(there, archive)
        aliases = settings.by_address(there)
        found, total = (archive.letters(), archive.count()) if archive else (_letters(path), None)
        with Journal(os.environ, there.url, path) as journal:
            counts = _mail(there, found, total, aliases, fallback, journal)
            if not counts.failed:
                journal.forget()
        if archive is not None:
            settings.expectations(there, archive.json("senders.json") or [], aliases)
    click.echo(f"Messages: {counts.brought:,} brought, {counts.there:,} there already.")
    if counts.homeless:
        output.tell(f"{counts.homeless:,} messages are of aliases that are not here. Bring them with --alias, too.")
    if counts.failed:
        raise Invalid(f"{counts.failed:,} messages could not be brought.", code="incomplete")


def _mail(
    there: Server,
    found: Iterator[Letter],
    total: int | None,
    aliases: dict[str, str],
    fallback: str | None,
    journal: Journal,
) -> _Counts:
    counts = _Counts()
    with output.progress() as bar:
        task = bar.add_task("Importing", total=total)
        for letter in found:
            bar.advance(task)
            alias_id = aliases.get(letter.alias or "", fallback)
            if letter.key in journal:
                counts.there += 1
            elif alias_id is None:
                counts.homeless += 1
            elif _one(there, letter, alias_id, counts):
                journal.note(letter.key)
    return counts


def _one(there: Server, letter: Letter, alias_id: str, counts: _Counts) -> bool:
    """Whether it is there now. Raises what would befall all others, too."""
    params = {
        "alias_id": alias_id,
        "folder": letter.folder,
        "is_read": str(letter.is_read).lower(),
        "is_starred": str(letter.is_starred).lower(),
        "delivered_to": _address(letter.delivered_to),
        "envelope_from": _address(letter.envelope_from),
    }
    if letter.received_at is not None and _FIRST <= letter.received_at <= rfc3339(utc_now()):
        params["received_at"] = letter.received_at  # else the header is asked
    try:
        answer = data_of(there.send("/messages/import", params, letter.read(), "message/rfc822", timeout=_SECONDS))
    except RestanteError as error:
        if error.code in _FATAL or not (isinstance(error, Invalid | NotFound) or error.code == "too_large"):
            raise
        counts.failed += 1
        if counts.failed <= _SHOWN:
            output.tell(f"{line(letter.key)}: {error.detail}")
        return False
    counts.brought += answer["is_new"]
    counts.there += not answer["is_new"]
    return True


def _address(text: str) -> str:
    """What strangers wrote, where a server takes it for an address."""
    return text if text.isprintable() and len(text) <= _MOST_CHARS else ""


def _kind(path: Path) -> str:
    """What lies there. Raises Invalid."""
    if path.is_dir():
        if (path / "cur").is_dir() or (path / "new").is_dir():
            return "maildir"
        raise Invalid(f"{path} is neither an export of Restante nor a Maildir (which has folders cur and new).")
    with path.open("rb") as file:
        begin = file.read(5)
    return "mbox" if begin == b"From " else "message"


def _letters(path: Path) -> Iterator[Letter]:
    kinds = {"maildir": letters.of_maildir, "mbox": letters.of_mbox, "message": letters.of_message}
    return kinds[_kind(path)](path)
