"""What an owner does in the waiting room; how messages come there is tested with reception."""

from collections.abc import Sequence
from uuid import UUID

import pytest

from app.core.aliases import service as aliases
from app.core.aliases.model import NewAlias
from app.core.filing import service as filing
from app.core.messages.model import Folder, MessageLine
from app.core.rules import finding, held
from app.core.rules.held import Settled
from app.core.rules.model import Kind
from app.errors import Invalid, NotFound
from app.lib.times import utc_now
from tests.core.conftest import Deliver, Owner


@pytest.fixture
async def waiting(ada: Owner, deliver: Deliver) -> Sequence[MessageLine]:
    """Held, oldest first: two of Bob's, one of his colleague's, one of nobody's."""
    for sender in ("Bob <bob@shop.example>", "BOB@shop.example", "eve@mail.shop.example", ""):
        await deliver(f"From: {sender}\r\nSubject: hello\r\n\r\nhi\r\n".encode(), ada.alias.address)
    lines = await ada.lines()
    async with ada.platform.db.connection() as conn:
        await conn.execute("UPDATE messages SET folder = 'held'")
        await conn.execute("UPDATE messages SET is_read = true WHERE message_id = %s", (lines[0].message_id,))
    return lines[::-1]


async def release(owner: Owner, *lines: MessageLine, is_allowed: bool = False) -> Settled:
    async with owner.platform.db.transaction() as conn:
        ids = [line.message_id for line in lines]
        return await held.release(owner.platform, conn, owner.actor, ids, is_allowed=is_allowed, now=utc_now())


async def block(owner: Owner, *lines: MessageLine, kind: Kind = "address", is_everywhere: bool = False) -> Settled:
    async with owner.platform.db.transaction() as conn:
        return await held.block(
            owner.platform,
            conn,
            owner.actor,
            [line.message_id for line in lines],
            kind=kind,
            is_everywhere=is_everywhere,
            now=utc_now(),
        )


async def folders(owner: Owner) -> list[Folder]:
    """Where the messages are, oldest first."""
    async with owner.platform.db.connection() as conn:
        cursor = await conn.execute("SELECT folder FROM messages ORDER BY message_id")
        return [folder for (folder,) in await cursor.fetchall()]


async def test_what_is_held_is_in_no_list_and_counted(ada: Owner, waiting: Sequence[MessageLine]) -> None:
    assert await ada.lines() == []
    async with ada.platform.db.connection() as conn:
        counts = await filing.counts(conn, ada.actor.account_id)
    assert (counts.inbox, counts.held) == (0, len(waiting))


async def test_one_message_can_be_let_in_and_put_back(ada: Owner, waiting: Sequence[MessageLine]) -> None:
    settled = await release(ada, waiting[0])
    assert (settled.count, settled.made) == (1, ())
    assert await folders(ada) == ["inbox", "held", "held", "held"]
    (step,) = settled.back
    await filing.apply(ada.platform, ada.actor, step.action, step.message_ids, now=utc_now())
    assert await folders(ada) == ["held"] * 4


async def test_with_its_sender_come_all_that_are_held_of_him(ada: Owner, waiting: Sequence[MessageLine]) -> None:
    settled = await release(ada, waiting[0], is_allowed=True)
    assert await folders(ada) == ["inbox", "inbox", "held", "held"]
    (made,) = settled.made
    assert (made.rule.verdict, made.rule.text, made.was) == ("allow", "bob@shop.example", None)
    assert made.rule.alias_id == ada.alias.alias_id
    assert len(settled.back[0].message_ids) == 2


async def test_a_blocked_sender_goes_with_his_mail(ada: Owner, waiting: Sequence[MessageLine]) -> None:
    settled = await block(ada, waiting[1])
    assert await folders(ada) == ["trash", "trash", "held", "held"]
    assert [made.rule.verdict for made in settled.made] == ["block"]


async def test_a_blocked_domain_takes_its_subdomains_along(ada: Owner, waiting: Sequence[MessageLine]) -> None:
    async with ada.platform.db.transaction() as conn:
        other = await aliases.create(
            conn, ada.actor.account_id, ada.actor.keyring, NewAlias(local_part="other"), now=utc_now()
        )
        await conn.execute(
            "UPDATE messages SET alias_id = %s WHERE message_id = %s", (other.alias_id, waiting[2].message_id)
        )
    await block(ada, waiting[0], kind="domain")
    assert await folders(ada) == ["trash", "trash", "held", "held"]
    settled = await block(ada, waiting[2], kind="domain", is_everywhere=True)
    assert [made.rule.alias_id for made in settled.made] == [None]
    assert await folders(ada) == ["trash", "trash", "trash", "held"]


async def test_of_one_sender_at_two_aliases_one_rule_is_made_for_all(
    ada: Owner, waiting: Sequence[MessageLine]
) -> None:
    async with ada.platform.db.transaction() as conn:
        new = NewAlias(local_part="other")
        other = await aliases.create(conn, ada.actor.account_id, ada.actor.keyring, new, now=utc_now())
        await conn.execute(
            "UPDATE messages SET alias_id = %s WHERE message_id = %s", (other.alias_id, waiting[1].message_id)
        )
    settled = await block(ada, *waiting[:2], is_everywhere=True)
    assert [(made.rule.alias_id, made.was) for made in settled.made] == [(None, None)]
    assert await folders(ada) == ["trash", "trash", "held", "held"]


async def test_of_a_message_without_from_the_envelope_tells_who_sent_it(
    ada: Owner, waiting: Sequence[MessageLine]
) -> None:
    settled = await block(ada, waiting[3])
    assert [made.rule.text for made in settled.made] == ["shop@shop.test"]


async def test_who_has_no_address_can_be_let_in_and_not_be_blocked(ada: Owner, deliver: Deliver) -> None:
    await deliver(b"From: somebody\r\n\r\nhi\r\n", ada.alias.address)
    line = await ada.newest()
    async with ada.platform.db.connection() as conn:
        await conn.execute("UPDATE messages SET folder = 'held'")
    with pytest.raises(Invalid):
        await block(ada, line)
    settled = await release(ada, line, is_allowed=True)
    assert (settled.count, settled.made) == (1, ())


async def test_nothing_is_done_to_what_is_not_held_or_not_ours(
    ada: Owner, bob: Owner, waiting: Sequence[MessageLine]
) -> None:
    for verb in (release, block):
        with pytest.raises(NotFound):
            await verb(bob, waiting[0])
    await release(ada, waiting[0])
    with pytest.raises(NotFound):
        await block(ada, waiting[0])
    async with ada.platform.db.transaction() as conn:
        with pytest.raises(Invalid):
            await held.release(
                ada.platform, conn, ada.actor, [UUID(int=n) for n in range(201)], is_allowed=True, now=utc_now()
            )
    async with ada.platform.db.connection() as conn:
        assert (await finding.containing(conn, ada.actor, "", limit=10)).rules == []
