"""The command line as operators run it, on a database of the test's own; once with the embedded one."""

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from psycopg import sql

from app.lib.db import connect_now
from app.lib.postgres import EmbeddedPostgres, running_dsn
from app.smtp import tls
from tests.conftest import PASSWORD

RESTANTE = Path(sys.executable).with_name("restante")
SECRET = "an instance secret that only tests know"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's device that is always full")
@pytest.mark.parametrize("words", [["--help"], ["alias", "--help"]])
def test_output_that_cannot_be_written_is_told_in_a_line(words: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [RESTANTE, *words], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False
        )
    assert done.returncode == 1
    assert done.stderr == "restante: The output could not be written: No space left on device.\n"


class Restante:
    """`restante` with an environment of its own."""

    def __init__(self, **settings: str) -> None:
        foreign = ("RESTANTE_", "S3_", "DATABASE_URL", "PORT")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        self.environ = kept | {"RESTANTE_MAIL_DOMAINS": "flow.test"} | settings

    def __call__(self, *words: str, stdin: str = "", code: int = 0, **changes: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [RESTANTE, *words],
            env=self.environ | changes,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        return done

    def json(self, *words: str, stdin: str = "") -> Any:  # noqa: ANN401 - whatever JSON the command prints
        done = self(*words, "--json", stdin=stdin)
        assert done.stderr == ""
        return json.loads(done.stdout)

    def fails(self, *words: str, stdin: str = "", code: int = 1, **changes: str) -> str:
        """What it says on stderr; nothing is said on stdout."""
        done = self(*words, stdin=stdin, code=code, **changes)
        assert done.stdout == ""
        if code == 1:
            assert done.stderr.startswith("restante: ")
        return done.stderr


def url_of(dsn: str) -> str:
    """The same as a URL, as DATABASE_URL has it."""
    values = psycopg.conninfo.conninfo_to_dict(dsn)
    name = values.pop("dbname")
    return f"postgresql:///{name}?" + "&".join(f"{key}={quote(str(value), safe='')}" for key, value in values.items())


@pytest.fixture
def restante(dsn: str, tmp_path: Path) -> Restante:
    return Restante(DATABASE_URL=url_of(dsn), RESTANTE_SECRET=SECRET, RESTANTE_DATA_DIR=str(tmp_path / "data"))


def test_accounts_aliases_keys_and_domains(restante: Restante) -> None:
    made = restante.json("account", "create", "ada", "--admin", "--password-stdin", stdin=f"{PASSWORD}\r\n")
    assert (made["login"], made["status"], made["is_admin"]) == ("ada", "active", True)
    assert restante.json("domain", "add", "second.test") == {"domain": "second.test"}
    assert restante.json("alias", "create", "shop@second.test", "--account", "ada")["email"] == "shop@second.test"
    assert restante.json("key", "create", "--account", "ada", "--name", "script")["key"].startswith("rst_")
    assert restante.json("account", "suspend", "ada")["status"] == "suspended"
    assert restante.json("account", "suspend", "ada", "--undo")["status"] == "active"
    assert [row["login"] for row in restante.json("account", "list")] == ["ada"]
    assert restante.json("account", "delete", "ada", "--yes")["deleted"] is True
    assert restante.json("account", "list") == []


def test_answers_for_people_are_lines(restante: Restante) -> None:
    done = restante("account", "create", "ada", "--password-stdin", stdin=PASSWORD)
    assert done.stdout.count("\n") == 1
    assert "login=ada  kind=standard  status=active  is_admin=False" in done.stdout
    assert PASSWORD not in done.stdout
    assert "messages=0  bytes=0" in restante("account", "list").stdout


def test_a_password_that_is_asked_for_is_asked_twice(restante: Restante) -> None:
    done = restante("account", "create", "ada", stdin=f"{PASSWORD}\n{PASSWORD}\n")
    assert "login=ada" in done.stdout


def test_errors_are_sentences_on_stderr(restante: Restante) -> None:
    assert restante.fails("account", "suspend", "nobody") == "restante: There is no account with this login.\n"
    told = restante.fails("account", "create", "a", "--password-stdin", stdin="short\n")
    assert told.splitlines()[0] == "restante: The account cannot be made like this."
    assert [line.partition(":")[0] for line in told.splitlines()[1:]] == ["  login", "  password"]
    assert "short" not in told
    assert restante.fails("domain", "add", "no domain").count("\n") == 1
    assert "Usage:" in restante.fails("account", "create", code=2)
    assert "Usage:" in restante.fails("nonsense", code=2)


def test_deleting_is_asked_about(restante: Restante) -> None:
    restante("account", "create", "ada", "--password-stdin", stdin=PASSWORD)
    assert "cannot be undone" in restante("account", "delete", "ada", stdin="n\n", code=1).stdout
    assert len(restante.json("account", "list")) == 1
    restante("account", "delete", "ada", stdin="y\n")
    assert restante.json("account", "list") == []


def test_a_wrong_environment_is_told_whole(restante: Restante) -> None:
    told = restante.fails("account", "list", RESTANTE_HTTP="nowhere", RESTANTE_SMTP_TIMEOUT="soon")
    assert [line.split()[0] for line in told.splitlines()] == ["restante:", "RESTANTE_HTTP", "RESTANTE_SMTP_TIMEOUT"]
    for command in ("serve", "web", "smtp", "worker", "migrate", "check"):
        assert "RESTANTE_SECRET" in restante.fails(command, RESTANTE_SECRET="too short")


def test_check_tells_what_is_wrong(restante: Restante, dsn: str, tmp_path: Path) -> None:
    assert restante("check").stdout == "Configuration, database and object store are fine.\n"
    with connect_now(dsn) as conn:
        conn.execute("DELETE FROM schema_migrations WHERE name LIKE '0001%'")
    (tmp_path / "data" / "objects").mkdir(exist_ok=True)
    shutil.rmtree(tmp_path / "data" / "objects")
    (tmp_path / "data" / "objects").write_text("in the way")
    schema, objects = restante.fails("check").splitlines()
    assert "run `restante migrate`" in schema
    assert objects.startswith("restante: ")


def test_check_reads_the_certificate(restante: Restante, tmp_path: Path) -> None:
    certificate, key = tls.self_signed(tmp_path, "mx.flow.test")
    restante.environ |= {"RESTANTE_TLS_CERT": str(certificate), "RESTANTE_TLS_KEY": str(key)}
    assert "are fine" in restante("check").stdout
    key.write_text("no key")
    assert "RESTANTE_TLS_KEY should be PEM files" in restante.fails("check")


def test_roles_start_on_the_right_schema_alone(restante: Restante, dsn: str) -> None:
    with connect_now(dsn) as conn:
        conn.execute("DELETE FROM schema_migrations WHERE name LIKE '0001%'")
    for role in ("web", "smtp", "worker"):
        assert "run `restante migrate`" in restante.fails(role)


def test_a_database_that_does_not_answer(restante: Restante) -> None:
    told = restante.fails("check", DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing")
    assert told == ("restante: The database does not answer; check DATABASE_URL and that Postgres runs there.\n")


@pytest.fixture
def empty_url(postgres: EmbeddedPostgres) -> Iterator[str]:
    name = f"test_{os.urandom(8).hex()}"
    with connect_now(postgres.dsn) as conn:
        conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield url_of(psycopg.conninfo.make_conninfo(postgres.dsn, dbname=name))
        conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def test_migrate_makes_a_new_database_ready(restante: Restante, empty_url: str) -> None:
    assert "run `restante migrate`" in restante.fails("check", DATABASE_URL=empty_url)
    first = restante("migrate", DATABASE_URL=empty_url)
    assert first.stdout.splitlines()[:2] == ["applied procrastinate", "applied 0001_accounts_aliases_messages.sql"]
    assert restante("migrate", DATABASE_URL=empty_url).stdout == "nothing to do\n"
    assert "are fine" in restante("check", DATABASE_URL=empty_url).stdout
    with connect_now(empty_url) as conn:
        assert conn.execute("SELECT domain FROM domains").fetchall() == [("flow.test",)]


@pytest.fixture
def folder() -> Iterator[Path]:
    # Not pytest's own folder: as root, Postgres runs as another user, who may not enter there.
    made = Path(tempfile.mkdtemp(prefix="restante-cli-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made)


def test_with_nothing_configured_a_database_is_made_and_stopped_again(folder: Path) -> None:
    data = folder / "data"
    restante = Restante(RESTANTE_DATA_DIR=str(data))
    for role in ("web", "smtp", "worker"):
        assert "DATABASE_URL" in restante.fails(role)
    made = restante.json("account", "create", "ada", "--password-stdin", stdin=PASSWORD)
    assert restante.json("account", "list")[0]["account_id"] == made["account_id"]
    secret = data / "instance-secret"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert len(secret.read_text().strip()) == 64
    assert running_dsn(data / "postgres") is None
    assert restante.json("key", "create", "--account", "ada")["key"]
    secret.chmod(0o644)
    assert "chmod 600" in restante.fails("account", "list")


def test_help_names_every_command() -> None:
    shown = Restante()("--help").stdout
    for command in ("serve", "web", "smtp", "worker", "migrate", "check", "account", "alias", "key", "domain"):
        assert f"\n  {command} " in shown
