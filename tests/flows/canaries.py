"""Words that nobody else uses, in everything that can be received or written; and what finds them again."""

import base64
import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import httpx
import pytest

from app.lib.listener import bind_listener
from tests.flows.conftest import PASSWORD, Restante

SECRETS = {
    "sender": "zanzibar",
    "sender name": "Quixotina",
    "envelope sender": "wolpertinger",
    "subject": "flibbertigibbet",
    "body": "xylophagous",
    "html": "borborygmus",
    "file name": "kakorrhaphio",
    "file content": "sesquipedalian",
    "alias description": "taradiddle",
    "alias site": "pandiculation",
    "alias note": "callipygian",
    "category": "floccinauci",
    "blocked sender": "bumfuzzle",
    "rule note": "cattywampus",
    "catch-all pattern": "widdershins",
    "line of a file": "gardyloo",
    "key name": "snollygoster",
    "webhook's address": "gallimaufry",
    "webhook's description": "tatterdemalion",
    "password": "battery",
    "unknown recipient": "absquatulate",
}
PUBLIC = {"alias": "collywobbles", "login": "ada-lovelace"}
"""Visible in the database by design, but not for logs."""


def mail() -> bytes:
    message = EmailMessage()
    message["From"] = f"{SECRETS['sender name']} <{SECRETS['sender']}@{SECRETS['sender']}.example>"
    message["To"] = f"{PUBLIC['alias']}@flow.test"
    message["Subject"] = f"About the {SECRETS['subject']}"
    message.set_content(f"The {SECRETS['body']} beetle.\n" * 50)
    message.add_alternative(f"<p>The <b>{SECRETS['html']}</b></p>", subtype="html")
    content = (SECRETS["file content"].encode() + b" ") * 20_000
    message.add_attachment(content, maintype="text", subtype="csv", filename=f"{SECRETS['file name']}.csv")
    return message.as_bytes(policy=SMTP)


def use(service: Restante) -> None:
    """A day in the life: mail in, pages and API out, and a few things that go wrong."""
    alias, login, sender = f"{PUBLIC['alias']}@flow.test", PUBLIC["login"], f"{SECRETS['envelope sender']}@b.example"
    service.command("account", "create", login, "--password-stdin", stdin=PASSWORD + "\n")
    service.command("alias", "create", alias, "--account", login)
    key = service.command("key", "create", "--account", login, "--name", SECRETS["key name"])["key"]
    with httpx.Client(base_url=service.url, headers={"Authorization": f"Bearer {key}"}) as api:
        _make_webhook(api)
    with smtplib.SMTP("127.0.0.1", service.smtp_port) as client:
        client.sendmail(sender, [alias], mail())
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            client.sendmail(sender, [f"{SECRETS['unknown recipient']}@flow.test"], mail())
        client.docmd(f"NONSENSE {SECRETS['body']}")
        client.rset()
        client.mail(sender)
        client.rcpt(alias)
        client.docmd("DATA")
        client.send(f"Subject: {SECRETS['subject']}\n\nbare line feeds {SECRETS['body']}\n\r\n.\r\n".encode())
        client.getreply()
    with httpx.Client(base_url=service.url, headers={"Authorization": f"Bearer {key}"}) as api:
        description = {"description": f"for the {SECRETS['alias description']}"}
        assert api.post("/api/v1/aliases", json=description).status_code == httpx.codes.CREATED
        _write_and_block(service, api, alias)
        (listed,) = api.get("/api/v1/messages").json()["data"]
        assert SECRETS["subject"] in listed["subject"]
        assert SECRETS["body"] in api.get(f"/api/v1/messages/{listed['id']}").json()["data"]["text"]
        assert SECRETS["file content"] in api.get(listed["attachments"][0]["url"]).text
        api.get(f"/api/v1/messages/{SECRETS['subject']}")
        (webhook,) = api.get("/api/v1/webhooks").json()["data"]
        assert webhook["pending_count"] > len(("the message", "what was refused"))
    with httpx.Client(base_url=service.url, follow_redirects=True) as browser:
        browser.post("/login", data={"login": login, "password": "wrong " + SECRETS["body"]})
        assert browser.post("/login", data={"login": login, "password": PASSWORD}).url.path == "/inbox"
        assert SECRETS["subject"] in browser.get(f"/messages/{listed['id']}").text
        browser.get(f"/nowhere/{SECRETS['body']}")


def _make_webhook(api: httpx.Client) -> None:
    """One that nobody answers at, so that what it is to be told waits."""
    with bind_listener("127.0.0.1", 0) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/" + SECRETS["webhook's address"]
    new = {
        "url": url,
        "description": SECRETS["webhook's description"],
        "event_types": ["message.received", "message.refused", "alias.created"],
        "content": "full",
    }
    api.post("/api/v1/webhooks", json=new).raise_for_status()


def _write_and_block(service: Restante, api: httpx.Client, alias: str) -> None:
    """What owners write about aliases, senders and domains, and a refusal that comes of it."""
    blocked = f"{SECRETS['blocked sender']}@{SECRETS['blocked sender']}.example"
    category = api.post("/api/v1/categories", json={"name": SECRETS["category"]}).json()["data"]["id"]
    site, note = f"{SECRETS['alias site']}.example", SECRETS["alias note"]
    api.post("/api/v1/aliases", json={"site": site, "note": note, "category_id": category}).raise_for_status()
    file = f"alias,description\nfrom-a-file@flow.test,{SECRETS['line of a file']}\n"
    imported = api.post("/api/v1/aliases/import", content=file, headers={"Content-Type": "text/csv"}).json()["data"]
    assert imported["counts"] == {"made": 1}
    api.post("/api/v1/blocks", json={"sender": blocked, "note": SECRETS["rule note"]}).raise_for_status()
    api.post("/api/v1/domains", json={"domain": "own.example"}).raise_for_status()
    pattern = {"kind": "wildcard", "text": f"{SECRETS['catch-all pattern']}-*"}
    changes = {"catch_all": "make", "catch_all_pattern": pattern}
    assert api.patch("/api/v1/domains/own.example", json=changes).json()["data"]["catch_all_pattern"] == pattern
    with smtplib.SMTP("127.0.0.1", service.smtp_port) as client, pytest.raises(smtplib.SMTPRecipientsRefused):
        client.sendmail(blocked, [alias], mail())
    refused = api.get("/api/v1/refusals").json()["data"][0]
    assert refused["sender"] == blocked


def _forms(word: str) -> Iterator[bytes]:
    """The word as it might lie about: plain, in UTF-16, as base64 at each alignment, in hex."""
    raw = word.encode()
    yield raw.lower()
    yield word.encode("utf-16-le").lower()
    yield raw.hex().encode()
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + raw)
        # The first and last characters depend on the neighbours.
        yield encoded[4 if shift else 0 : len(encoded) - 4].lower()


def found(content: bytes, words: dict[str, str]) -> list[str]:
    lowered = content.lower()
    return [what for what, word in words.items() if any(form in lowered for form in _forms(word))]


def files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
