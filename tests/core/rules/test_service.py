"""Rules as their owner makes them; how they decide is tested with the policy."""

from datetime import timedelta
from uuid import UUID

import pytest

from app.core.platform import Platform
from app.core.rules import finding
from app.core.rules import service as rules
from app.core.rules.model import Made, NewRule, Rule, Scope, Verdict
from app.errors import Conflict, Invalid, LimitReached, NotFound
from app.lib.times import utc_now
from tests.core.conftest import Owner


async def make(
    owner: Owner, text: str, *, verdict: Verdict = "block", alias_id: UUID | None = None, note: str = ""
) -> Made:
    new = NewRule(text=text, alias_id=alias_id, note=note)
    verb = rules.block if verdict == "block" else rules.allow
    async with owner.platform.db.transaction() as conn:
        return await verb(owner.platform, conn, owner.actor, new)


async def listed(owner: Owner, scope: Scope = None, verdict: Verdict | None = None) -> list[Rule]:
    async with owner.platform.db.connection() as conn:
        return (await finding.containing(conn, owner.actor, "", scope=scope, verdict=verdict, limit=200)).rules


async def test_a_rule_shows_what_it_is_about_and_counts_from_zero(ada: Owner) -> None:
    made = await make(ada, "News@Shop.Example", alias_id=ada.alias.alias_id, note=" a nuisance ")
    assert made.was is None
    assert made.rule.text == "news@shop.example"
    assert made.rule.note == "a nuisance"
    assert (made.rule.kind, made.rule.verdict, made.rule.hit_count) == ("address", "block", 0)
    assert (made.rule.alias_address, made.rule.last_hit_on) == (ada.alias.address, None)
    assert abs(made.rule.created_at - utc_now()) < timedelta(minutes=1)
    assert await listed(ada) == [made.rule]


async def test_lists_are_narrowed_by_place_and_verdict_and_paged(ada: Owner) -> None:
    one = (await make(ada, "one.example", alias_id=ada.alias.alias_id)).rule
    two = (await make(ada, "two.example")).rule
    three = (await make(ada, "three.example", verdict="allow")).rule
    assert await listed(ada) == [three, two, one]
    assert await listed(ada, ada.alias.alias_id) == [one]
    assert await listed(ada, "account") == [three, two]
    assert await listed(ada, "account", "allow") == [three]
    async with ada.platform.db.connection() as conn:
        found = await finding.containing(conn, ada.actor, "", before=three.rule_id, limit=1)
    assert (found.rules, found.older) == ([two], two.rule_id)


async def test_the_same_again_changes_nothing_and_the_opposite_replaces_it(ada: Owner) -> None:
    first = await make(ada, "shop.example", note="why")
    again = await make(ada, "@SHOP.example")
    assert again == Made(rule=first.rule, was="block")
    turned = await make(ada, "shop.example", verdict="allow")
    assert (turned.was, turned.rule.note, turned.rule.verdict) == ("block", "why", "allow")
    assert await listed(ada) == [turned.rule]
    elsewhere = await make(ada, "shop.example", alias_id=ada.alias.alias_id)
    assert elsewhere.was is None
    assert len(await listed(ada)) == 2


async def test_a_note_stays_until_there_is_another(ada: Owner) -> None:
    made = await make(ada, "shop.example", note="why")
    async with ada.platform.db.transaction() as conn:
        await conn.execute("UPDATE sender_rules SET hit_count = 7, last_hit_on = '2026-01-01'")
    noted = (await make(ada, "shop.example", note="because")).rule
    assert (noted.note, noted.hit_count, str(noted.last_hit_on)) == ("because", 7, "2026-01-01")
    turned = await make(ada, "shop.example", verdict="allow")
    assert (turned.rule.note, turned.rule.hit_count, turned.rule.last_hit_on) == ("because", 0, None)
    async with ada.platform.db.transaction() as conn:
        await rules.take_back(conn, ada.actor, turned.rule.rule_id, turned.was, now=utc_now())
    assert await listed(ada) == [noted]
    assert noted.rule_id == made.rule.rule_id


async def test_what_was_replaced_returns_as_it_was_however_often_it_was_turned(ada: Owner) -> None:
    first = (await make(ada, "shop.example", note="why", alias_id=ada.alias.alias_id)).rule
    elsewhere = (await make(ada, "shop.example")).rule
    made = [first]
    turns: tuple[Verdict, ...] = ("allow", "block", "allow")
    for number, verdict in enumerate(turns, start=1):
        async with ada.platform.db.transaction() as conn:
            await conn.execute(
                "UPDATE sender_rules SET hit_count = %s, last_hit_on = '2026-01-01' WHERE rule_id = %s",
                (number, made[-1].rule_id),
            )
            made[-1] = await rules.get(conn, ada.actor, made[-1].rule_id)
        text, note = "shop.example", f"note {number}"
        made.append((await make(ada, text, verdict=verdict, note=note, alias_id=ada.alias.alias_id)).rule)
    while len(made) > 1:
        turned, was = made.pop(), made[-1]
        async with ada.platform.db.transaction() as conn:
            await rules.take_back(conn, ada.actor, turned.rule_id, was.verdict, now=utc_now())
        assert await listed(ada, ada.alias.alias_id) == [was]
    assert await listed(ada, "account") == [elsewhere]
    assert made[0].hit_count == 1


