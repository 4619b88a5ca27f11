"""An export brought into another service, and mail of other programs; what is brought twice is there once."""

import json
import mailbox
import zipfile
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from app.client.importing import letters
from app.client.importing.archive import Archive
from app.errors import Invalid
from tests.api.conftest import Api, User
from tests.client.conftest import Cli, MakeCli
from tests.core.exports.corpus import CORPUS


@pytest.fixture
def bobs(make_cli: MakeCli, bob: User, tmp_path: Path) -> Cli:
    return make_cli(bob, XDG_STATE_HOME=str(tmp_path / "state"))


async def sources(api: Api, user: User) -> list[tuple[str, bool, bool, str, bytes]]:
    """(folder, read, starred, received, source) of all messages, newest first."""
    found = []
    for params in ({}, {"folder": "held"}):
        rows = (await api.get("/api/v1/messages", user, params={"limit": "100", **params})).json()["data"]
        for row in rows:
            source = (await api.get(f"/api/v1/messages/{row['id']}/source", user)).content
            found.append((row["folder"], row["is_read"], row["is_starred"], row["received_at"], source))
    return found


def unpacked(folder: Path) -> Path:
    place = folder / "unpacked"
    for one in folder.glob("*.zip"):
        with zipfile.ZipFile(one) as archive:
            archive.extractall(place)
    return place


@pytest.mark.parametrize("is_unpacked", [False, True])
async def test_an_export_comes_in_as_it_went_out(
    cli: Cli, bobs: Cli, api: Api, ada: User, bob: User, tmp_path: Path, is_unpacked: bool
) -> None:
    for raw in CORPUS:
        await api.deliver(ada, raw)
    first, second = [row["id"] for row in (await api.get("/api/v1/messages", ada)).json()["data"]][:2]
    await api.request("PATCH", f"/api/v1/messages/{first}", ada, json={"is_starred": True, "folder": "archive"})
    await api.request("PATCH", f"/api/v1/messages/{second}", ada, json={"is_read": True, "folder": "spam"})
    out = tmp_path / "out"
    await cli("export", "--everything", str(out))
    place = unpacked(out) if is_unpacked else out
    result = await bobs("import", str(place), "--alias", bob.alias.address)
    assert f"{len(CORPUS)} brought, 0 there already" in result.stdout
    assert await sources(api, bob) == await sources(api, ada)
    again = await bobs("import", str(place), "--alias", bob.alias.address)
    assert f"0 brought, {len(CORPUS)} there already" in again.stdout
    assert len(await sources(api, bob)) == len(CORPUS)


async def test_what_the_owner_set_comes_along(
    cli: Cli, bobs: Cli, api: Api, ada: User, bob: User, tmp_path: Path
) -> None:
    await api.request("POST", "/api/v1/categories", ada, json={"name": "Shops", "colour": "teal"})
    category = (await api.get("/api/v1/categories", ada)).json()["data"][0]["id"]
    await api.request("PATCH", "/api/v1/account", ada, json={"alias_format": "uuid"})
    patch = {"category_id": category, "note": "a note", "description": "=sum(1)", "idle_days": 30}
    await api.request("PATCH", f"/api/v1/aliases/{ada.alias.alias_id}", ada, json=patch)
    for body in (
        {"sender": "spam.example"},
        {"sender": "a@b.example", "alias_id": str(ada.alias.alias_id), "note": "why"},
    ):
        await api.request("POST", "/api/v1/blocks", ada, json=body)
    await api.request("POST", "/api/v1/allows", ada, json={"sender": "friend@c.example"})
    out = tmp_path / "out"
    await cli("export", "--everything", str(out))
    # Elsewhere the address would be free; here it is taken, so it gets another in the files.
    place = unpacked(out)
    for name in ("aliases.csv", "aliases.json", "rules.json"):
        text = (place / name).read_text().replace(ada.alias.address, "brought@restante.test")
        (place / name).write_text(text)
    for _ in range(2):
        await bobs("import", str(place))
    aliases = (await api.get("/api/v1/aliases", bob, params={"q": "brought@"})).json()["data"]
    (alias,) = aliases
    assert (alias["note"], alias["description"], alias["idle_days"]) == ("a note", "=sum(1)", 30)
    (made,) = (await api.get("/api/v1/categories", bob)).json()["data"]
    assert (made["name"], made["colour"], alias["category_id"]) == ("Shops", "teal", made["id"])
    assert (await api.get("/api/v1/account", bob)).json()["data"]["alias_format"] == "uuid"
    blocks = (await api.get("/api/v1/blocks", bob)).json()["data"]
    assert {(one["sender"], one["note"], (one["alias"] or {}).get("email")) for one in blocks} == {
        ("spam.example", "", None),
        ("a@b.example", "why", "brought@restante.test"),
    }
    (allow,) = (await api.get("/api/v1/allows", bob)).json()["data"]
    assert allow["sender"] == "friend@c.example"


async def test_our_mbox_files_give_the_same_bytes(
    cli: Cli, bobs: Cli, api: Api, ada: User, bob: User, tmp_path: Path
) -> None:
    texts = [raw for raw in CORPUS if raw.endswith(b"\r\n") and b"\n" not in raw.replace(b"\r\n", b"")]
    for raw in texts:
        await api.deliver(ada, raw)
    await cli("export", "-o", str(tmp_path / "all.mbox"))
    await bobs("import", str(tmp_path / "all.mbox"), "--alias", bob.alias.address)
    assert [one[-1] for one in sorted(await sources(api, bob), key=lambda one: one[-1])] == sorted(texts)
    # Where it came from, all of it is known.
    result = await cli("import", str(tmp_path / "all.mbox"))
    assert f"0 brought, {len(texts)} there already" in result.stdout


