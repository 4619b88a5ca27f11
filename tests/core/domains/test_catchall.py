import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from app.core.aliases import queries as alias_queries
from app.core.aliases import service as aliases
from app.core.aliases.address import Address
from app.core.aliases.bulk import service as bulk
from app.core.aliases.model import Alias, Listing, Mailbox, NewAlias
from app.core.auth.model import Actor
from app.core.domains import catchall, checking, owned, queries
from app.core.domains.model import CatchAll, OwnDomain, Pattern
from app.core.policy.model import Reason, Ruling
from app.core.policy.service import decide_recipient
from app.errors import Invalid, LimitReached, NotFound
from tests.core.domains.conftest import World


async def ask(world: World, address: str) -> Ruling:
    return await decide_recipient(world.platform, address, sender="shop@shop.test", announced_size=0, now=world.now)


async def reason(world: World, address: str) -> tuple[int, Reason]:
    decision = (await ask(world, address)).decision
    return decision.code, decision.reason


async def set_catch_all(world: World, actor: Actor, **choice: object) -> OwnDomain:
    async with world.platform.db.transaction() as conn:
        return await owned.set_catch_all(world.platform, conn, actor, "ada.test", CatchAll(**choice))  # type: ignore[arg-type]


async def make_alias(world: World, actor: Actor, local_part: str, domain: str = "ada.test") -> Alias:
    async with world.platform.db.transaction() as conn:
        new = NewAlias(local_part=local_part, domain=domain)
        return await aliases.create(conn, actor.account_id, actor.keyring, new, now=world.now)


async def deliver(world: World, address: str) -> Mailbox:
    """What reception does with the alias of an accepted recipient."""
    mailbox = (await ask(world, address)).mailbox
    assert mailbox is not None
    made = await catchall.make(world.platform, [mailbox], now=world.now) if mailbox.is_to_be_made else {}
    return made.get(mailbox.alias_id, mailbox)


async def count(world: World) -> int:
    async with world.platform.db.connection() as conn:
        row = await (await conn.execute("SELECT count(*) FROM aliases")).fetchone()
    assert row is not None
    return int(row[0])


async def test_mail_for_an_unproven_domain_is_relay(world: World, ada: Actor) -> None:
    await world.add(ada)
    assert await reason(world, "shop@ada.test") == (550, "relay")
    assert await reason(world, "postmaster@ada.test") == (550, "relay")


async def test_without_a_catch_all_only_aliases_and_roles_take_mail(world: World, ada: Actor) -> None:
    await world.prove(ada)
    await make_alias(world, ada, "shop")
    assert await reason(world, "shop+x@ada.test") == (250, "accepted")
    assert await reason(world, "Postmaster@ada.test") == (250, "accepted")
    assert await reason(world, "other@ada.test") == (550, "unknown_alias")
    assert await reason(world, "shop@sub.ada.test") == (550, "relay")


async def test_into_one_alias(world: World, ada: Actor) -> None:
    await world.prove(ada)
    alias = await make_alias(world, ada, "all")
    await set_catch_all(world, ada, mode="alias", alias_id=alias.alias_id)
    ruling = await ask(world, "anything@ada.test")
    assert ruling.mailbox is not None
    assert (ruling.decision.reason, ruling.mailbox.alias_id) == ("accepted", alias.alias_id)
    before = await count(world)
    async with world.platform.db.connection() as conn:
        await conn.execute("UPDATE aliases SET is_enabled = false WHERE alias_id = %s", (alias.alias_id,))
    assert await reason(world, "anything@ada.test") == (550, "alias_disabled")
    async with world.platform.db.connection() as conn:
        await conn.execute("UPDATE aliases SET deleted_on = now() WHERE alias_id = %s", (alias.alias_id,))
    assert await reason(world, "anything@ada.test") == (550, "unknown_alias")
    assert await count(world) == before


async def test_an_alias_is_made_by_its_first_mail_and_not_by_asking(world: World, ada: Actor) -> None:
    await world.prove(ada)
    await set_catch_all(world, ada, mode="make")
    before = await count(world)
    assert await reason(world, "new.shop+spring@ada.test") == (250, "accepted")
    assert await count(world) == before
    made = await deliver(world, "new.shop+spring@ada.test")
    assert (made.address, made.is_to_be_made) == ("new.shop@ada.test", False)
    again = await deliver(world, "NEW.shop@ada.test")
    assert (again.alias_id, await count(world)) == (made.alias_id, before + 1)
    async with world.platform.db.connection() as conn:
        alias = await aliases.get(conn, ada.account_id, ada.keyring, made.alias_id)
    assert (alias.address, alias.description, alias.is_enabled) == ("new.shop@ada.test", "", True)
    assert Listing().state == "current"


