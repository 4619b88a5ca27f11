import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from app.core.aliases import service as aliases
from app.core.aliases.model import NewAlias
from app.core.auth import service as auth
from app.core.auth.keys import service as keys
from app.core.auth.keys.model import NewKey
from app.core.auth.model import Reach
from app.core.auth.scopes import ALL_SCOPES
from app.core.filing import service as filing
from app.core.filing.model import MessagePatch
from app.core.platform import Platform
from app.core.waiting import positions
from app.core.waiting.model import Wanted
from app.core.waiting.service import Waiting, wanted_of
from app.core.waiting.watch import MOST, Watch
from app.errors import Invalid, LimitReached, NotFound, RestanteError, Unauthenticated, Unavailable
from app.lib.times import utc_now
from tests.core.conftest import Deliver, MakeOwner, Owner, Slow
from tests.core.waiting.conftest import Start

ADA = "ada-alias@restante.test"
LONG_AGO = positions.after_time(utc_now() - timedelta(days=1))


def mail(subject: str, text: str = "Hello", sender: str = "Shop <hello@mail.shop.test>") -> bytes:
    return f"From: {sender}\r\nSubject: {subject}\r\n\r\n{text}\r\n".encode()


async def hold(platform: Platform, owner: Owner, message_id: UUID) -> None:
    async with platform.db.transaction() as conn:
        await filing.update(owner.platform, conn, owner.actor, message_id, MessagePatch(folder="held"), now=utc_now())


async def test_a_wait_ends_when_a_message_is_stored(ada: Owner, deliver: Deliver, start: Start) -> None:
    wait = await start(ada.actor)
    await deliver(mail("Welcome", "Your code is 482913: https://shop.test/c?utm_source=x"), ADA)
    answer = await wait.answer()
    assert answer is not None
    found, position = answer
    assert found.opened.line.summary.subject == "Welcome"
    assert (found.code, [one.url for one in found.links]) == ("482913", ["https://shop.test/c"])
    assert not position.is_before(found.opened.line.message_id)


async def test_what_is_there_already_counts_only_after_a_position(ada: Owner, deliver: Deliver, start: Start) -> None:
    await deliver(mail("Earlier"), ADA)
    assert await (await start(ada.actor, seconds=0)).subject() is None
    assert await (await start(ada.actor, seconds=0, position=LONG_AGO)).subject() == "Earlier"
    wait = await start(ada.actor)
    await deliver(mail("Later"), ADA)
    assert await wait.subject() == "Later"


async def test_a_loop_gets_every_message_once_the_oldest_first(ada: Owner, deliver: Deliver, start: Start) -> None:
    subjects = [f"Number {number}" for number in range(30)]
    for subject in subjects[:25]:
        await deliver(mail(subject), ADA)
    position, got = LONG_AGO, []
    for number in range(30):
        wait = await start(ada.actor, position=position)
        if number >= 25:
            await deliver(mail(subjects[number]), ADA)
        answer = await wait.answer()
        assert answer is not None
        got.append(answer[0].opened.line.summary.subject)
        position = answer[1]
    assert got == subjects
    assert await (await start(ada.actor, seconds=0, position=position)).subject() is None


async def test_a_message_whose_commit_comes_late_is_not_lost(
    platform: Platform, ada: Owner, deliver: Deliver, start: Start
) -> None:
    """Its id is older than that of the message that the loop has got before it."""
    slow = Slow(platform)
    late = asyncio.ensure_future(deliver(mail("Made first, stored last"), ADA, via=slow))
    await slow.inserted.wait()
    await deliver(mail("Made last, stored first", sender="else@where.test"), ADA)
    answer = await (await start(ada.actor, position=LONG_AGO)).answer()
    assert answer is not None
    assert answer[0].opened.line.summary.subject == "Made last, stored first"
    wait = await start(ada.actor, position=answer[1])
    slow.go.set()
    await late
    assert await wait.subject() == "Made first, stored last"