async def test_a_maildir_of_another_program(bobs: Cli, api: Api, bob: User, tmp_path: Path) -> None:
    box = mailbox.Maildir(tmp_path / "Maildir")
    for folder, flags in ((None, "S"), (None, ""), ("Junk", "FS"), ("Lists", "S")):
        message = mailbox.MaildirMessage(letter(f"{folder} {flags}"))
        message.set_subdir("cur" if flags else "new")
        message.set_flags(flags)
        message.set_date(1_500_000_000)
        (box if folder is None else box.add_folder(folder)).add(message)
    box.close()
    usage = await bobs.fails("import", str(tmp_path / "Maildir"), code=2)
    assert "--alias" in usage
    await bobs("import", str(tmp_path / "Maildir"), "--alias", bob.alias.address)
    found = {one[-1].partition(b"Subject: ")[2].split(b"\r\n")[0]: one[:3] for one in await sources(api, bob)}
    assert found == {
        b"None S": ("inbox", True, False),
        b"None ": ("inbox", False, False),
        b"Junk FS": ("spam", True, True),
        b"Lists S": ("archive", True, False),
    }


async def test_an_mbox_of_another_program(bobs: Cli, api: Api, bob: User, tmp_path: Path) -> None:
    text = (
        b"From a@b.example Fri Jul 14 02:40:00 2017\nSubject: one\nStatus: RO\nX-Status: F\n\nbody\n>From me\n\n"
        b"From - Fri Jul 14 02:40:01 2017\nSubject: two\nStatus: O\n\nFrom nobody, on a line\n\n"
    )
    (tmp_path / "box").write_bytes(text)
    await bobs("import", str(tmp_path / "box"), "--alias", str(bob.alias.alias_id))
    two, one = await sources(api, bob)
    assert one[:4] == ("archive", True, True, "2017-07-14T02:40:00.000Z")
    assert one[-1] == b"Subject: one\r\nStatus: RO\r\nX-Status: F\r\n\r\nbody\r\nFrom me\r\n"
    assert two[:2] == ("archive", False)
    assert two[-1].endswith(b"\r\n\r\nFrom nobody, on a line\r\n")


async def test_aliases_of_simplelogin(bobs: Cli, api: Api, bob: User, tmp_path: Path) -> None:
    (tmp_path / "sl.csv").write_text("alias,note,enabled\nshop.one@restante.test,Shop,true\nx@elsewhere.test,,true\n")
    result = await bobs("import", str(tmp_path / "sl.csv"))
    assert "Aliases made: 1." in result.stderr
    assert "do not have" not in result.stdout
    found = (await api.get("/api/v1/aliases", bob, params={"q": "shop.one"})).json()["data"]
    assert found[0]["description"] == "Shop"


async def test_one_that_was_interrupted_goes_on(
    bobs: Cli, api: Api, bob: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = mailbox.Maildir(tmp_path / "Maildir")
    for number in range(5):
        box.add(letter(str(number)))
    box.close()
    read, count = letters.with_crlf, 0

    def failing(data: bytes) -> bytes:
        nonlocal count
        count += 1
        if count == 4:
            raise KeyboardInterrupt
        return read(data)

    monkeypatch.setattr(letters, "with_crlf", failing)
    words = ("import", str(tmp_path / "Maildir"), "--alias", bob.alias.address)
    await bobs(*words, code=1)
    assert len(await sources(api, bob)) == 3
    result = await bobs(*words)
    assert "2 brought, 3 there already" in result.stdout
    assert count == 6  # three were not even read again


async def test_what_is_nothing_is_told(bobs: Cli, bob: User, tmp_path: Path) -> None:
    alias = ("--alias", bob.alias.address)
    (tmp_path / "empty").mkdir()
    assert "neither" in await bobs.fails("import", str(tmp_path / "empty"), *alias)
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "restante-2026-11-22-abcdef-001.zip").write_bytes(b"PK\x03\x04")
    assert "no whole ZIP archive" in await bobs.fails("import", str(folder), *alias)


@pytest.mark.parametrize(
    ("account", "told"),
    [
        ({"format": 99, "formats": [], "parts": 1}, "newer"),
        ({"format": 1, "formats": ["maildir"], "parts": 3}, "parts"),
        ({"format": 1, "formats": ["mbox"], "parts": 2}, "not as Maildir"),
    ],
)
def test_an_export_that_is_not_whole_is_told(tmp_path: Path, account: dict[str, Any], told: str) -> None:
    (tmp_path / "account.json").write_text(json.dumps(account))
    with pytest.raises(Invalid, match=told):
        Archive(tmp_path).check()


def test_no_name_of_an_export_leads_out_of_it(tmp_path: Path) -> None:
    place = tmp_path / "out"
    (place / "mail").mkdir(parents=True)
    (tmp_path / "secret").write_text("secret")
    (place / "account.json").write_text("{}")
    told = {"id": "1", "alias": "a@b.example", "folder": "inbox", "is_read": True, "is_starred": False}
    told |= {"received_at": "2020-01-01T00:00:00Z", "delivered_to": "", "envelope_from": "", "file": "../secret"}
    (place / "mail" / "messages-002.jsonl").write_text(json.dumps(told) + "\n")
    (found,) = Archive(place).letters()
    with pytest.raises(Invalid):
        found.read()


def letter(subject: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "a@b.example"
    message["Subject"] = subject
    message.set_content(f"text of {subject}\n")
    return message
