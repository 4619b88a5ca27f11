"""An account full of words that nobody else uses is deleted; then none of them is left on the disk, nor its ids.

Postgres's own log of changes (WAL) is left out: what stood in clear in a row, a login name or an address, is in there
until its files are used again. What is sealed is sealed there, too, as `test_privacy` sees.
"""

import re
import uuid
from pathlib import Path

import httpx
import psycopg

from app.lib.postgres import EmbeddedPostgres
from tests.flows.canaries import PUBLIC, SECRETS, files, found, use
from tests.flows.conftest import PASSWORD, Restante

_CSRF = re.compile(r'name="csrf" value="([0-9a-f]{64})"')


def _delete(service: Restante) -> None:
    """As the owner does it, in a browser, at once."""
    with httpx.Client(base_url=service.url) as browser:
        browser.post("/login", data={"login": PUBLIC["login"], "password": PASSWORD})
        page = browser.get("/settings/delete")
        token = _CSRF.search(page.text)
        assert token is not None, page.text
        form = {"csrf": token[1], "when": "now", "login": PUBLIC["login"]}
        answer = browser.post("/settings/delete", data=form)
        assert answer.status_code == httpx.codes.OK
        assert "Your account is deleted" in answer.text


def _dsn(service: Restante) -> str:
    return EmbeddedPostgres(service.folder / "data" / "postgres").dsn


def _ids(service: Restante) -> list[uuid.UUID]:
    """The account's own, and those of its aliases and messages."""
    with psycopg.connect(_dsn(service), autocommit=True) as conn:
        rows = conn.execute(
            """SELECT account_id FROM accounts UNION SELECT alias_id FROM aliases
               UNION SELECT message_id FROM messages
               UNION SELECT blob_id FROM blobs UNION SELECT webhook_id FROM webhooks
               UNION SELECT key_id FROM api_keys"""
        ).fetchall()
    return [row[0] for row in rows]


def _vacuum(service: Restante) -> None:
    """What Postgres does by itself sooner or later: rewrite its pages without what was deleted."""
    with psycopg.connect(_dsn(service), autocommit=True) as conn:
        conn.execute("VACUUM (FULL, ANALYZE)")


def _audited(service: Restante) -> tuple[set[str], set[str]]:
    """Files of the audit log, with what the planner knows of it, and the ids in it: by design it outlives accounts."""
    with psycopg.connect(_dsn(service), autocommit=True) as conn:
        nodes = conn.execute(
            """SELECT pg_relation_filenode(oid)::text FROM pg_class WHERE oid = 'pg_statistic'::regclass
               OR oid = 'audit_entries'::regclass
               OR oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = 'audit_entries'::regclass)"""
        ).fetchall()
        rows = conn.execute("SELECT account_id::text, subject FROM audit_entries").fetchall()
    return {name for (name,) in nodes}, {one for row in rows for one in row if one}


def _kept(service: Restante) -> list[Path]:
    data = service.folder / "data"
    return [path for path in files(data) if "pg_wal" not in path.relative_to(data).parts]


def _holding(paths: list[Path], ids: list[uuid.UUID]) -> dict[str, list[str]]:
    """Files that hold one of the words, or of the ids as text or as Postgres stores them."""
    holding = {}
    for path in paths:
        content = path.read_bytes()
        words = found(content, SECRETS | PUBLIC)
        words += [str(one) for one in ids if one.bytes in content or str(one).encode() in content]
        words += [name for name in path.parts if name in {str(one) for one in ids}]
        if words:
            holding[str(path)] = words
    return holding


def test_nothing_is_left_of_a_deleted_account(restante: Restante) -> None:
    use(restante)
    ids = _ids(restante)
    restante.stop()
    before = _holding(_kept(restante), ids)
    assert len(ids) > 6
    assert {word for words in before.values() for word in words} >= {*PUBLIC, *map(str, ids)}, "nothing was looked for"
    assert not {word for words in before.values() for word in words} & set(SECRETS)
    restante.environ["RESTANTE_LOG_DIR"] = str(restante.folder / "data" / "logs")
    restante.start()
    _delete(restante)
    assert list(files(restante.folder / "data" / "objects")) == []
    _vacuum(restante)
    audit_files, audited = _audited(restante)
    restante.stop()
    kept = _kept(restante)
    assert len(kept) > 100
    holding = _holding(kept, ids)
    assert {
        path: words for path, words in holding.items() if Path(path).name not in audit_files or set(words) - audited
    } == {}
    assert found(restante.log.read_bytes(), SECRETS | PUBLIC) == []
    assert {path.name.partition("-")[0] for path in kept if path.parent.name == "logs"} == {"restante", "access"}