async def test_a_message_that_nobody_announced_is_found_within_a_look(
    platform: Platform, ada: Owner, deliver: Deliver, start: Start
) -> None:
    """`Slow` announces nothing, as a process that dies after its commit."""
    slow = Slow(platform)
    slow.go.set()
    wait = await start(ada.actor)
    await deliver(mail("Not announced"), ADA, via=slow)
    assert await wait.subject() == "Not announced"


@pytest.mark.parametrize(
    ("asked", "fits"),
    [
        ({"alias": ADA}, True),
        ({"alias": "second@restante.test"}, False),
        ({"sender": "hello@mail.shop.test"}, True),
        ({"sender": "HELLO@Mail.Shop.Test"}, True),
        ({"sender": "shop.test"}, True),
        ({"sender": "mail.shop.test"}, True),
        ({"sender": "other@mail.shop.test"}, False),
        ({"sender": "op.test"}, False),
        ({"subject": "confirm"}, True),
        ({"subject": "ADRESSE confirm"}, True),
        ({"subject": "conf"}, False),
        ({"subject": "確認"}, True),
        ({"subject": "認確"}, False),
        ({"sender": "shop.test", "subject": "confirm", "alias": ADA}, True),
        ({"sender": "shop.test", "subject": "refuse", "alias": ADA}, False),
    ],
)
async def test_only_what_fits_is_found(
    ada: Owner, deliver: Deliver, start: Start, asked: dict[str, str], fits: bool
) -> None:
    await another_alias(ada)
    wait = await start(ada.actor, **asked)
    await deliver(mail("Confirm your adrésse: 要確認"), ADA)
    await deliver(mail("Last", sender="other@mail.shop.test"), "second@restante.test")
    if fits:
        assert await wait.subject() == "Confirm your adrésse: 要確認"
    else:
        found = await start(ada.actor, position=LONG_AGO, seconds=0, **asked)
        assert await found.subject() in {None, "Last"}


async def another_alias(owner: Owner, local_part: str = "second") -> UUID:
    async with owner.platform.db.transaction() as conn:
        made = await aliases.create(
            conn, owner.account.account_id, owner.actor.keyring, NewAlias(local_part=local_part), now=utc_now()
        )
    return made.alias_id


async def test_others_hear_nothing(ada: Owner, bob: Owner, deliver: Deliver, start: Start) -> None:
    mine, theirs = await start(ada.actor), await start(bob.actor)
    await deliver(mail("For Ada"), ADA)
    await deliver(mail("For Bob"), "bob-alias@restante.test")
    assert [await mine.subject(), await theirs.subject()] == ["For Ada", "For Bob"]


async def test_a_bound_key_waits_for_its_own_mail(ada: Owner, deliver: Deliver, start: Start) -> None:
    second = await another_alias(ada)
    bound = msgspec.structs.replace(ada.actor, reach=Reach(alias_id=second))
    elsewhere = msgspec.structs.replace(ada.actor, reach=Reach(domain="elsewhere.test"))
    wait, never, all_of_it = await start(bound), await start(elsewhere), await start(ada.actor)
    await deliver(mail("To the first"), ADA)
    await deliver(mail("To the second"), "second@restante.test")
    assert [await wait.subject(), await all_of_it.subject()] == ["To the second", "To the first"]
    assert not never.task.done()
    with pytest.raises(NotFound):
        await start(bound, alias=ADA)


async def test_held_mail_arrives_when_it_is_let_in(
    platform: Platform, ada: Owner, deliver: Deliver, start: Start
) -> None:
    await deliver(mail("Held"), ADA)
    line = await ada.newest()
    await hold(platform, ada, line.message_id)
    assert await (await start(ada.actor, position=LONG_AGO, seconds=0)).subject() is None
    wait = await start(ada.actor, position=positions.after_time(utc_now() + timedelta(seconds=1)))
    async with platform.db.transaction() as conn:
        await filing.update(ada.platform, conn, ada.actor, line.message_id, MessagePatch(folder="inbox"), now=utc_now())
    assert await wait.subject() == "Held"


