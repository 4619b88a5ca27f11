"""Flags and folders, alone and many at once, and that nobody changes what is another's."""

from collections.abc import Sequence
from uuid import UUID

import pytest

from app.core.filing import service
from app.core.filing.model import Action, MessagePatch, Step
from app.core.messages.model import MessageLine
from app.errors import Invalid, NotFound
from app.lib.ids import new_id
from app.lib.times import utc_now
from tests.core.conftest import Deliver, Owner
from tests.core.messages.test_receive import ADA, BOB, LETTER


async def make(deliver: Deliver, owner: Owner, count: int) -> list[UUID]:
    """Ids of new messages, oldest first."""
    for _ in range(count):
        await deliver(LETTER, owner.alias.address)
    return [line.message_id for line in reversed(await owner.lines())]


async def states(owner: Owner) -> list[tuple[str, bool, bool]]:
    """(folder, is read, is starred), oldest message first."""
    return [(line.folder, line.is_read, line.is_starred) for line in reversed(await owner.lines())]


async def act(owner: Owner, action: Action, ids: Sequence[UUID]) -> tuple[int, tuple[Step, ...]]:
    return await service.apply(owner.platform, owner.actor, action, ids, now=utc_now())


@pytest.mark.parametrize(
    ("action", "state"),
    [
        ("read", ("inbox", True, False)),
        ("star", ("inbox", False, True)),
        ("archive", ("archive", False, False)),
        ("spam", ("spam", False, False)),
        ("trash", ("trash", False, False)),
    ],
)
async def test_an_action_changes_the_chosen_and_can_be_taken_back(
    ada: Owner, deliver: Deliver, action: Action, state: tuple[str, bool, bool]
) -> None:
    first, second, _ = await make(deliver, ada, 3)
    count, back = await act(ada, action, [second, first, second])
    assert count == 2
    assert await states(ada) == [state, state, ("inbox", False, False)]
    assert await act(ada, action, [first, second]) == (0, ())
    (step,) = back
    assert set(step.message_ids) == {first, second}
    assert (await act(ada, step.action, step.message_ids))[0] == 2
    assert await states(ada) == [("inbox", False, False)] * 3


async def test_messages_of_several_folders_go_back_to_their_own(ada: Owner, deliver: Deliver) -> None:
    first, second, third = await make(deliver, ada, 3)
    await act(ada, "archive", [first])
    await act(ada, "spam", [second])
    count, back = await act(ada, "trash", [first, second, third])
    assert count == 3
    assert {step.action: step.message_ids for step in back} == {
        "archive": (first,),
        "spam": (second,),
        "inbox": (third,),
    }
    for step in back:
        await act(ada, step.action, step.message_ids)
    assert [state[0] for state in await states(ada)] == ["archive", "spam", "inbox"]


@pytest.mark.parametrize("action", ["read", "star", "archive", "spam", "trash", "delete"])
async def test_messages_of_others_are_passed_over(ada: Owner, bob: Owner, deliver: Deliver, action: Action) -> None:
    (hers,) = await make(deliver, ada, 1)
    assert await act(bob, action, [hers, new_id()]) == (0, ())
    assert await states(ada) == [("inbox", False, False)]


async def test_nothing_chosen_and_too_many_chosen(ada: Owner) -> None:
    assert await act(ada, "read", []) == (0, ())
    assert await act(ada, "read", [new_id() for _ in range(200)]) == (0, ())
    with pytest.raises(Invalid):
        await act(ada, "read", [new_id() for _ in range(201)])


async def test_a_patch_changes_what_it_sets(ada: Owner, bob: Owner, deliver: Deliver) -> None:
    (hers,) = await make(deliver, ada, 1)
    for patch, state in [
        (MessagePatch(), ("inbox", False, False)),
        (MessagePatch(is_read=True), ("inbox", True, False)),
        (MessagePatch(is_starred=True, folder="archive"), ("archive", True, True)),
        (MessagePatch(is_read=False, is_starred=False, folder="inbox"), ("inbox", False, False)),
    ]:
        async with ada.platform.db.transaction() as conn:
            await service.update(ada.platform, conn, ada.actor, hers, patch, now=utc_now())
        assert await states(ada) == [state]
    for owner, message_id in [(bob, hers), (ada, new_id())]:
        with pytest.raises(NotFound):
            async with ada.platform.db.transaction() as conn:
                await service.update(owner.platform, conn, owner.actor, message_id, MessagePatch(), now=utc_now())


async def test_removing_goes_by_way_of_the_trash(ada: Owner, bob: Owner, deliver: Deliver) -> None:
    (hers,) = await make(deliver, ada, 1)
    for owner, message_id in [(bob, hers), (ada, new_id())]:
        with pytest.raises(NotFound):
            await service.remove(owner.platform, owner.account.account_id, message_id, now=utc_now())
    await service.remove(ada.platform, ada.account.account_id, hers, now=utc_now())
    assert await states(ada) == [("trash", False, False)]
    await service.remove(ada.platform, ada.account.account_id, hers, now=utc_now())
    assert await states(ada) == []
    with pytest.raises(NotFound):
        await service.remove(ada.platform, ada.account.account_id, hers, now=utc_now())


async def test_unread_mail_is_counted_where_it_comes_in(ada: Owner, bob: Owner, deliver: Deliver) -> None:
    first, second, third = await make(deliver, ada, 3)
    await deliver(LETTER, BOB)

    async def counted() -> tuple[int, int]:
        async with ada.platform.db.connection() as conn:
            counts = await service.counts(conn, ada.account.account_id)
        return counts.inbox, counts.spam

    assert await counted() == (3, 0)
    await act(ada, "spam", [first])
    await act(ada, "read", [second])
    assert await counted() == (1, 1)
    await act(ada, "archive", [third])
    assert await counted() == (0, 1)
    assert len(await bob.lines()) == 1


async def test_counting_ends_at_a_hundred(ada: Owner, deliver: Deliver) -> None:
    await deliver(LETTER, ADA)
    async with ada.platform.db.transaction() as conn:
        await conn.execute(
            """INSERT INTO messages SELECT account_id, gen_random_uuid(), alias_id, thread_id, folder, is_read,
                                           is_starred, received_at, size, has_attachments
               FROM messages, generate_series(1, 150)"""
        )
        counts = await service.counts(conn, ada.account.account_id)
    assert (counts.inbox, counts.spam) == (100, 0)


async def test_marking_writes_nothing_but_the_narrow_row(ada: Owner, deliver: Deliver) -> None:
    ids = await make(deliver, ada, 2)
    where = "SELECT message_id, ctid::text, xmin::text FROM "

    async def rows(table: str) -> list[tuple[object, ...]]:
        async with ada.platform.db.connection() as conn:
            cursor = await conn.execute((where + table + " ORDER BY 1").encode())
            return await cursor.fetchall()

    tables = ("message_summaries", "message_sources", "message_tokens")
    before, narrow = [await rows(table) for table in tables], await rows("messages")
    await act(ada, "read", ids[:1])
    assert [await rows(table) for table in tables] == before
    assert [row for row in await rows("messages") if row in narrow] == narrow[1:]
    assert (await act(ada, "read", ids[:1]))[0] == 0


async def test_lines_tell_what_was_done(ada: Owner, deliver: Deliver) -> None:
    (hers,) = await make(deliver, ada, 1)
    await act(ada, "star", [hers])
    line: MessageLine = await ada.newest()
    assert line.is_starred
