"""A thief takes the database, every object and RESTANTE_SECRET, and tries whatever the vault can do on all of it.

A standard account lies beside the sealed one and was used in the same way: what the thief opens of it shows that the
trying is worth something.
"""

import ast
import itertools
import re
import smtplib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.policy import SMTP
from hashlib import sha256
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, get_args
from uuid import UUID

import httpx
import msgspec
import psycopg
import pytest
import zstandard
from psycopg import sql

from app.core.messages.model import BlobRef, Summary
from app.errors import CannotOpen, NotFound
from app.lib.postgres import running_dsn
from app.vault import contents, instructions, links, outbox, seal, tokens
from app.vault.account_keys import AccountKeys
from app.vault.chunks import ChunkOpener
from app.vault.instance import InstanceKey
from app.vault.keyring import HolderKind, Keyring, instance_holder_key, unwrap_index_key, unwrap_keyring
from tests.flows.conftest import PASSWORD, Restante

APP = Path(__file__).parents[2] / "app"
WORDS = {
    "sender": "zanzibar",
    "sender name": "Quixotina",
    "subject": "flibbertigibbet",
    "beginning": "xylophagous",
    "body": "borborygmus",
    "file name": "kakorrhaphio",
    "file content": "sesquipedalian",
    "small file": "widdershins",
    "alias description": "taradiddle",
    "alias note": "callipygian",
    "category": "floccinauci",
    "blocked sender": "bumfuzzle",
    "rule note": "cattywampus",
    "catch-all pattern": "gardyloo",
    "key name": "snollygoster",
    "webhook's address": "gallimaufry",
    "webhook's description": "tatterdemalion",
    "answer": "absquatulate",
}
"""What both accounts hold, and no column or object in clear."""
FOR_SENDING = {"webhooks.details", "events.payload", "webhook_attempts.answer", "account_domains.catch_all_pattern"}
"""What docs/threat-model.md says the instance key opens of every account: it is needed while its owner is away."""
TOLD_THIN = {"sender", "sender name", "subject", "beginning", "file name"}
SETTINGS = {"webhook's address", "webhook's description", "catch-all pattern"}

Loot = list[tuple[str, bytes]]


def mail(login: str) -> bytes:
    message = EmailMessage()
    message["From"] = f"{WORDS['sender name']} <{WORDS['sender']}@b.example>"
    message["To"] = f"{login}@flow.test"
    message["Subject"] = f"About the {WORDS['subject']}"
    message.set_content(f"The {WORDS['beginning']} beetle. " + "And so on.\n" * 200 + WORDS["body"])
    message.add_attachment(f"A {WORDS['small file']}.", filename="small.txt")
    large = (WORDS["file content"].encode() + b" ") * 20_000
    message.add_attachment(large, maintype="text", subtype="csv", filename=f"{WORDS['file name']}.csv")
    return message.as_bytes(policy=SMTP)