async def test_a_thousand_waiters_of_one_account_each_get_theirs(
    ada: Owner, deliver: Deliver, waiting: Waiting
) -> None:
    """None of them holds a connection: the pool has eight."""
    waits = [
        asyncio.create_task(
            waiting.wait(ada.actor, Wanted(subject=(f"number{number}",)), LONG_AGO, seconds=25, now=utc_now())
        )
        for number in range(1000)
    ]
    await deliver(mail("number7 and number800"), ADA)
    async with asyncio.timeout(30):
        assert await waits[7] is not None
        assert await waits[800] is not None
    assert sum(wait.done() for wait in waits) == 2
    for wait in waits:
        wait.cancel()
    await asyncio.gather(*waits, return_exceptions=True)


async def test_who_gives_up_leaves_nothing_behind(ada: Owner, waiting: Waiting, watch: Watch) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await waiting.wait(ada.actor, Wanted(), None, seconds=25, now=utc_now())
    assert watch.count == 0


async def test_no_more_wait_than_may(ada: Owner, bob: Owner, watch: Watch) -> None:
    def hear(_news: Sequence[object]) -> None:
        """Nothing."""

    with ExitStack() as seats:
        for _ in range(MOST["stream"]):
            seats.enter_context(watch.follow(ada.actor, "stream", hear))
        with pytest.raises(LimitReached) as caught:
            seats.enter_context(watch.follow(ada.actor, "stream", hear))
        assert caught.value.retry_after
        seats.enter_context(watch.follow(ada.actor, "wait", hear))
        seats.enter_context(watch.follow(bob.actor, "stream", hear))
    assert watch.count == 0


async def test_waits_end_when_the_process_does(platform: Platform, ada: Owner, start: Start) -> None:
    wait = await start(ada.actor)
    await platform.listener.close()
    with pytest.raises(Unavailable) as caught:
        await wait.answer()
    assert caught.value.code == "restarting"
    with pytest.raises(Unavailable):
        await (await start(ada.actor)).answer()


async def test_waits_end_when_the_key_does(platform: Platform, ada: Owner, start: Start) -> None:
    async with platform.db.transaction() as conn:
        made = await keys.make(conn, ada.actor, NewKey(scopes=ALL_SCOPES), now=utc_now())
        good = await keys.make(conn, ada.actor, NewKey(scopes=ALL_SCOPES), now=utc_now())
        actor = await auth.by_api_key(conn, platform.instance, made.key, now=utc_now())
        other = await auth.by_api_key(conn, platform.instance, good.key, now=utc_now())
    wait, goes_on = await start(actor), await start(other)
    async with platform.db.transaction() as conn:
        await conn.execute("DELETE FROM api_keys WHERE key_id = %s", (made.shown.key_id,))
    with pytest.raises(Unauthenticated):
        await wait.answer()
    assert not goes_on.task.done()


async def test_a_lost_listener_is_waited_out(platform: Platform, ada: Owner, deliver: Deliver, start: Start) -> None:
    wait = await start(ada.actor)
    async with platform.db.connection() as conn:
        await conn.execute(
            """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE datname = current_database() AND application_name = 'restante-listener'"""
        )
    await deliver(mail("Meanwhile"), ADA)
    assert await wait.subject() == "Meanwhile"


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"alias": "nobody@restante.test"}, NotFound),
        ({"alias": "bob-alias@restante.test"}, NotFound),
        ({"alias": "not an address"}, NotFound),
        ({"alias": "0199d3a4-6f1e-7b52-8c3d-51f2a9e07b64"}, NotFound),
        ({"sender": "no address"}, Invalid),
        ({"sender": ""}, Invalid),
        ({"subject": ""}, Invalid),
        ({"subject": "?!"}, Invalid),
        ({"subject": "x" * 501}, Invalid),
    ],
)
async def test_what_nobody_can_wait_for_is_told(
    platform: Platform, make_owner: MakeOwner, ada: Owner, asked: dict[str, str], error: type[RestanteError]
) -> None:
    await make_owner("bob")
    none: dict[str, str | None] = {"alias": None, "sender": None, "subject": None}
    async with platform.db.connection() as conn:
        with pytest.raises(error):
            await wanted_of(conn, ada.actor, **(none | asked))