async def test_what_was_replaced_is_forgotten_after_a_day_and_what_holds_stays(ada: Owner) -> None:
    await make(ada, "shop.example")
    turned = await make(ada, "shop.example", verdict="allow")
    await rules.forget_deleted(ada.platform, now=utc_now() + rules.RESTORABLE + timedelta(seconds=1))
    async with ada.platform.db.transaction() as conn:
        with pytest.raises(NotFound):
            await rules.take_back(conn, ada.actor, turned.rule.rule_id, turned.was, now=utc_now())
    assert await listed(ada) == [turned.rule]


async def test_every_step_can_be_taken_back(ada: Owner) -> None:
    new = await make(ada, "new.example")
    turned = await make(ada, "new.example", verdict="allow")
    async with ada.platform.db.transaction() as conn:
        await rules.take_back(conn, ada.actor, turned.rule.rule_id, turned.was, now=utc_now())
    assert [rule.verdict for rule in await listed(ada)] == ["block"]
    async with ada.platform.db.transaction() as conn:
        await rules.take_back(conn, ada.actor, new.rule.rule_id, new.was, now=utc_now())
    assert await listed(ada) == []


async def test_a_deleted_rule_comes_back_with_its_hits(ada: Owner) -> None:
    rule = (await make(ada, "shop.example", note="why")).rule
    async with ada.platform.db.transaction() as conn:
        await conn.execute("UPDATE sender_rules SET hit_count = 7, last_hit_on = '2026-01-01'")
        await rules.delete(conn, ada.actor, rule.rule_id, now=utc_now())
    assert await listed(ada) == []
    async with ada.platform.db.transaction() as conn:
        restored = await rules.restore(conn, ada.actor, rule.rule_id)
    assert (restored.hit_count, restored.note) == (7, "why")
    assert await listed(ada) == [restored]
    async with ada.platform.db.transaction() as conn:
        with pytest.raises(NotFound):
            await rules.restore(conn, ada.actor, rule.rule_id)


async def test_restoring_does_not_double_a_rule_made_meanwhile(ada: Owner) -> None:
    rule = (await make(ada, "shop.example")).rule
    async with ada.platform.db.transaction() as conn:
        await rules.delete(conn, ada.actor, rule.rule_id, now=utc_now())
    await make(ada, "shop.example", verdict="allow")
    async with ada.platform.db.transaction() as conn:
        with pytest.raises(Conflict):
            await rules.restore(conn, ada.actor, rule.rule_id)
    assert len(await listed(ada)) == 1


async def test_what_nobody_restores_is_forgotten_after_a_day(ada: Owner) -> None:
    rule = (await make(ada, "shop.example")).rule
    now = utc_now()
    async with ada.platform.db.transaction() as conn:
        await rules.delete(conn, ada.actor, rule.rule_id, now=now)
    assert await rules.forget_deleted(ada.platform, now=now + rules.RESTORABLE) == 0
    assert await rules.forget_deleted(ada.platform, now=now + rules.RESTORABLE + timedelta(seconds=1)) == 1
    async with ada.platform.db.transaction() as conn:
        with pytest.raises(NotFound):
            await rules.restore(conn, ada.actor, rule.rule_id)


async def test_ten_thousand_rules_are_enough(ada: Owner) -> None:
    await make(ada, "first.example")
    async with ada.platform.db.transaction() as conn:
        await conn.execute(
            """INSERT INTO sender_rules (account_id, rule_id, verdict, kind, matcher, label)
               SELECT account_id, gen_random_uuid(), 'block', 'domain', int8send(n), label
               FROM sender_rules, generate_series(2, %s) n""",
            (rules.MAX_RULES,),
        )
    with pytest.raises(LimitReached) as caught:
        await make(ada, "another.example")
    assert "10,000" in caught.value.detail
    assert (await make(ada, "first.example", verdict="allow")).was == "block"


async def test_bad_input_names_every_fault(ada: Owner) -> None:
    with pytest.raises(Invalid) as caught:
        await make(ada, "no such thing", note="x" * 501)
    assert [fault.field for fault in caught.value.fields] == ["text", "note"]
    with pytest.raises(Invalid, match="cannot be made") as caught:
        await make(ada, "foo@bar@baz.example")
    assert "one @" in caught.value.fields[0].message


async def test_rules_of_others_are_not_found(ada: Owner, bob: Owner) -> None:
    rule = (await make(ada, "shop.example", alias_id=ada.alias.alias_id)).rule
    assert await listed(bob) == []
    assert await listed(bob, ada.alias.alias_id) == []
    with pytest.raises(NotFound):
        await make(bob, "shop.example", alias_id=ada.alias.alias_id)
    async with bob.platform.db.transaction() as conn:
        with pytest.raises(NotFound):
            await rules.get(conn, bob.actor, rule.rule_id)
        with pytest.raises(NotFound):
            await rules.delete(conn, bob.actor, rule.rule_id, now=utc_now())
        with pytest.raises(NotFound):
            await rules.restore(conn, bob.actor, rule.rule_id)


async def test_the_tables_name_nobody(ada: Owner, bob: Owner, platform: Platform) -> None:
    await make(ada, "news@shop.example", note="a nuisance")
    await make(bob, "news@shop.example")
    async with platform.db.connection() as conn:
        rows = await (await conn.execute("SELECT matcher, label, sender_rules::text FROM sender_rules")).fetchall()
    assert len({matcher for matcher, _, _ in rows}) == 2
    for _, label, text in rows:
        assert b"shop" not in label
        assert b"nuisance" not in label
        assert "news" not in text
