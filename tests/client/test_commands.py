"""Each command against the real API, with mail that means harm."""

import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest

from app.core.messages.store import Committer
from app.vault.tokens import new_api_key
from tests.api.conftest import Api, User
from tests.client.conftest import Cli, MakeCli
from tests.mail import deliver

PLAIN = b"From: Shop <news@shop.example>\r\nTo: x@restante.test\r\nSubject: Your order\r\n\r\nThank you.\r\n"
HOSTILE = (
    b"From: =?utf-8?q?B=E2=80=AEank?= <a@bank.example>\r\n"
    b"Subject: =?utf-8?q?Pay=0Anow_=E2=80=AEgnp.exe_=1B[31m?=\r\n\r\n"
    b"Look: \x1b]8;;https://evil.example\x07here\x1b]8;;\x07\r\nnext \xe2\x80\xaeline\r\n"
)
WITH_FILE = (
    b'From: a@shop.example\r\nSubject: Bill\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
    b"--b\r\nContent-Type: text/plain\r\n\r\nSee the bill.\r\n"
    b'--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename="../bill.pdf"\r\n\r\n'
    b"%PDF-1.7\x00\r\n--b--\r\n"
)
HTML = b"From: a@shop.example\r\nSubject: Html\r\nContent-Type: text/html\r\n\r\n<p>Hello <b>you</b></p>\r\n"


async def test_the_inbox_is_lines_for_pipes(cli: Cli, api: Api, ada: User) -> None:
    assert (await cli("inbox")).output == "No messages.\n"
    first = await api.deliver(ada, PLAIN)
    second = await api.deliver(ada, HTML)
    rows = [line.split("\t") for line in (await cli("inbox")).stdout.splitlines()]
    assert [row[0] for row in rows] == [str(second), str(first)]
    assert rows[1][2:] == ["Shop <news@shop.example>", ada.alias.address, "Your order"]
    assert [row["id"] for row in await cli.json("inbox", "--limit", "1")] == [str(second)]


async def test_an_inbox_of_many_pages_is_one_list(cli: Cli, api: Api, ada: User) -> None:
    ids = [str(await api.deliver(ada, PLAIN)) for _ in range(103)]
    assert [row["id"] for row in await cli.json("inbox", "--limit", "102")] == ids[:0:-1]


async def test_the_inbox_can_be_narrowed(cli: Cli, api: Api, ada: User) -> None:
    shop = await api.deliver(ada, PLAIN)
    html = await api.deliver(ada, HTML)
    await api.request("PATCH", f"/api/v1/messages/{shop}", ada, json={"is_read": True, "folder": "archive"})

    async def found(*words: str) -> list[str]:
        return [row["id"] for row in await cli.json("inbox", *words)]

    assert await found() == [str(html)]
    assert await found("--folder", "archive") == [str(shop)]
    assert await found("--folder", "all") == [str(html), str(shop)]
    assert await found("--folder", "all", "--unread") == [str(html)]
    assert await found("--search", "order") == [str(shop)]
    assert await found("--search", "order", "--folder", "inbox") == []
    assert await found("--alias", ada.alias.address.upper()) == [str(html)]
    assert await found("--alias", str(ada.alias.alias_id)) == [str(html)]
    assert "no alias x@restante.test" in await cli.fails("inbox", "--alias", "x@restante.test")


async def test_a_message_is_found_by_the_beginning_of_its_id(cli: Cli, api: Api, ada: User, bob: User) -> None:
    ids = [await api.deliver(ada, PLAIN), await api.deliver(ada, HTML)]
    foreign = await api.deliver(bob, PLAIN)
    for one in ids:
        for text in (str(one), str(one)[:23], one.hex[:24].upper()):
            assert (await cli.json("read", text))["id"] == str(one)
    assert "Several messages" in await cli.fails("read", ids[0].hex[:8])
    assert "no message" in await cli.fails("read", foreign.hex[:24])
    assert "no such message" in await cli.fails("read", str(foreign))
    assert "no message" in await cli.fails("read", "0" * 12)
    for text in ("0198", "no id", "\x1b[2J", "", "f" * 33):
        assert "no message's id" in await cli.fails("read", text)


