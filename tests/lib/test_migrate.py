import os
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from app.errors import Unavailable
from app.lib import migrate
from app.lib.db import connect_now
from app.lib.migrate import Connection
from app.lib.postgres import EmbeddedPostgres


@pytest.fixture
def empty_dsn(postgres: EmbeddedPostgres) -> Iterator[str]:
    name = f"test_{os.urandom(8).hex()}"
    with connect_now(postgres.dsn) as conn:
        conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield psycopg.conninfo.make_conninfo(postgres.dsn, dbname=name)
        conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def conn(empty_dsn: str) -> Iterator[Connection]:
    with connect_now(empty_dsn) as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "0001_first.sql").write_text("CREATE TABLE first (n int); INSERT INTO first VALUES (1);")
    (tmp_path / "0002_second.sql").write_text("CREATE TABLE second (n int);")
    (tmp_path / "notes.txt").write_text("no migration")
    return tmp_path


def tables(conn: Connection) -> set[str]:
    return {name for (name,) in conn.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}


def test_a_new_database_gets_everything_once(conn: Connection) -> None:
    with pytest.raises(Unavailable) as caught:
        migrate.check(conn)
    assert caught.value.code == "schema_old"
    names = sorted(path.name for path in migrate.MIGRATIONS.glob("*.sql"))
    assert migrate.migrate(conn) == ["procrastinate", *names]
    assert {"accounts", "messages", "procrastinate_jobs", "procrastinate_periodic_defers"} <= tables(conn)
    assert migrate.newest() == names[-1]
    migrate.check(conn)
    assert migrate.migrate(conn) == []


def test_files_are_applied_in_order_and_each_once(conn: Connection, folder: Path) -> None:
    assert migrate.migrate(conn, folder)[1:] == ["0001_first.sql", "0002_second.sql"]
    (folder / "0003_third.sql").write_text("ALTER TABLE first ADD m int")
    with pytest.raises(Unavailable, match=r"0003_third\.sql"):
        migrate.check(conn, folder)
    assert migrate.migrate(conn, folder) == ["0003_third.sql"]
    migrate.check(conn, folder)
    assert conn.execute("SELECT n, m FROM first").fetchall() == [(1, None)]


def test_a_failing_file_leaves_nothing_of_itself(conn: Connection, folder: Path) -> None:
    (folder / "0002_second.sql").write_text("CREATE TABLE second (n int); INSERT INTO nowhere VALUES (1);")
    with pytest.raises(psycopg.errors.UndefinedTable):
        migrate.migrate(conn, folder)
    assert "first" in tables(conn)
    assert "second" not in tables(conn)
    with pytest.raises(Unavailable, match=r"0002_second\.sql"):
        migrate.check(conn, folder)
    (folder / "0002_second.sql").write_text("CREATE TABLE second (n int)")
    assert migrate.migrate(conn, folder) == ["0002_second.sql"]


def test_the_lock_is_given_back_after_a_failure(empty_dsn: str, folder: Path) -> None:
    (folder / "0002_second.sql").write_text("nonsense")
    with connect_now(empty_dsn) as conn, connect_now(empty_dsn) as other:
        with pytest.raises(psycopg.errors.SyntaxError):
            migrate.migrate(conn, folder)
        assert other.execute("SELECT pg_try_advisory_lock(%s)", (migrate._LOCK,)).fetchone() == (True,)


def test_two_at_once_apply_everything_once(empty_dsn: str, folder: Path) -> None:
    (folder / "0002_second.sql").write_text("SELECT pg_sleep(0.05); CREATE TABLE second (n int);")
    ready = threading.Barrier(2)
    applied: list[list[str]] = []

    def run() -> None:
        with connect_now(empty_dsn) as conn:
            ready.wait()
            applied.append(migrate.migrate(conn, folder))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(applied) == [[], ["procrastinate", "0001_first.sql", "0002_second.sql"]]
    with connect_now(empty_dsn) as conn:
        assert conn.execute("SELECT n FROM first").fetchall() == [(1,)]


def test_a_newer_queue_is_applied_file_by_file(
    conn: Connection, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate.migrate(conn, folder)
    newer = tmp_path / "queue.sql"
    newer.write_text("CREATE TABLE newer (n int)")
    shipped = migrate._job_files() | {"procrastinate/99.00.00_01_newer.sql": newer}
    monkeypatch.setattr(migrate, "_job_files", lambda: shipped)
    with pytest.raises(Unavailable, match="newer"):
        migrate.check(conn, folder)
    assert migrate.migrate(conn, folder) == ["procrastinate/99.00.00_01_newer.sql"]
    assert "newer" in tables(conn)
    migrate.check(conn, folder)


def test_every_migration_says_why_in_its_first_line() -> None:
    for path in migrate.MIGRATIONS.glob("*.sql"):
        assert path.read_text().startswith("-- ")