class Person:
    """Somebody who uses the product by its pages and its API, and whom nothing but credentials tells from others."""

    def __init__(self, service: Restante, login: str, *kind: str) -> None:
        self.service, self.login, self.alias = service, login, f"{login}@flow.test"
        made = service.command("account", "create", login, "--password-stdin", *kind, stdin=PASSWORD + "\n")
        self.account_id, self.recovery_code = UUID(made["account_id"]), made.get("recovery_code")
        with self.browser() as browser:
            self.key = self._made_key(browser)

    @contextmanager
    def browser(self) -> Iterator[httpx.Client]:
        """Signed in, and signed out afterwards."""
        with httpx.Client(base_url=self.service.url, follow_redirects=True, timeout=60) as browser:
            answer = browser.post("/login", data={"login": self.login, "password": PASSWORD})
            assert answer.url.path == "/inbox", answer.text
            yield browser
            browser.post("/logout", data={"csrf": self._csrf(browser)}).raise_for_status()

    def api(self) -> httpx.Client:
        return httpx.Client(
            base_url=f"{self.service.url}/api/v1", headers={"Authorization": f"Bearer {self.key}"}, timeout=60
        )

    def use(self, endpoint: str) -> None:
        """Write, receive, search: everything that leaves something behind."""
        with self.api() as api:
            self._write(api, endpoint)
            with smtplib.SMTP("127.0.0.1", self.service.smtp_port) as client:
                client.sendmail("bounce@b.example", [self.alias], mail(self.login))
                blocked = f"{WORDS['blocked sender']}@b.example"
                with pytest.raises(smtplib.SMTPRecipientsRefused):
                    client.sendmail(blocked, [self.alias], mail(self.login))
            self.reads_all(api)
        with self.browser() as browser:
            self._browse(browser)

    def reads_all(self, api: httpx.Client) -> None:
        """Everything is there again, found by its words and word for word."""
        found = api.get("/messages", params={"q": f'"{WORDS["body"]}" {WORDS["sender"]}'}).json()["data"]
        assert [one["subject"] for one in found] == [f"About the {WORDS['subject']}"], found
        whole = api.get(f"/messages/{found[0]['id']}").json()["data"]
        assert WORDS["body"] in whole["text"]
        files = [httpx.get(one["url"]).text for one in whole["attachments"]]
        assert any(WORDS["small file"] in file for file in files)
        assert any(WORDS["file content"] in file for file in files)
        (described,) = api.get("/aliases", params={"q": WORDS["alias description"]}).json()["data"]
        assert WORDS["alias note"] in described["note"]
        (rule,) = api.get("/blocks").json()["data"]
        assert WORDS["rule note"] in rule["note"]
        (refused,) = api.get("/refusals").json()["data"]
        assert WORDS["blocked sender"] in refused["sender"]

    def _browse(self, browser: httpx.Client) -> None:
        assert WORDS["subject"] in browser.get("/inbox").text
        assert WORDS["category"] in browser.get("/categories").text
        assert WORDS["key name"] in browser.get("/keys").text
        assert WORDS["subject"] in browser.get("/search", params={"q": WORDS["body"]}).text

    def _write(self, api: httpx.Client, endpoint: str) -> None:
        category = api.post("/categories", json={"name": WORDS["category"]}).json()["data"]["id"]
        new = {
            "domain": "flow.test",
            "local_part": self.login,
            "description": WORDS["alias description"],
            "note": WORDS["alias note"],
            "category_id": category,
        }
        api.post("/aliases", json=new, headers={"Idempotency-Key": "made-once"}).raise_for_status()
        api.post("/blocks", json={"sender": f"{WORDS['blocked sender']}@b.example", "note": WORDS["rule note"]})
        domain = f"{self.login}.example"
        api.post("/domains", json={"domain": domain}).raise_for_status()
        pattern = {"kind": "wildcard", "text": f"{WORDS['catch-all pattern']}-*"}
        changes = {"catch_all": "make", "catch_all_pattern": pattern}
        api.patch(f"/domains/{domain}", json=changes).raise_for_status()
        webhook = {
            "url": f"{endpoint}/" + WORDS["webhook's address"],
            "description": WORDS["webhook's description"],
            "event_types": ["message.received", "message.refused"],
        }
        api.post("/webhooks", json=webhook).raise_for_status()

    def _made_key(self, browser: httpx.Client) -> str:
        form = {"csrf": self._csrf(browser), "name": WORDS["key name"], "preset": "everything", "lasts": "ever"}
        answer = browser.post("/keys", data=form)
        found = re.search(r"rst_[0-9A-Za-z]{38}", answer.text)
        assert found, answer.text
        return found[0]

    def _csrf(self, browser: httpx.Client) -> str:
        found = re.search(r'name="csrf" value="([0-9a-f]{64})"', browser.get("/settings").text)
        assert found
        return found[1]


class Endpoint:
    """A webhook's endpoint on loopback that fails and says why, so that what it is to be told waits."""

    def __init__(self) -> None:
        self.asked = threading.Semaphore(0)
        asked = self.asked

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                self.send_response(HTTPStatus.INTERNAL_SERVER_ERROR)
                self.end_headers()
                self.wfile.write(WORDS["answer"].encode())
                asked.release()

            def log_message(self, *_args: object) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Row(msgspec.Struct, frozen=True, kw_only=True):
    table: str
    values: dict[str, Any]

    @property
    def ids(self) -> list[UUID]:
        return [value for value in self.values.values() if isinstance(value, UUID)]

    @property
    def sealed(self) -> Iterator[tuple[str, bytes]]:
        for column, value in self.values.items():
            if isinstance(value, bytes) and value:
                yield f"{self.table}.{column}", value


