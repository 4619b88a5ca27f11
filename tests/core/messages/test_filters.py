"""Narrowed lists: what passes, how pages follow each other, and by which index each filter is read."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from app.core.filing import service as filing
from app.core.messages import queries, service
from app.core.messages.model import FOLDERS, Filters, Folder, MessageLine
from app.lib.ids import new_id
from tests.core.conftest import Deliver, Owner
from tests.core.messages.test_receive import ADA, with_attachment

NOW = datetime.now(UTC)


async def listed(
    owner: Owner,
    filters: Filters,
    folder: Folder | tuple[Folder, ...] | None = None,
    before: UUID | None = None,
    after: UUID | None = None,
    limit: int = 50,
) -> list[MessageLine]:
    async with owner.platform.db.connection() as conn:
        return await service.page(
            conn, owner.actor, folder=folder, before=before, after=after, limit=limit, filters=filters
        )


async def subjects(owner: Owner, filters: Filters, folder: Folder | tuple[Folder, ...] | None = None) -> str:
    return "".join(line.summary.subject for line in await listed(owner, filters, folder))


@pytest.fixture
async def mail(ada: Owner, deliver: Deliver) -> dict[str, MessageLine]:
    """Messages a to e: a is read and starred, b has an attachment, c is archived, d is starred spam, e is trash."""
    for name in "abcde":
        raw = with_attachment(bytes(100)) if name == "b" else b"From: x@x.example\r\n\r\nx"
        await deliver(b"Subject: %s\r\n" % name.encode() + raw.replace(b"Subject:", b"X-Subject:"), ADA)
    found = {line.summary.subject: line for line in await ada.lines()}
    for action, names in [("read", "a"), ("star", "ad"), ("archive", "c"), ("spam", "d"), ("trash", "e")]:
        ids = [found[name].message_id for name in names]
        await filing.apply(ada.platform, ada.actor, action, ids, now=NOW)  # type: ignore[arg-type]
    return found


@pytest.mark.usefixtures("mail")
@pytest.mark.parametrize(
    ("filters", "folder", "expected"),
    [
        (Filters(), "inbox", "ba"),
        (Filters(), ("inbox", "archive"), "cba"),
        (Filters(), None, "edcba"),
        (Filters(is_read=False), "inbox", "b"),
        (Filters(is_read=True), "inbox", "a"),
        (Filters(is_read=False), None, "edcb"),
        (Filters(is_starred=True), None, "da"),
        (Filters(is_starred=True), ("inbox", "archive"), "a"),
        (Filters(is_starred=False), "spam", ""),
        (Filters(has_attachment=True), None, "b"),
        (Filters(has_attachment=False), "inbox", "a"),
        (Filters(is_read=True, is_starred=True, has_attachment=False), "inbox", "a"),
        (Filters(alias_id=new_id()), None, ""),
        (Filters(after=NOW - timedelta(days=1), before=NOW + timedelta(days=1)), "inbox", "ba"),
        (Filters(after=NOW + timedelta(days=1)), None, ""),
        (Filters(before=NOW - timedelta(days=1)), None, ""),
        (Filters(before=datetime(1, 1, 1, tzinfo=UTC)), None, ""),
        (Filters(after=datetime(1, 1, 1, tzinfo=UTC), before=datetime(9999, 12, 31, tzinfo=UTC)), "inbox", "ba"),
    ],
)
async def test_what_passes(
    ada: Owner, filters: Filters, folder: Folder | tuple[Folder, ...] | None, expected: str
) -> None:
    assert await subjects(ada, filters, folder) == expected


async def test_an_alias_shows_its_own_mail_and_another_account_sees_none(
    ada: Owner, bob: Owner, mail: dict[str, MessageLine]
) -> None:
    assert len(mail) == 5
    hers = Filters(alias_id=ada.alias.alias_id)
    assert await subjects(ada, hers) == "edcba"
    assert await subjects(ada, hers, "inbox") == "ba"
    assert await subjects(bob, hers) == ""


async def test_days_begin_with_their_first_message_and_end_before_their_last(
    ada: Owner, mail: dict[str, MessageLine]
) -> None:
    received = mail["c"].received_at
    assert (await subjects(ada, Filters(after=received))).endswith("c")
    assert "c" not in await subjects(ada, Filters(before=received))


async def test_pages_of_a_narrowed_list_follow_each_other(ada: Owner, deliver: Deliver) -> None:
    for number in range(6):
        await deliver(b"Subject: %d\r\n\r\nx" % number, ADA)
    ids = [line.message_id for line in await ada.lines()]
    await filing.apply(ada.platform, ada.actor, "archive", ids[::2], now=NOW)
    seen, before = "", None
    for _ in range(3):
        page = await listed(ada, Filters(is_read=False), before=before, limit=2)
        seen, before = seen + "".join(line.summary.subject for line in page), page[-1].message_id
    assert seen == "543210"
    assert await listed(ada, Filters(is_read=False), before=before) == []


@pytest.mark.parametrize(
    ("filters", "folder", "after", "expected"),
    [
        (Filters(), None, 1, "32"),
        (Filters(), "inbox", 0, "42"),
        (Filters(), ("inbox", "archive"), 3, "54"),
        (Filters(is_read=False), None, 4, "5"),
        (Filters(is_read=False), "archive", 5, ""),
        (Filters(after=NOW - timedelta(days=1)), "archive", 0, "31"),
        (Filters(after=NOW + timedelta(days=1)), None, 0, ""),
    ],
)
async def test_pages_go_back_to_what_came_next(
    ada: Owner,
    deliver: Deliver,
    filters: Filters,
    folder: Folder | tuple[Folder, ...] | None,
    after: int,
    expected: str,
) -> None:
    for number in range(6):
        await deliver(b"Subject: %d\r\n\r\nx" % number, ADA)
    ids = [line.message_id for line in await ada.lines()]
    await filing.apply(ada.platform, ada.actor, "archive", ids[::2], now=NOW)
    page = await listed(ada, filters, folder, after=ids[-1 - after], limit=2)
    assert "".join(line.summary.subject for line in page) == expected


@pytest.mark.parametrize(
    ("filters", "index"),
    [
        (Filters(is_read=False), "messages_unread"),
        (Filters(is_starred=True), "messages_starred"),
        (Filters(has_attachment=True), "messages_with_attachments"),
        (Filters(alias_id=new_id()), "messages_by_alias"),
        (Filters(before=NOW), "messages_by_folder"),
    ],
)
async def test_each_filter_is_read_along_its_own_index(ada: Owner, filters: Filters, index: str) -> None:
    """In a mailbox of many messages, of which few pass, in the order of the index and without sorting all of them."""
    account_id = ada.account.account_id
    async with ada.platform.db.transaction() as conn:
        await conn.execute(
            """INSERT INTO messages
               SELECT %(account_id)s, (lpad(to_hex(n), 12, '0') || '70008000000000000000')::uuid, %(alias_id)s,
                      %(alias_id)s, 'inbox', n %% 50 <> 0, n %% 50 = 1, now(), 1, n %% 50 = 2, NULL
               FROM generate_series(1, 20000) n""",
            {"account_id": account_id, "alias_id": ada.alias.alias_id},
        )
        await conn.execute("ANALYZE messages")
        values = {
            "account_id": account_id,
            "before": new_id(),
            "since": UUID(int=0),
            "alias_id": filters.alias_id,
            "limit": 50,
        }
        statement = queries._filtered(FOLDERS, filters)
        rows = await (await conn.execute(("EXPLAIN " + statement).encode(), values)).fetchall()
    plan = "\n".join(row[0] for row in rows)
    assert f"using {index} on messages n" in plan
    assert "Seq Scan on messages" not in plan
