"""What an export holds is what the account has, in forms that other programs read, and the same bytes each time."""

import io
import json
import mailbox
import zipfile
from contextlib import closing
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest

from app.core.auth.model import Actor
from app.core.exports import service as exports
from app.core.exports.model import FORMATS, Export, Format, NewExport
from app.core.filing import service as filing
from app.core.filing.model import MessagePatch
from app.core.messages.model import MessageLine
from app.core.platform import Platform
from app.errors import CannotOpen, NotFound
from app.lib.ranges import RangeNotSatisfiable
from app.lib.times import utc_now
from tests.core.conftest import Deliver, MakeOwner, Owner
from tests.core.exports.corpus import CORPUS, HOSTILE_NAMES, with_files, with_large_file


async def begun(owner: Owner, formats: tuple[Format, ...] = FORMATS) -> Export:
    async with owner.platform.db.transaction() as conn:
        return await exports.create(conn, owner.actor, NewExport(formats=formats), now=utc_now())


async def again(owner: Owner, export: Export) -> Export:
    async with owner.platform.db.connection() as conn:
        return await exports.get(conn, owner.actor, export.export_id)


async def fetched(owner: Owner, export: Export, number: int, **asked: str) -> bytes:
    headers = {name.replace("_", "-"): value for name, value in asked.items()}
    _, download = await exports.fetch(owner.platform, owner.actor, export.export_id, number, headers, method="GET")
    return b"".join([chunk async for chunk in download.chunks])


async def unpacked(owner: Owner, export: Export, place: Path) -> Path:
    """All parts unpacked into one folder."""
    for part in export.parts:
        with zipfile.ZipFile(io.BytesIO(await fetched(owner, export, part.number))) as archive:
            assert archive.testzip() is None
            archive.extractall(place)
    return place


async def all_delivered(owner: Owner, deliver: Deliver) -> list[bytes]:
    for raw in CORPUS:
        await deliver(raw, owner.alias.address)
    return list(CORPUS)


@pytest.mark.parametrize("kind", ["standard", "sealed"])
async def test_messages_come_out_as_they_came_in(
    make_owner: MakeOwner, deliver: Deliver, tmp_path: Path, kind: str
) -> None:
    owner = await make_owner("ada", kind)
    sent = await all_delivered(owner, deliver)
    place = await unpacked(owner, await begun(owner), tmp_path)
    found = sorted((place / "mail/maildir/cur").iterdir())
    assert [one.read_bytes() for one in found] == sent
    assert sorted(str(one["file"]) for one in told_lines(place)) == [str(one.relative_to(place)) for one in found]


async def test_other_programs_read_the_maildir_and_the_mbox(ada: Owner, deliver: Deliver, tmp_path: Path) -> None:
    await all_delivered(ada, deliver)
    lines = await ada.lines()
    await file(ada, lines[0], MessagePatch(is_starred=True))
    await file(ada, lines[1], MessagePatch(folder="archive"))
    place = await unpacked(ada, await begun(ada), tmp_path)
    with closing(mailbox.Maildir(place / "mail/maildir", create=False)) as maildir:
        maildir.colon = ";"
        assert len(maildir) == len(CORPUS) - 1
        assert sorted(maildir.list_folders()) == ["Archive", "Held", "Junk", "Trash"]
        assert len(maildir.get_folder("Archive")) == 1
        assert [message.get_flags() for message in maildir if message.get_flags()] == ["F"]
    with closing(mailbox.mbox(place / "mail/mbox/inbox-002.mbox", create=False)) as mbox:
        assert len(mbox) == len(CORPUS) - 1
        assert {message["X-Restante-Alias"] for message in mbox} == {ada.alias.address}


async def test_attached_files_lie_where_every_system_can_keep_them(ada: Owner, deliver: Deliver) -> None:
    await deliver(with_files(), ada.alias.address)
    export = await begun(ada, ("attachments",))
    with zipfile.ZipFile(io.BytesIO(await fetched(ada, export, 2))) as archive:
        names = [name for name in archive.namelist() if name.startswith("attachments/")]
        assert len(names) == len(HOSTILE_NAMES)
        assert {archive.read(name) for name in names} == {f"file {n}".encode() for n in range(len(names))}
    for name in names:
        path = PurePosixPath(name)
        assert not PureWindowsPath(name).is_absolute()
        assert ".." not in path.parts
        assert len(path.parts) == 4
        assert len(path.name.encode()) <= 255
        assert not set('<>:"|?*\\') & set(path.name)
        assert all(char.isprintable() for char in path.name)
        assert not PureWindowsPath(path.name).is_reserved()
        assert path.name == path.name.strip(" .") or path.name.startswith("_")
    assert len({name.casefold() for name in names}) == len(names)