async def test_two_first_mails_at_once_make_one_alias(world: World, ada: Actor) -> None:
    await world.prove(ada)
    await set_catch_all(world, ada, mode="make")
    asked = [(await ask(world, "new@ada.test")).mailbox for _ in range(4)]
    mailboxes = [one for one in asked if one is not None]
    assert len({one.alias_id for one in mailboxes}) == 4
    made = await asyncio.gather(*(catchall.make(world.platform, [one], now=world.now) for one in mailboxes))
    assert len({box.alias_id for one in made for box in one.values()}) == 1


async def test_a_pattern_limits_what_is_caught(world: World, ada: Actor) -> None:
    await world.prove(ada)
    domain = await set_catch_all(world, ada, mode="make", pattern=Pattern("wildcard", " shop-* "))
    assert domain.catch_all.pattern == Pattern("wildcard", "shop-*")
    assert await reason(world, "shop-books@ada.test") == (250, "accepted")
    assert await reason(world, "info@ada.test") == (550, "unknown_alias")
    await set_catch_all(world, ada, mode="make", pattern=Pattern("regex", "[a-z]{3}[0-9]+"))
    assert await reason(world, "abc12+x@ada.test") == (250, "accepted")
    assert await reason(world, "abcd12@ada.test") == (550, "unknown_alias")
    async with world.platform.db.connection() as conn:
        row = await (await conn.execute("SELECT catch_all_pattern FROM account_domains")).fetchone()
    assert row is not None
    assert b"a-z" not in row[0]


@pytest.mark.parametrize("expression", ["(", "(a{1000}){1000}", r"(a)\1", "(?=a)", "a" * 201, " ", "a\nb", "[z-a]"])
async def test_a_bad_pattern_changes_nothing(world: World, ada: Actor, expression: str) -> None:
    await world.prove(ada)
    with pytest.raises(Invalid) as caught:
        await set_catch_all(world, ada, mode="make", pattern=Pattern("regex", expression))
    assert [fault.field for fault in caught.value.fields] == ["pattern"]
    assert (await world.get(ada)).catch_all == CatchAll()


async def test_anothers_alias_catches_nothing(world: World, ada: Actor, bob: Actor) -> None:
    await world.prove(ada)
    theirs = await make_alias(world, bob, "bob", "restante.test")
    for alias_id in (theirs.alias_id, UUID(int=7), None):
        with pytest.raises(Invalid):
            await set_catch_all(world, ada, mode="alias", alias_id=alias_id)
    with pytest.raises(NotFound):
        await set_catch_all(world, bob, mode="off")


async def test_a_dictionary_makes_no_more_than_a_hundred_a_day(
    world: World, ada: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catchall, "MADE_A_DAY", 3)
    await world.prove(ada)
    await set_catch_all(world, ada, mode="make")
    late = (await ask(world, "late@ada.test")).mailbox
    assert late is not None
    for number in range(3):
        await deliver(world, f"word{number}@ada.test")
    assert await reason(world, "word3@ada.test") == (450, "too_many_new")
    assert await reason(world, "word2@ada.test") == (250, "accepted")
    before = await count(world)
    with pytest.raises(LimitReached):
        await catchall.make(world.platform, [late], now=world.now)
    assert await count(world) == before
    world.wait(hours=25)
    assert (await deliver(world, "word3@ada.test")).address == "word3@ada.test"


async def test_what_mail_makes_counts_for_the_account(world: World, ada: Actor) -> None:
    await world.prove(ada)
    await set_catch_all(world, ada, mode="make")
    early = [(await ask(world, f"early{number}@ada.test")).mailbox for number in range(2)]
    async with world.platform.db.connection() as conn:
        await conn.execute("UPDATE accounts SET alias_limit = 3 WHERE account_id = %s", (ada.account_id,))
    assert await reason(world, "first@ada.test") == (250, "accepted")
    made = await asyncio.gather(
        *(catchall.make(world.platform, [box], now=world.now) for box in early if box), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in made) == ["LimitReached", "dict"]
    assert await count(world) == 3
    assert await reason(world, "late@ada.test") == (450, "too_many_new")


async def test_what_its_owner_deleted_is_not_made_again(world: World, ada: Actor) -> None:
    await world.prove(ada)
    await set_catch_all(world, ada, mode="make")
    made = await deliver(world, "new@ada.test")
    async with world.platform.db.connection() as conn:
        await conn.execute("UPDATE aliases SET deleted_on = now() WHERE alias_id = %s", (made.alias_id,))
    assert await reason(world, "new@ada.test") == (550, "unknown_alias")
    assert await reason(world, "new+tag@ada.test") == (550, "unknown_alias")