async def test_held_mail_is_found_too(cli: Cli, api: Api, ada: User) -> None:
    found = await api.deliver(ada, PLAIN)
    await api.request("PATCH", f"/api/v1/aliases/{ada.alias.alias_id}", ada, json={"screening": "known"})
    stranger = PLAIN.replace(b"shop", b"stranger")
    await deliver(Committer(api.platform.db, shard=0), api.platform, stranger, ada.alias.address, sender="a@b.example")
    (held,) = await cli.json("inbox", "--folder", "held")
    assert held["id"] != str(found)
    assert (await cli.json("read", held["id"].replace("-", "")[:24]))["folder"] == "held"


async def test_a_message_is_its_header_and_its_text(cli: Cli, api: Api, ada: User) -> None:
    done = await cli("read", str(await api.deliver(ada, WITH_FILE)))
    assert "From:     a@shop.example\n" in done.stdout
    assert f"Alias:    {ada.alias.address}\n" in done.stdout
    assert "application/pdf, 9 bytes)" in done.stdout
    assert done.stdout.endswith("\n\nSee the bill.\n")


async def test_what_was_written_to_steer_a_terminal_does_not(cli: Cli, api: Api, ada: User) -> None:
    found = str(await api.deliver(ada, HOSTILE))
    for words in (("inbox",), ("read", found)):
        shown = (await cli(*words)).stdout
        assert "\x1b" not in shown
        assert "\x07" not in shown
        assert "\u202e" not in shown
        assert "B�ank" in shown
        assert "�gnp.exe" in shown
    assert "\nnext �line" in (await cli("read", found)).stdout
    assert "\x1b" not in (await cli("read", found, "--json")).stdout


async def test_the_original_is_given_byte_for_byte(cli: Cli, api: Api, ada: User, tmp_path: Path) -> None:
    found = str(await api.deliver(ada, HOSTILE))
    assert (await cli("read", found, "--source")).stdout_bytes == HOSTILE
    target = tmp_path / "message.eml"
    await cli("read", found, "--source", "-o", str(target))
    assert target.read_bytes() == HOSTILE


async def test_html_is_given_as_it_is(cli: Cli, api: Api, ada: User) -> None:
    found = str(await api.deliver(ada, HTML))
    assert "<p>Hello <b>you</b></p>" in (await cli("read", found, "--html")).stdout
    assert (await cli("read", found)).stdout.endswith("\n\nHello you\n")
    assert (await cli.json("read", found))["text"] is None