async def test_any_range_is_that_of_the_whole(ada: Owner, deliver: Deliver) -> None:
    await deliver(with_files(("a.txt", "b.txt")), ada.alias.address)
    await deliver(with_large_file(bytes(range(256)) * 400), ada.alias.address)
    export = await begun(ada)
    whole = await fetched(ada, export, 2)
    assert await fetched(ada, export, 2) == whole
    size = len(whole)
    for start in [*range(0, size, size // 97), size - 1]:
        assert await fetched(ada, export, 2, range=f"bytes={start}-") == whole[start:]
        assert await fetched(ada, export, 2, range=f"bytes={start}-{start + 700}") == whole[start : start + 701]
    with pytest.raises(RangeNotSatisfiable):
        await fetched(ada, export, 2, range=f"bytes={size}-")


async def test_mail_that_comes_later_changes_nothing(ada: Owner, deliver: Deliver) -> None:
    await deliver(with_files(("a.txt",)), ada.alias.address)
    export = await begun(ada)
    whole = await fetched(ada, export, 2)
    await file(ada, (await ada.lines())[0], MessagePatch(is_read=True))
    await deliver(with_files(("b.txt",)), ada.alias.address)
    assert await fetched(ada, export, 2) == whole


async def test_a_part_without_a_message_that_has_gone_is_another_one(
    ada: Owner, deliver: Deliver, platform: Platform
) -> None:
    for name in ("a.txt", "b.txt"):
        await deliver(with_files((name,)), ada.alias.address)
    export = await begun(ada)
    first, download = await exports.fetch(platform, ada.actor, export.export_id, 2, {}, method="GET")
    whole = b"".join([chunk async for chunk in download.chunks])
    await delete(ada, (await ada.lines())[0])
    asked = {"range": "bytes=100-"}
    second, download = await exports.fetch(platform, ada.actor, export.export_id, 2, asked, method="GET")
    left = b"".join([chunk async for chunk in download.chunks])
    assert second.etag != first.etag
    assert not download.selection.is_partial
    with zipfile.ZipFile(io.BytesIO(left)) as archive:
        assert archive.testzip() is None
        assert len([name for name in archive.namelist() if "cur/" in name and not name.endswith("/")]) == 1
    assert len(left) < len(whole)
    assert await fetched(ada, export, 2, range="bytes=100-", if_range=f'"{second.etag}"') == left[100:]
    assert await fetched(ada, export, 2, range="bytes=100-", if_range=f'"{first.etag}"') == left


async def test_a_message_that_goes_while_it_is_read_breaks_the_part_off(ada: Owner, deliver: Deliver) -> None:
    for _ in range(3):
        await deliver(with_large_file(bytes(range(256)) * 4000), ada.alias.address)
    export = await begun(ada, ("maildir",))
    await fetched(ada, export, 2)
    _, download = await exports.fetch(ada.platform, ada.actor, export.export_id, 2, {}, method="GET")
    with pytest.raises((CannotOpen, NotFound)):  # noqa: PT012 - the loop raises
        async for _ in download.chunks:
            for line in await ada.lines():
                await delete(ada, line)
    with zipfile.ZipFile(io.BytesIO(await fetched(ada, export, 2))) as archive:
        assert archive.testzip() is None
        assert not [name for name in archive.namelist() if not name.endswith("/")]


async def test_damaged_mail_is_named_and_the_rest_is_there(ada: Owner, deliver: Deliver, platform: Platform) -> None:
    for name in ("a.txt", "b.txt"):
        await deliver(with_files((name,)), ada.alias.address)
    damaged = (await ada.lines())[0]
    async with platform.db.transaction() as conn:
        await conn.execute(
            "UPDATE message_sources SET source = %s WHERE message_id = %s", (b"nonsense", damaged.message_id)
        )
    export = await begun(ada)
    with zipfile.ZipFile(io.BytesIO(await fetched(ada, export, 2))) as archive:
        assert archive.testzip() is None
        assert str(damaged.message_id) in archive.read("mail/damaged-002.txt").decode()
        assert len(archive.read("mail/messages-002.jsonl").splitlines()) == 1


async def test_parts_hold_so_many_messages_each(
    ada: Owner, deliver: Deliver, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(exports, "PART_MESSAGES", 2)
    await all_delivered(ada, deliver)
    export = await begun(ada)
    assert [part.message_count for part in export.parts] == [0, *([2] * (len(CORPUS) // 2)), *([1] * (len(CORPUS) % 2))]
    place = await unpacked(ada, export, tmp_path)
    assert len(list((place / "mail/maildir/cur").iterdir())) == len(CORPUS)
    assert len(told_lines(place)) == len(CORPUS)
    done = await again(ada, export)
    assert all(part.is_fetched for part in done.parts)
    assert [part.size for part in done.parts[1:]] == [
        len(await fetched(ada, export, n)) for n in range(2, len(done.parts) + 1)
    ]


async def test_a_part_is_fetched_once_its_last_byte_was_sent(ada: Owner, deliver: Deliver) -> None:
    await deliver(with_files(("a.txt",)), ada.alias.address)
    export = await begun(ada)
    await fetched(ada, export, 2, range="bytes=0-99")
    assert not (await again(ada, export)).parts[1].is_fetched
    await fetched(ada, export, 2, range="bytes=100-")
    assert (await again(ada, export)).parts[1].is_fetched


async def test_the_first_part_says_what_there_is_without_secrets(ada: Owner, tmp_path: Path) -> None:
    export = await begun(ada, ())
    assert [part.number for part in export.parts] == [1]
    place = await unpacked(ada, export, tmp_path)
    account = json.loads((place / "account.json").read_text())
    assert account["login"] == "ada"
    (alias,) = json.loads((place / "aliases.json").read_text())
    assert alias["alias"] == ada.alias.address
    assert ada.alias.address in (place / "aliases.csv").read_text()
    for name in ("rules", "senders", "domains", "webhooks", "keys", "categories"):
        assert json.loads((place / f"{name}.json").read_text()) == []
    readme = (place / "README.txt").read_bytes()
    assert export.file_name(1).encode() in readme
    assert readme.count(b"\n") == readme.count(b"\r\n")


async def test_only_three_are_kept_and_for_seven_days(ada: Owner, bob: Owner, platform: Platform) -> None:
    made = [await begun(ada, ()) for _ in range(4)]
    theirs = await begun(bob, ())
    async with platform.db.connection() as conn:
        listed = await exports.listed(conn, ada.actor)
    assert [one.export_id for one in listed] == [one.export_id for one in made[:0:-1]]
    with pytest.raises(NotFound):
        await again(ada, made[0])
    with pytest.raises(NotFound):
        await fetched(ada, theirs, 1)
    assert await exports.forget(platform, now=made[-1].ends_at - exports.KEPT / 2) == 0
    assert await exports.forget(platform, now=utc_now() + exports.KEPT) == 4


async def test_what_is_stored_of_an_export_opens_for_its_owner_alone(
    ada: Owner, bob: Owner, deliver: Deliver, platform: Platform
) -> None:
    await deliver(with_files(("secret-name.txt",)), ada.alias.address)
    export = await begun(ada)
    await fetched(ada, export, 2)
    async with platform.db.connection() as conn:
        cursor = await conn.execute("SELECT held, contents FROM export_parts WHERE contents IS NOT NULL")
        (row,) = await cursor.fetchall()
    assert b"secret-name" not in row[1]
    stranger = Actor(
        account_id=ada.actor.account_id, login="ada", is_admin=False, keyring=bob.actor.keyring, kind="standard"
    )
    with pytest.raises(CannotOpen):
        await exports.fetch(platform, stranger, export.export_id, 2, {}, method="GET")


def told_lines(place: Path) -> list[dict[str, object]]:
    files = sorted((place / "mail").glob("messages-*.jsonl"))
    return [json.loads(line) for one in files for line in one.read_text().splitlines()]


async def file(owner: Owner, line: MessageLine, patch: MessagePatch) -> None:
    async with owner.platform.db.transaction() as conn:
        await filing.update(owner.platform, conn, owner.actor, line.message_id, patch, now=utc_now())


async def delete(owner: Owner, line: MessageLine) -> None:
    """For ever: first into the trash, then out of it."""
    await file(owner, line, MessagePatch(folder="trash"))
    await filing.remove(owner.platform, owner.actor.account_id, line.message_id, now=utc_now())
