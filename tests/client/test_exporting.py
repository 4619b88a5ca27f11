"""Everything into a folder by the real program, and on where it was when something broke."""

import asyncio
import json
import signal
import zipfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from app.core.auth.model import Actor
from app.core.exports import contents
from app.core.exports.model import Contents
from app.core.platform import Platform
from tests.api.conftest import Api, User
from tests.client.conftest import RESTANTE, Cli, MakeCli
from tests.core.exports.corpus import CORPUS, with_large_file

LARGE = with_large_file(bytes(range(256)) * 4096)


def parts(folder: Path) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in sorted(folder.iterdir())}


async def test_all_parts_come_into_the_folder(cli: Cli, api: Api, ada: User, tmp_path: Path) -> None:
    for raw in CORPUS:
        await api.deliver(ada, raw)
    result = await cli("export", "--everything", str(tmp_path / "out"))
    assert f"{len(CORPUS)} messages" in result.stdout
    found = parts(tmp_path / "out")
    assert len(found) == 2
    for name in found:
        with zipfile.ZipFile(tmp_path / "out" / name) as archive:
            assert archive.testzip() is None
    export = (await api.get("/api/v1/exports", ada)).json()["data"][0]
    assert [one["filename"] for one in export["parts"]] == list(found)
    assert all(one["is_fetched"] for one in export["parts"])


async def test_one_that_was_killed_half_way_goes_on_with_the_next_byte(
    cli: Cli, api: Api, ada: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        await api.deliver(ada, LARGE)
    half, go = asyncio.Event(), asyncio.Event()
    whole, spans = contents.between, list[tuple[int, int]]()

    async def stopping(platform: Platform, actor: Actor, of: Contents, start: int, end: int) -> AsyncIterator[bytes]:
        spans.append((start, end))
        sent = 0
        async for chunk in whole(platform, actor, of, start, end):
            sent += len(chunk)
            if sent > 2_000_000:
                half.set()
                await go.wait()
            yield chunk

    monkeypatch.setattr(contents, "between", stopping)
    out = tmp_path / "out"
    environ = {name: value for name, value in cli.environ.items() if value is not None}
    words = ("export", "--everything", str(out), "--format", "maildir")
    program = await asyncio.create_subprocess_exec(RESTANTE, *words, env=environ)
    async with asyncio.timeout(60):
        await half.wait()
        # What was sent is written soon after.
        while not any(one.stat().st_size > 1_000_000 for one in out.glob("*.part")):
            await api.get("/api/v1/keys/current", ada)
    program.send_signal(signal.SIGKILL)
    await program.wait()
    (begun,) = out.glob("*.part")
    have = begun.stat().st_size
    go.set()
    monkeypatch.setattr(contents, "between", recording(whole, spans))
    await cli(*words)
    assert spans[-1][0] == have
    export = (await api.get("/api/v1/exports", ada)).json()["data"]
    assert len(export) == 1
    for one in export[0]["parts"]:
        direct = await api.get(f"/api/v1/exports/{export[0]['id']}/parts/{one['number']}", ada)
        assert (out / one["filename"]).read_bytes() == direct.content
    assert sorted(one.name for one in out.iterdir()) == [one["filename"] for one in export[0]["parts"]]


Between = Callable[[Platform, Actor, Contents, int, int], AsyncIterator[bytes]]


def recording(whole: Between, spans: list[tuple[int, int]]) -> Between:
    def run(platform: Platform, actor: Actor, of: Contents, start: int, end: int) -> AsyncIterator[bytes]:
        spans.append((start, end))
        return whole(platform, actor, of, start, end)

    return run


async def test_a_part_that_is_no_longer_the_same_is_fetched_anew(cli: Cli, api: Api, ada: User, tmp_path: Path) -> None:
    await api.deliver(ada, CORPUS[0])
    gone = await api.deliver(ada, CORPUS[1])
    out = tmp_path / "out"
    await cli("export", "--everything", str(out))
    export = (await api.get("/api/v1/exports", ada)).json()["data"][0]
    mail = out / export["parts"][1]["filename"]
    # As it lay there half-way.
    etag = (await api.get(f"/api/v1/exports/{export['id']}/parts/2", ada)).headers["etag"]
    (out / f"{mail.name}.part").write_bytes(mail.read_bytes()[:1000])
    mail.unlink()
    state = {"url": str(api.client.base_url), "export_id": export["id"], "etags": {f"{mail.name}.part": etag}}
    (out / ".restante-export.json").write_text(json.dumps(state))
    for _ in range(2):
        await api.request("DELETE", f"/api/v1/messages/{gone}", ada)
    await cli("export", "--everything", str(out))
    with zipfile.ZipFile(mail) as archive:
        assert archive.testzip() is None
        assert len(archive.read("mail/messages-002.jsonl").splitlines()) == 1


async def test_an_export_that_has_ended_is_begun_anew(cli: Cli, api: Api, ada: User, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    state = {"url": str(api.client.base_url), "export_id": str(ada.alias.alias_id), "etags": {}}
    (out / ".restante-export.json").write_text(json.dumps(state))
    result = await cli("export", "--everything", str(out))
    assert "beginning another" in result.stderr
    assert len(parts(out)) == 1


async def test_what_cannot_be_used_is_told(cli: Cli, make_cli: MakeCli, bob: User, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "cannot be used" in await cli.fails("export", "--everything", str(tmp_path / "file"))
    out = tmp_path / "out"
    out.mkdir()
    (out / ".restante-export.json").write_text("{")
    assert "damaged" in await cli.fails("export", "--everything", str(out))
    (out / ".restante-export.json").write_text('{"url": "https://elsewhere.example", "export_id": "x"}')
    assert "elsewhere.example" in await make_cli(bob).fails("export", "--everything", str(out))
    for words in (
        ["export"],
        ["export", "-o", "x", "--everything", "y"],
        ["export", "--everything", "y", "--alias", "z"],
    ):
        await cli.fails(*words, code=2)