async def test_an_alias_that_is_made_while_mail_for_it_is_decided_on_takes_that_mail(world: World, ada: Actor) -> None:
    """`catch` is asked about what was no alias a moment before."""
    await world.prove(ada)
    await set_catch_all(world, ada, mode="make")
    made = await deliver(world, "new@ada.test")
    async with world.platform.db.connection() as conn:
        domain = await queries.reception(conn, "ada.test")
        assert domain is not None
        address = Address("new", "ada.test")
        caught = await catchall.catch(world.platform, conn, address, domain, to_come=(), now=world.now)
    assert caught.mailbox is not None
    assert (caught.mailbox.alias_id, caught.mailbox.is_to_be_made) == (made.alias_id, False)


async def test_a_paused_domain_puts_all_mail_off(world: World, ada: Actor) -> None:
    proof = (await world.prove(ada)).records[0].value
    await make_alias(world, ada, "shop")
    await set_catch_all(world, ada, mode="make")
    world.zone.set("_restante.ada.test", "TXT", "gone")
    await checking.check_due(world.platform, now=world.wait(days=2))
    assert await reason(world, "shop@ada.test") == (250, "accepted")
    await checking.check_due(world.platform, now=world.wait(days=8))
    for local_part in ("shop", "new", "postmaster"):
        assert await reason(world, f"{local_part}@ada.test") == (450, "domain_paused")
    with pytest.raises(Invalid):
        await make_alias(world, ada, "more")
    world.zone.set("_restante.ada.test", "TXT", proof)
    await checking.check_due(world.platform, now=world.wait(hours=2))
    assert await reason(world, "shop@ada.test") == (250, "accepted")


async def test_an_old_owners_addresses_reach_nobody_once_somebody_else_has_the_domain(
    world: World, ada: Actor, bob: Actor
) -> None:
    await world.prove(ada)
    old = await make_alias(world, ada, "shop")
    gone = await make_alias(world, ada, "gone")
    async with world.platform.db.transaction() as conn:
        await bulk.delete(conn, ada.account_id, gone.alias_id, trashes_mail=False, now=world.now)
        assert await owned.alias_count(conn, ada, "ada.test") == 3
    assert await world.delete(ada) == 3
    assert await reason(world, "shop@ada.test") == (550, "relay")
    await world.prove(bob)
    assert await reason(world, "shop@ada.test") == (550, "unknown_alias")
    new = await make_alias(world, bob, "shop")
    ruling = await ask(world, "shop@ada.test")
    assert ruling.mailbox is not None
    assert (ruling.mailbox.account_id, ruling.mailbox.alias_id) == (bob.account_id, new.alias_id)
    roles = await ask(world, "abuse@ada.test")
    assert roles.mailbox is not None
    assert roles.mailbox.account_id == bob.account_id
    async with world.platform.db.connection() as conn:
        kept = await aliases.get(conn, ada.account_id, ada.keyring, old.alias_id)
    assert (kept.address, kept.is_enabled) == ("shop@ada.test", False)


async def test_who_comes_back_has_the_old_addresses(world: World, ada: Actor) -> None:
    await world.prove(ada)
    alias = await make_alias(world, ada, "shop")
    await world.delete(ada)
    world.wait(days=1)
    await world.prove(ada)
    assert await reason(world, "shop@ada.test") == (550, "alias_disabled")
    async with world.platform.db.connection() as conn:
        await conn.execute("UPDATE aliases SET is_enabled = true WHERE alias_id = %s", (alias.alias_id,))
    assert await reason(world, "shop@ada.test") == (250, "accepted")


async def test_an_address_of_a_shared_domain_is_never_anothers(world: World, ada: Actor, bob: Actor) -> None:
    await make_alias(world, ada, "shop", "restante.test")
    async with world.platform.db.transaction() as conn:
        assert not await alias_queries.insert_address(conn, "shop@restante.test", bob.account_id, UUID(int=1))


async def test_local_parts_of_ones_own_domain(world: World, ada: Actor) -> None:
    await world.prove(ada)
    assert (await make_alias(world, ada, "info")).address == "info@ada.test"
    assert (await make_alias(world, ada, "Jürgen")).address == "jürgen@ada.test"
    assert await reason(world, "ju\u0308RGEN@ada.test") == (250, "accepted")
    for local_part in ("abuse", "postmaster", "jürgеn"):
        with pytest.raises(Exception, match=r"cannot be made|taken"):
            await make_alias(world, ada, local_part)


async def test_the_day_is_counted_by_domain(world: World, ada: Actor) -> None:
    await world.prove(ada)
    async with world.platform.db.transaction() as conn:
        for expected in (True, True, False):
            taken = await queries.take_making(conn, ada.account_id, "ada.test", now=world.now, a_day=2)
            assert taken is expected
        later = world.now + timedelta(days=1)
        assert await queries.take_making(conn, ada.account_id, "ada.test", now=later, a_day=2)
