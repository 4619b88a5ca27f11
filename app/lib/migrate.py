"""Brings a database to the schema this code needs: numbered SQL files, forward only, one transaction each.

The job queue's own tables come from its library and are kept up with the library's own migration files.
"""

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

import psycopg
from procrastinate.schema import SchemaManager
from psycopg.rows import TupleRow

from app.errors import Unavailable

_LOCK = 0x52455354  # "REST": only one process migrates at a time
_JOBS = "procrastinate/"

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"

Connection = psycopg.Connection[TupleRow]


def migrate(conn: Connection, folder: Path = MIGRATIONS) -> list[str]:
    """Apply what is missing, in order; returns the names applied. Safe to run from several processes at once.

    The connection is in autocommit. Raises psycopg.Error with the failing file's transaction rolled back.
    """
    conn.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
    try:
        conn.execute(
            "CREATE TABLE IF NOT EXISTS schema_migrations "
            "(name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())"
        )
        return _apply_jobs(conn) + _apply_files(conn, folder)
    finally:
        conn.execute("SELECT pg_advisory_unlock(%s)", (_LOCK,))


def check(conn: Connection, folder: Path = MIGRATIONS) -> None:
    """Raise Unavailable when the schema is older than this code."""
    applied = _applied(conn)
    missing = [name for name in [*_job_files(), *_file_names(folder)] if name not in applied]
    if missing:
        raise Unavailable(f"The database lacks {missing[0]}; run `restante migrate`.", code="schema_old")


def newest(folder: Path = MIGRATIONS) -> str:
    """The name of the last migration this code knows."""
    return _file_names(folder)[-1]


def _file_names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("[0-9]*.sql"))


def _job_files() -> dict[str, Traversable]:
    """The queue library's migrations in order, by the names they are recorded under."""
    shipped = (resources.files("procrastinate") / "sql" / "migrations").iterdir()
    files = {_JOBS + entry.name: entry for entry in shipped if entry.name.endswith(".sql")}
    return dict(sorted(files.items()))


def _applied(conn: Connection) -> set[str]:
    if conn.execute("SELECT to_regclass('schema_migrations')").fetchone() == (None,):
        return set()
    return {name for (name,) in conn.execute("SELECT name FROM schema_migrations")}


def _apply_files(conn: Connection, folder: Path) -> list[str]:
    applied = _applied(conn)
    todo = [name for name in _file_names(folder) if name not in applied]
    for name in todo:
        _apply(conn, name, (folder / name).read_text())
    return todo


def _apply_jobs(conn: Connection) -> list[str]:
    """The queue library's schema: whole on a new database, else those of its migrations that came with an upgrade."""
    files = _job_files()
    applied = _applied(conn)
    if not any(name.startswith(_JOBS) for name in applied):
        with conn.transaction():
            conn.execute(SchemaManager.get_schema().encode())
            _record(conn, *files)
        return ["procrastinate"]
    todo = [name for name in files if name not in applied]
    for name in todo:
        _apply(conn, name, files[name].read_text())
    return todo


def _apply(conn: Connection, name: str, statements: str) -> None:
    with conn.transaction():
        conn.execute(statements.encode())
        _record(conn, name)


def _record(conn: Connection, *names: str) -> None:
    with conn.cursor() as cursor:
        cursor.executemany("INSERT INTO schema_migrations (name) VALUES (%s)", [(name,) for name in names])