def dump(data: Path) -> list[Row]:
    """Every row of every table."""
    dsn = running_dsn(data / "postgres")
    assert dsn
    rows = []
    with psycopg.connect(dsn) as conn:
        tables = conn.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        for (table,) in tables.fetchall():
            cursor = conn.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table)))
            names = [column.name for column in cursor.description or ()]
            rows += [Row(table=table, values=dict(zip(names, values, strict=True))) for values in cursor.fetchall()]
    return rows


def purposes() -> set[str]:
    """Every literal that a module which uses the vault might give it as a purpose or a label."""
    found: set[str] = set()
    for path in APP.rglob("*.py"):
        text = path.read_text()
        if "app.vault" in text:
            nodes = ast.walk(ast.parse(text))
            strings = [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
            found.update(one for one in strings if re.fullmatch(r"[a-z][a-z_. -]{2,30}", one))
    return found


class Thief:
    """Has the dump, the objects, RESTANTE_SECRET and the accounts' keys; tries what the vault offers on all of one
    account's values.
    """

    def __init__(self, rows: list[Row], objects: dict[str, bytes], instance: InstanceKey) -> None:
        self._rows, self._objects, self._instance = rows, objects, instance
        self._purposes = sorted(purposes())
        values = [value for row in rows for _, value in row.sealed]
        # All that might be a key: what the instance key gives, what stands in the database, and hashes of that.
        keys = {self._instance.subkey(label) for label in self._purposes}
        keys |= {value for value in values if len(value) == 32}
        keys |= {value + value for value in values if len(value) == 16}
        keys |= {tokens.holder_key(value.hex()) for value in values if len(value) == 32}
        self._keys = keys | {sha256(value).digest() for value in values}

    def loot(self, account_id: UUID) -> Loot:
        """All that opens of the account: where it lay, and what it says."""
        rows = [row for row in self._rows if row.values.get("account_id") == account_id]
        index_key = self._index_key(rows, account_id)
        keyrings = list(self._keyrings(rows, account_id))
        loot: Loot = [("holders.keyring", keyring.to_bytes()) for keyring in keyrings]
        for row in rows:
            for place, sealed in row.sealed:
                loot += [(place, found) for found in self._opened(row, sealed, account_id, index_key, keyrings)]
        loot += self._messages(rows, account_id, keyrings)
        return loot + self._objects_of(account_id, index_key, loot)

    def _index_key(self, rows: list[Row], account_id: UUID) -> bytes:
        """That much the instance key gives, because receiving needs it."""
        (account,) = [row.values for row in rows if row.table == "accounts"]
        return unwrap_index_key(self._instance, account_id, account["index_key"])

    def _keyrings(self, rows: list[Row], account_id: UUID) -> Iterator[Keyring]:
        keys = self._keys | {instance_holder_key(self._instance, account_id)}
        kinds: tuple[HolderKind, ...] = get_args(HolderKind)
        for row in rows:
            for _, value in row.sealed:
                for key, kind, holder_id in itertools.product(keys, kinds if len(value) == 158 else (), row.ids):
                    with suppress(CannotOpen):
                        yield unwrap_keyring(
                            value, holder_key=key, account_id=account_id, holder_id=holder_id, kind=kind
                        )

    def _opened(
        self, row: Row, sealed: bytes, account_id: UUID, index_key: bytes, keyrings: list[Keyring]
    ) -> Iterator[bytes]:
        names = {str(value) for value in row.values.values() if isinstance(value, str | UUID)}
        for purpose, row_id in itertools.product(self._purposes, row.ids):
            with suppress(CannotOpen):
                yield outbox.open_outgoing(
                    index_key, account_id=account_id, purpose=purpose, row_id=row_id, sealed=sealed
                )
            for keyring in keyrings:
                for opening in (seal.open_field, seal.open_received):
                    with suppress(CannotOpen):
                        yield opening(keyring, account_id=account_id, purpose=purpose, row_id=row_id, sealed=sealed)
        for purpose, name in itertools.product(self._purposes, names):
            with suppress(CannotOpen):
                yield instructions.open_instruction(
                    index_key, account_id=account_id, purpose=purpose, row=name, sealed=sealed
                )
        for key in self._keys:
            with suppress(CannotOpen, NotFound):
                yield links.open_link(key, links._encode(sealed), now=0)
            for row_id in row.ids:
                for content_key in (index_key, key):
                    with suppress(CannotOpen):
                        yield contents.unlock_blob_key(
                            content_key, key, account_id=account_id, blob_id=row_id, locked_key=sealed
                        )

    def _messages(self, rows: list[Row], account_id: UUID, keyrings: list[Keyring]) -> Loot:
        """Messages by their own keys, and by whatever else might be one."""
        loot: Loot = []
        for row in rows:
            for (place, sealed), row_id in itertools.product(row.sealed, row.ids):
                for key in self._keys | set(self._message_keys(rows, row_id, account_id, keyrings)):
                    for opening in (seal.open_summary, seal.open_source, seal.open_sender):
                        with suppress(CannotOpen):
                            found = opening(key, account_id=account_id, message_id=row_id, sealed=sealed)
                            loot.append((place, _unpacked(found)))
        return loot

    def _message_keys(
        self, rows: list[Row], message_id: UUID, account_id: UUID, keyrings: list[Keyring]
    ) -> Iterator[bytes]:
        for row, keyring in itertools.product(rows, keyrings):
            if message_id in row.ids:
                for _, sealed in row.sealed:
                    with suppress(CannotOpen):
                        yield seal.open_message_key(
                            keyring, account_id=account_id, message_id=message_id, sealed_key=sealed
                        )

    def _objects_of(self, account_id: UUID, index_key: bytes, loot: Loot) -> Loot:
        keys = self._keys | {index_key} | {content for _, content in loot if len(content) == 32}
        for place, content in loot:
            if place == "message_summaries.summary":
                refs: tuple[BlobRef, ...] = msgspec.msgpack.decode(content, type=Summary).layout.blobs
                keys |= {ref.key for ref in refs if ref.key}
        found: Loot = []
        for name, content in self._objects.items():
            owner, _, blob_id = name.partition("/")
            for key in keys if owner == str(account_id) else ():
                with suppress(CannotOpen):
                    opener = ChunkOpener(key, UUID(blob_id))
                    found.append(("object", opener.update(content) + opener.finish()))
        return found


def _unpacked(content: bytes) -> bytes:
    if content.startswith(zstandard.FRAME_HEADER):
        return zstandard.ZstdDecompressor().decompress(content, max_output_size=1 << 26)
    return content


def words_in(loot: Loot) -> set[str]:
    plain = b"\n".join(_unpacked(content) for _, content in loot).lower()
    return {what for what, word in WORDS.items() if word.lower().encode() in plain}


def objects_in(data: Path) -> dict[str, bytes]:
    folder = data / "objects"
    found = {}
    for path in folder.rglob("*"):
        if path.is_file():
            found[f"{path.parent.name}/{path.name}"] = path.read_bytes()
    return found


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    made = Endpoint()
    yield made
    made.close()


def test_who_has_database_objects_and_secret_opens_nothing_of_a_sealed_account(
    restante: Restante, endpoint: Endpoint
) -> None:
    sealed, standard = Person(restante, "sealed-ada", "--sealed"), Person(restante, "open-bob")
    for person in (sealed, standard):
        person.use(endpoint.url)
        assert endpoint.asked.acquire(timeout=60)
        with person.api() as api:
            (webhook,) = api.get("/webhooks").json()["data"]
            _until_an_attempt_is_noted(api, webhook["id"])
    data = restante.folder / "data"
    rows, objects = dump(data), objects_in(data)
    assert len(objects) == len((sealed, standard))
    instance = InstanceKey((data / "instance-secret").read_text(), AccountKeys(data / "account-keys"))
    thief = Thief(rows, objects, instance)

    stolen = thief.loot(standard.account_id)
    assert words_in(stolen) == set(WORDS), "the trying itself opens too little"

    stolen = thief.loot(sealed.account_id)
    assert {place for place, _ in stolen} == FOR_SENDING
    waiting = [(place, content) for place, content in stolen if place == "events.payload"]
    assert words_in(waiting) <= TOLD_THIN | {"blocked sender"}
    assert words_in(stolen) <= TOLD_THIN | SETTINGS | {"blocked sender", "answer"}
    clear = [(row.table, str(value).encode()) for row in rows for value in row.values.values()]
    clear += [("object", content) for content in objects.values()]
    assert not words_in(clear)

    with sealed.api() as api:
        sealed.reads_all(api)
    with sealed.browser() as browser:
        assert WORDS["subject"] in browser.get("/inbox").text


def _until_an_attempt_is_noted(api: httpx.Client, webhook_id: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        deliveries = api.get(f"/webhooks/{webhook_id}/deliveries").json()["data"]
        if any(one["attempt_count"] for one in deliveries):
            return
    pytest.fail("nothing was tried")