async def test_attachments_go_into_files_and_never_over_others(
    cli: Cli, api: Api, ada: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = str(await api.deliver(ada, WITH_FILE))
    (file,) = (await cli.json("read", found))["attachments"]
    done = await cli("read", found, "--attachment", file["id"])
    name = done.stdout.split(" (")[0]
    assert Path(name).parent == Path()
    assert (tmp_path / name).read_bytes() == b"%PDF-1.7\x00\r\n"[: file["size"]]
    assert f"a file {name} already" in await cli.fails("read", found, "--attachment", file["id"])
    assert (await cli("read", found, "--attachment", file["id"], "-o", "-")).stdout_bytes.startswith(b"%PDF-1.7")
    told = await cli.fails("read", found, "--attachment", "7")
    assert "no attachment 7" in told
    assert "bill.pdf" in told
    assert "cannot be written" in await cli.fails("read", found, "--source", "-o", "nowhere/x")


async def test_reading_marks_nothing_unless_asked(cli: Cli, api: Api, ada: User) -> None:
    found = str(await api.deliver(ada, PLAIN))
    assert (await cli.json("read", found))["is_read"] is False
    await cli("read", found, "--mark-read")
    assert (await cli.json("read", found))["is_read"] is True


async def test_aliases_are_made_and_listed(cli: Cli, ada: User) -> None:
    made = (await cli("alias", "new", "--site", "https://www.shop.example/x", "--description", "Shoes")).stdout.strip()
    assert made.endswith("@restante.test")
    whole = await cli.json("alias", "new", "--domain", "second.test", "--format", "uuid")
    assert str(UUID(whole["email"].removesuffix("@second.test"))) + "@second.test" == whole["email"]
    rows = [line.split("\t") for line in (await cli("alias", "list")).stdout.splitlines()]
    assert [row[0] for row in rows] == [whole["email"], made, ada.alias.address]
    assert rows[1][1:] == ["on", "0", "never", "shop.example · Shoes"]
    assert [row["email"] for row in await cli.json("alias", "list", "--search", "shoes")] == [made]
    told = await cli.fails("alias", "new", "--domain", "elsewhere.example")
    assert "Aliases can be made on: " in told
    assert "yours already" in await cli.fails("alias", "new", ada.alias.address.partition("@")[0])


async def test_senders_are_blocked(cli: Cli, api: Api, ada: User) -> None:
    done = await cli("block", "spam.example", "--alias", ada.alias.address, "--note", "why")
    assert done.stdout == f"spam.example is blocked on {ada.alias.address}.\n"
    assert "was blocked already" in (await cli("block", "spam.example", "--alias", ada.alias.address)).stdout
    assert (await cli("block", "Spam@Other.Example")).stdout.endswith(" is blocked on all aliases.\n")
    found = await api.deliver(ada, PLAIN)
    rule = await cli.json("block", "--message", found.hex[:24], "--domain", "--everywhere", "--also", "trash")
    assert (rule["sender"], rule["alias"]) == ("shop.example", None)
    assert (await cli.json("read", str(found)))["folder"] == "trash"
    assert "Write an address" in await cli.fails("block", "no sender")


async def test_all_mail_goes_into_a_file(cli: Cli, api: Api, ada: User, tmp_path: Path) -> None:
    await api.deliver(ada, PLAIN)
    target = tmp_path / "mail.mbox"
    assert (await cli("export", "-o", str(target), "--alias", ada.alias.address)).stdout.startswith(f"{target} (")
    data = target.read_bytes()
    assert data.startswith(b"From shop@shop.example ")
    assert data.endswith(b"Subject: Your order\n\nThank you.\n\n")
    assert (await cli("export", "-o", "-")).stdout_bytes == data
    assert (await cli("export", "-o", "-", "--folder", "trash")).stdout_bytes == b""


@pytest.mark.parametrize(
    "words",
    [
        ("block",),
        ("block", "a@b.example", "--message", "0198"),
        ("block", "a@b.example", "--everywhere"),
        ("block", "--message", "0198", "--alias", "x"),
        ("read", "0198", "--html", "--source"),
        ("wait", "--code", "--links"),
        ("wait", "--timeout", "soon"),
        ("inbox", "--limit", "0"),
    ],
)
async def test_what_contradicts_itself_is_not_sent(cli: Cli, words: tuple[str, ...]) -> None:
    assert "Usage:" in await cli.fails(*words, code=2)


async def test_a_wrong_key_is_told(make_cli: MakeCli, ada: User) -> None:
    told = await make_cli(ada, RESTANTE_API_KEY=new_api_key()).fails("inbox")
    assert "not valid" in told
    assert "restante login" in told


async def test_the_real_program(cli: Cli, api: Api, ada: User) -> None:
    found = await api.deliver(ada, HOSTILE)
    out, err = await cli.program("inbox")
    assert out.startswith(f"{found}\t")
    assert err == ""
    out, err = await cli.program("read", "0" * 12, code=1)
    assert (out, err) == ("", "restante: There is no message whose id begins with 000000000000.\n")
    assert "Logged in" in (await cli.program("login", "--key-stdin", stdin=ada.key))[0]


def test_what_runs_a_service_is_not_loaded_for_who_asks_one() -> None:
    code = "import sys; from app.__main__ import main; main.get_command(None, 'inbox'); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "app.client.commands" in loaded
    assert not {"litestar", "psycopg", "boto3", "app.wiring"} & set(loaded)
