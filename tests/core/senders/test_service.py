import asyncio
from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from app.core.accounts import service as accounts
from app.core.aliases import service as aliases
from app.core.aliases.model import Alias, AliasPatch, NewAlias, Screening
from app.core.messages.store import Committer
from app.core.platform import Platform
from app.core.senders import queries, service
from app.core.senders.model import SORTS, Sender, Sort, Statistics
from app.core.senders.reading import sender_digest
from app.errors import NotFound
from app.lib.times import utc_now, utc_today
from tests import mail
from tests.core.conftest import Deliver, Owner

pytestmark = pytest.mark.anyio


def letter(sender: str, *more: str, subject: str = "Hello") -> bytes:
    lines = [f"From: {sender}", f"Subject: {subject}", *more, "", "Text."]
    return "\r\n".join(lines).encode() + b"\r\n"


async def alias_of(owner: Owner) -> Alias:
    async with owner.platform.db.connection() as conn:
        return await aliases.get(conn, owner.actor.account_id, owner.actor.keyring, owner.alias.alias_id)


async def senders_of(owner: Owner, sort: Sort = "recent", limit: int = 50) -> list[Sender]:
    async with owner.platform.db.connection() as conn:
        return await service.page(conn, owner.actor, await alias_of(owner), sort=sort, limit=limit)


async def statistics_of(owner: Owner) -> Statistics:
    async with owner.platform.db.connection() as conn:
        return await service.statistics(conn, owner.actor, await alias_of(owner), today=utc_today())


async def test_everyone_who_wrote_is_listed_with_counts(ada: Owner, deliver: Deliver) -> None:
    await deliver(letter("Shop <News@Mail.Shop.co.uk>"), ada.alias.address)
    await deliver(letter("Another Name <news@mail.shop.co.uk>"), ada.alias.address)
    await deliver(letter("bob@friends.example"), ada.alias.address)
    for _ in range(2):  # sealed as received, then under the data key
        shop, bob = await senders_of(ada, "most")
        assert (shop.name, shop.address, shop.organisation) == ("Shop", "news@mail.shop.co.uk", "shop.co.uk")
        assert (shop.message_count, shop.first_on, shop.last_on) == (2, utc_today(), utc_today())
        assert (bob.address, bob.message_count) == ("bob@friends.example", 1)
    assert [one.address for one in await senders_of(ada, "first")] == ["bob@friends.example", "news@mail.shop.co.uk"]


async def test_without_from_the_envelope_tells_who_wrote(ada: Owner, deliver: Deliver) -> None:
    await deliver(b"Subject: x\r\n\r\nText.\r\n", ada.alias.address)
    (one,) = await senders_of(ada)
    assert one.address == "shop@shop.test"


async def test_mail_of_nobody_is_counted_by_week_alone(ada: Owner, platform: Platform, committer: Committer) -> None:
    await mail.deliver(committer, platform, b"Subject: x\r\n\r\nText.\r\n", ada.alias.address, sender="")
    assert await senders_of(ada) == []
    assert (await statistics_of(ada)).weeks[-1].message_count == 1


async def test_statistics_tell_of_a_year(ada: Owner, deliver: Deliver) -> None:
    for number in range(3):
        await deliver(letter(f"s{number % 2}@shop.test"), ada.alias.address)
    found = await statistics_of(ada)
    assert (found.received, found.sender_count, found.unlisted, found.refused) == (3, 2, 0, 0)
    assert len(found.weeks) == 53
    assert found.weeks[-1].monday == utc_today() - timedelta(days=utc_today().weekday())
    assert [week.message_count for week in found.weeks] == [0] * 52 + [3]
    assert found.last_received_on == utc_today()


async def test_processes_count_one_sender_together(ada: Owner, platform: Platform, deliver: Deliver) -> None:
    committers = [Committer(platform.db, shard=shard) for shard in range(3)]
    await asyncio.gather(
        *(
            deliver(letter(f"s{number % 4}@shop.test"), ada.alias.address, via=committers[number % 3])
            for number in range(24)
        )
    )
    assert [one.message_count for one in await senders_of(ada)] == [6, 6, 6, 6]
    assert (await statistics_of(ada)).weeks[-1].message_count == 24


async def test_senders_without_end_are_counted_together(
    ada: Owner, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "MOST_SENDERS", 3)
    for number in range(6):
        await deliver(letter(f"v{number}@verp.test"), ada.alias.address)
    await deliver(letter("v0@verp.test"), ada.alias.address)
    found = await statistics_of(ada)
    assert (found.sender_count, found.unlisted, found.received) == (3, 3, 7)
    assert [one.address for one in await senders_of(ada, "first")] == [f"v{number}@verp.test" for number in (2, 1, 0)]
    assert next(one.message_count for one in await senders_of(ada, "most")) == 2


async def test_a_full_list_still_learns_whom_it_knows(
    ada: Owner, platform: Platform, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "MOST_SENDERS", 2)

    async def known() -> set[str]:
        async with platform.db.connection() as conn:
            key = await accounts.index_key(conn, platform.instance, ada.actor.account_id)
            digests = {sender_digest(key, f"s{number}@shop.test"): f"s{number}" for number in range(3)}
            found = await queries.known(conn, ada.actor.account_id, [ada.alias.alias_id], list(digests))
        return {digests[digest] for _, digest in found}

    async def screen(screening: Screening) -> None:
        async with platform.db.transaction() as conn:
            patch = AliasPatch(screening=screening)
            keys = (ada.actor.account_id, ada.actor.keyring, ada.alias.alias_id)
            await aliases.update(conn, *keys, patch, now=utc_now())

    await deliver(letter("s0@shop.test"), ada.alias.address)
    await screen("known")
    await deliver(letter("s1@shop.test"), ada.alias.address)
    assert await known() == {"s0"}
    await screen("open")
    for number in (2, 1, 0):
        await deliver(letter(f"s{number}@shop.test"), ada.alias.address)
    assert await known() == {"s0", "s1"}


