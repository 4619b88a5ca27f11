import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from app.errors import Conflict, Unavailable
from app.lib import cluster, postmaster
from app.lib.postgres import EmbeddedPostgres, running_dsn

# Starts a server, says where, and is killed while it waits.
PROGRAM = """
import json, sys
from pathlib import Path
from app.lib.postgres import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]), durable=False)
server.start()
print(json.dumps({"pid": server.pid, "dsn": server.dsn}), flush=True)
sys.stdin.read()
server.stop()
"""


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    """The folder of one cluster, made by the first test that starts it; no test leaves a server running."""
    # Not below pytest's own temporary folder: every other run of pytest makes that one unsearchable for the
    # database's user again.
    with tempfile.TemporaryDirectory(prefix="restante-test-") as folder:
        yield Path(folder, "data")


@contextmanager
def serving(data: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(data, durable=False)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def server(data: Path) -> Iterator[EmbeddedPostgres]:
    with serving(data) as server:
        yield server


@contextmanager
def program(data: Path) -> Iterator[tuple[subprocess.Popen[str], int, str]]:
    arguments = [sys.executable, "-c", PROGRAM, str(data)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout
        said = json.loads(running.stdout.readline())
        yield running, said["pid"], said["dsn"]


def ask(dsn: str, question: str) -> object:
    with psycopg.connect(dsn) as conn:
        row = conn.execute(question.encode()).fetchone()
    return row[0] if row else None


def remember(dsn: str) -> None:
    with psycopg.connect(dsn) as conn:
        conn.execute("DROP TABLE IF EXISTS kept")
        conn.execute("CREATE TABLE kept AS SELECT 7 AS n")


def recall(dsn: str) -> object:
    return ask(dsn, "SELECT n FROM kept")


def test_a_first_start_makes_a_database_that_keeps_what_is_written() -> None:
    with tempfile.TemporaryDirectory(prefix="restante-test-") as folder:
        half_made = Path(folder, "data", "cluster.new")
        half_made.mkdir(parents=True)
        (half_made / "PG_VERSION").write_text("18\n")
        with serving(half_made.parent) as server:
            assert not half_made.exists()
            remember(server.dsn)
        assert (server.is_running(), server.pid, running_dsn(half_made.parent)) == (False, None, None)
        with serving(half_made.parent) as server:
            assert recall(server.dsn) == 7


def test_the_database_is_what_we_count_on(server: EmbeddedPostgres) -> None:
    question = "SELECT json_object_agg(name, setting) FROM pg_settings"
    settings = ask(server.dsn, question)
    assert isinstance(settings, dict)
    assert settings["server_version"].startswith("18.")
    assert settings["data_checksums"] == "on"
    assert settings["listen_addresses"] == ""
    assert settings["TimeZone"] == "UTC"
    assert ask(server.dsn, "SELECT datlocale FROM pg_database WHERE datname = 'restante'") == "C.UTF-8"
    assert ask(server.dsn, "SELECT lower('ÑÜ') || upper('ñü')") == "ñüÑÜ"
    assert ask(server.dsn, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False


def test_what_is_served_in_earnest_is_durable() -> None:
    command = cluster.command(Path("/x"), Path("/y"), durable=True)
    assert {"fsync=on", "synchronous_commit=on", "full_page_writes=on"} <= set(command)


def test_nobody_else_reaches_the_socket(server: EmbeddedPostgres) -> None:
    folder = psycopg.conninfo.conninfo_to_dict(server.dsn)["host"]
    assert isinstance(folder, str)
    assert stat.S_IMODE(Path(folder).stat().st_mode) == 0o700
    assert stat.S_IMODE((server.data_dir / "cluster").stat().st_mode) == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has another user to run it as")
def test_as_root_it_runs_as_somebody_else(server: EmbeddedPostgres) -> None:
    assert Path(f"/proc/{server.pid}").stat().st_uid == (server.data_dir / "cluster").stat().st_uid != 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be handed a cluster that root unpacked")
def test_as_root_a_restored_cluster_is_given_to_the_database_user(server: EmbeddedPostgres) -> None:
    remember(server.dsn)
    server.stop()
    for base, folders, files in os.walk(server.data_dir):
        for name in (".", *folders, *files):
            os.chown(Path(base, name), 0, 0)
    server.start()
    assert recall(server.dsn) == 7


def test_it_inherits_nothing_of_our_environment(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESTANTE_SECRET", "do not tell")
    with serving(data) as server:
        assert b"do not tell" not in Path(f"/proc/{server.pid}/environ").read_bytes()


def test_logs_never_hold_what_was_asked(server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.dsn, autocommit=True) as conn:
        conn.execute("DROP TABLE IF EXISTS secrets")
        conn.execute("CREATE TABLE secrets (word text PRIMARY KEY)")
        conn.execute("INSERT INTO secrets VALUES (%s)", ["xylophone"])
        for statement in (
            "INSERT INTO secrets VALUES ('xylophone')",
            "SELECT 'xylophone'::int",
            "SELECT xylophone FROM nowhere",
            "DO $$ BEGIN RAISE WARNING 'xylophone'; END $$",
        ):
            try:
                conn.execute(statement.encode())
            except psycopg.Error as error:
                assert "xylophone" in str(error)  # noqa: PT017 - that the text could have been logged is the point
        pid = conn.info.backend_pid
        os.kill(pid, signal.SIGSEGV)
        with pytest.raises(psycopg.OperationalError):
            conn.execute("SELECT pg_sleep(30), 'xylophone'")
    server.stop()
    logs = "".join(path.read_text() for path in (server.data_dir / "log").iterdir())
    assert "was terminated by signal 11" in logs
    assert "xylophone" not in logs


def test_a_killed_server_is_launched_again_and_has_what_was_committed(server: EmbeddedPostgres) -> None:
    remember(server.dsn)
    assert server.process
    server.process.kill()
    assert server.process.wait() == server.poll() == -signal.SIGKILL
    server.start()
    assert recall(server.dsn) == 7


def test_a_launch_for_the_supervisor_does_not_wait(server: EmbeddedPostgres) -> None:
    server.stop()
    server.start()
    assert server.process
    server.process.terminate()
    server.process.wait()
    server.launch()
    assert server.is_running()


def test_a_second_program_is_refused_and_told_where_the_first_is(server: EmbeddedPostgres) -> None:
    second = EmbeddedPostgres(server.data_dir, durable=False)
    with pytest.raises(Conflict, match="Another program"):
        second.start()
    assert running_dsn(server.data_dir) == server.dsn
    second.stop()
    assert server.is_running()


def test_a_server_left_by_a_killed_program_is_taken_over(data: Path) -> None:
    with program(data) as (killed, orphan, dsn), psycopg.connect(dsn):
        remember(dsn)
        killed.kill()
        killed.wait()
        assert postmaster.is_alive(orphan, data / "cluster")
        with serving(data) as server:
            assert not postmaster.is_alive(orphan, data / "cluster")
            assert server.pid != orphan
            assert recall(server.dsn) == 7


def test_after_program_and_server_were_killed_the_next_start_recovers(data: Path) -> None:
    with program(data) as (killed, orphan, dsn), psycopg.connect(dsn):
        remember(dsn)
        os.kill(orphan, signal.SIGKILL)
        killed.kill()
        killed.wait()
        with serving(data) as server:
            assert recall(server.dsn) == 7


def test_a_ctrl_c_in_the_terminal_does_not_reach_it(server: EmbeddedPostgres) -> None:
    assert server.pid
    assert os.getsid(server.pid) == os.getpgid(server.pid) == server.pid != os.getsid(0)


def test_a_number_given_to_another_process_does_not_keep_it_from_starting(server: EmbeddedPostgres, data: Path) -> None:
    server.stop()
    owner = (data / "cluster").stat()
    leftover = data / "cluster" / "postmaster.pid"
    with subprocess.Popen(["sleep", "1000"], user=owner.st_uid, group=owner.st_gid) as bystander:
        leftover.write_text(f"{bystander.pid}\n{data / 'cluster'}\n1\n5432\n{data}\n\n0 0\nready   \n")
        os.chown(leftover, owner.st_uid, owner.st_gid)
        assert running_dsn(data) is None
        server.start()
        assert ask(server.dsn, "SELECT 1") == 1
        assert bystander.poll() is None
        server.stop()
        bystander.kill()


def test_a_child_we_forked_neither_stops_the_server_nor_keeps_its_folder(server: EmbeddedPostgres) -> None:
    waits, goes_on = os.pipe()
    child = os.fork()
    if child == 0:
        server.stop()
        os.close(goes_on)
        os.read(waits, 1)
        os._exit(0)
    os.close(waits)
    assert ask(server.dsn, "SELECT 1") == 1
    server.stop()
    with serving(server.data_dir) as second:
        assert second.is_running()
    os.close(goes_on)
    assert os.waitpid(child, 0)[1] == 0


def test_a_long_path_gets_a_socket_elsewhere() -> None:
    with tempfile.TemporaryDirectory(prefix="restante-test-") as folder:
        deep = Path(folder, "a" * 60, "b" * 60)
        with serving(deep / "data") as server:
            assert ask(server.dsn, "SELECT 1") == 1
            assert running_dsn(deep / "data") == server.dsn
            place = cluster.socket_dir(deep / "data")
            assert stat.S_IMODE(place.stat().st_mode) == 0o700
        assert not place.exists()


@pytest.mark.parametrize(("spare", "elsewhere"), [(0, False), (1, True)])
def test_the_longest_socket_path(spare: int, *, elsewhere: bool) -> None:
    folder = Path("/" + "x" * (106 - len("/.s.PGSQL.5432") + spare))
    assert (cluster.socket_dir(folder) != folder) is elsewhere


def test_a_folder_that_cannot_be_trusted_is_refused(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "theirs")
    with pytest.raises(Unavailable, match="not this program's user's own"):
        cluster.ensure_private(tmp_path / "link", None)


def test_a_server_that_cannot_start_says_why(server: EmbeddedPostgres, data: Path) -> None:
    server.stop()
    (data / "cluster" / "PG_VERSION").write_text("12\n")
    with pytest.raises(Unavailable, match=r"not compatible|incompatible"):
        server.start()
    assert not server.is_running()
    (data / "cluster" / "PG_VERSION").write_text("18\n")
    server.start()
