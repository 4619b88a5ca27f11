"""A file between the look at it and the owner's word, and afterwards what became of it: sealed, for a day.

The caller owns the transaction.
"""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from app.core.aliases.files import importing, queries
from app.core.aliases.files.model import AliasFile, Choice, LineReport
from app.core.platform import Platform
from app.errors import NotFound
from app.lib.db import Conn
from app.lib.ids import first_id_at, new_id
from app.vault import seal
from app.vault.keyring import Keyring

_KEPT = timedelta(days=1)
_BATCH = 100
_FILE, _REPORT = "alias import", "alias import report"
_encode = msgspec.msgpack.Encoder().encode
_decode_file = msgspec.msgpack.Decoder(AliasFile).decode
_decode_report = msgspec.msgpack.Decoder(tuple[LineReport, ...]).decode


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """The file and, once it was made, what became of it."""

    file: AliasFile
    report: tuple[LineReport, ...] | None


async def put(conn: Conn, account_id: UUID, keyring: Keyring, file: AliasFile) -> UUID:
    """Keep the file until its owner decides; an earlier one is forgotten. Its id."""
    import_id = new_id()
    sealed = seal.seal_field(keyring, account_id=account_id, purpose=_FILE, row_id=import_id, plaintext=_encode(file))
    await queries.insert_import(conn, account_id, import_id, sealed)
    return import_id


async def get(conn: Conn, account_id: UUID, keyring: Keyring, import_id: UUID) -> Waiting:
    """The file and its report. Raises NotFound."""
    return await _open(conn, account_id, keyring, import_id, is_locked=False)


async def make(
    conn: Conn, account_id: UUID, keyring: Keyring, import_id: UUID, choice: Choice, *, now: datetime
) -> tuple[LineReport, ...]:
    """Make its aliases, once: asked again, it tells what became of them. Raises NotFound, Invalid."""
    waiting = await _open(conn, account_id, keyring, import_id, is_locked=True)
    if waiting.report is not None:
        return waiting.report
    report = await importing.make(conn, account_id, keyring, waiting.file, choice, now=now)
    sealed = seal.seal_field(
        keyring, account_id=account_id, purpose=_REPORT, row_id=import_id, plaintext=_encode(report)
    )
    await queries.set_report(conn, account_id, import_id, sealed)
    return report


async def forget_old(platform: Platform, *, now: datetime) -> int:
    """Delete the files and reports of all accounts after a day; how many. Raises Unavailable."""
    before = first_id_at(now - _KEPT)
    return await platform.db.in_batches(
        lambda conn: queries.delete_imports(conn, before=before, limit=_BATCH), batch=_BATCH
    )


async def _open(conn: Conn, account_id: UUID, keyring: Keyring, import_id: UUID, *, is_locked: bool) -> Waiting:
    row = await queries.import_row(conn, account_id, import_id, is_locked=is_locked)
    if row is None:
        raise NotFound("This file is no longer here: it is kept for a day, or until another comes. Send it again.")

    def opened(purpose: str, sealed: bytes) -> bytes:
        return seal.open_field(keyring, account_id=account_id, purpose=purpose, row_id=import_id, sealed=sealed)

    contents, report = row
    return Waiting(
        file=_decode_file(opened(_FILE, contents)),
        report=_decode_report(opened(_REPORT, report)) if report is not None else None,
    )