@pytest.mark.parametrize("sort", SORTS)
async def test_pages_go_on_where_they_ended(ada: Owner, deliver: Deliver, sort: Sort) -> None:
    for number in range(5):
        for _ in range(1 + number % 2):
            await deliver(letter(f"s{number}@shop.test"), ada.alias.address)
    whole = [one.address for one in await senders_of(ada, sort)]
    assert sorted(whole) == [f"s{number}@shop.test" for number in range(5)]
    paged: list[str] = []
    after = None
    async with ada.platform.db.connection() as conn:
        alias = await alias_of(ada)
        while found := await service.page(conn, ada.actor, alias, sort=sort, after=after, limit=2):
            paged += [one.address for one in found]
            after = service.place_of(found[-1], sort)
    assert paged == whole


async def test_the_same_sender_at_two_aliases_is_two(ada: Owner, deliver: Deliver) -> None:
    async with ada.platform.db.transaction() as conn:
        other = await aliases.create(
            conn, ada.actor.account_id, ada.actor.keyring, NewAlias(local_part="second"), now=utc_now()
        )
    await deliver(letter("a@shop.test"), ada.alias.address, other.address)
    async with ada.platform.db.connection() as conn:
        (of_other,) = await service.page(conn, ada.actor, other, limit=5)
    (of_first,) = await senders_of(ada)
    assert of_other.message_count == of_first.message_count == 1


async def test_nothing_of_a_sender_is_in_clear(ada: Owner, deliver: Deliver) -> None:
    await deliver(letter("Zebulon <zebulon@quagga.example>"), ada.alias.address)
    for _ in range(2):
        async with ada.platform.db.connection() as conn:
            cursor = await conn.execute("SELECT s::text, details, message_key FROM alias_senders s")
            (row,) = await cursor.fetchall()
        for part in row:
            text = part if isinstance(part, str) else (part or b"").decode("latin-1")
            assert "ebulon" not in text
            assert "quagga" not in text
        await senders_of(ada)


async def test_a_stranger_to_a_named_site_is_marked_until_the_owner_says_it_is_fine(
    ada: Owner, deliver: Deliver, committer: Committer
) -> None:
    async with ada.platform.db.transaction() as conn:
        patch = AliasPatch(site="https://www.shop.test/login")
        await aliases.update(conn, ada.actor.account_id, ada.actor.keyring, ada.alias.alias_id, patch, now=utc_now())
    alias = await alias_of(ada)
    await deliver(letter("news@shop.test"), alias.address)
    for stranger in ("x@pills.example", "y@mail.pills.example", "someone@gmail.com"):
        await mail.deliver(committer, ada.platform, letter(stranger), alias.address, sender=stranger)
    old = msgspec.structs.replace(alias, created_at=utc_now() - timedelta(days=365))
    async with ada.platform.db.connection() as conn:
        found = {one.address: one for one in await service.page(conn, ada.actor, old, limit=9)}
        leak = found["x@pills.example"].leak
        assert leak is not None
        assert (leak.source, leak.stranger, leak.message_count) == ("shop.test", "pills.example", 2)
        assert found["y@mail.pills.example"].leak == leak
        assert found["news@shop.test"].leak is found["someone@gmail.com"].leak is None
        sender_id = found["y@mail.pills.example"].sender_id
        said = await service.expect(conn, ada.actor, old, sender_id, is_expected=True)
        assert said.is_expected
        assert all(one.leak is None for one in await service.page(conn, ada.actor, old, limit=9))
        await service.expect(conn, ada.actor, old, sender_id, is_expected=False)
        assert (await service.get(conn, ada.actor, old, sender_id)).leak == leak


async def test_an_answer_in_a_known_conversation_is_no_leak(ada: Owner, deliver: Deliver, committer: Committer) -> None:
    await deliver(letter("help@shop.test", "Message-ID: <1@shop.test>"), ada.alias.address)
    for sender, parent in (("agent@desk.example", "1"), ("forger@spam.example", "2")):
        answer = letter(sender, f"In-Reply-To: <{parent}@shop.test>")
        await mail.deliver(committer, ada.platform, answer, ada.alias.address, sender=sender)
    made = utc_now() - timedelta(days=365)
    old = msgspec.structs.replace(await alias_of(ada), created_at=made, site="shop.test")
    async with ada.platform.db.connection() as conn:
        leaks, unreadable = await service.leaks_of(conn, ada.actor, old)
    assert (set(leaks), unreadable) == ({"spam.example"}, 0)


async def test_others_reach_nobodys_senders(ada: Owner, bob: Owner, deliver: Deliver) -> None:
    await deliver(letter("a@shop.test"), ada.alias.address)
    (one,) = await senders_of(ada)
    async with ada.platform.db.connection() as conn:
        assert await service.page(conn, bob.actor, await alias_of(ada), limit=5) == []
        for sender_id in (one.sender_id, UUID(int=0)):
            with pytest.raises(NotFound):
                await service.expect(conn, bob.actor, await alias_of(bob), sender_id, is_expected=True)


async def test_old_weeks_are_forgotten(ada: Owner, deliver: Deliver) -> None:
    await deliver(letter("a@shop.test"), ada.alias.address)
    assert await service.forget_weeks(ada.platform, today=utc_today() + timedelta(weeks=service.WEEKS)) == 0
    assert await service.forget_weeks(ada.platform, today=utc_today() + timedelta(weeks=service.WEEKS + 1)) == 1
