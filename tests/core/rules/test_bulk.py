"""Lists of senders, as people paste them: each line becomes a rule or is told why not."""

import pytest

from app.core.rules import bulk, finding, service
from app.core.rules.model import NewRule, Verdict
from app.core.rules.service import MAX_RULES
from app.errors import Invalid, NotFound
from app.lib.ids import new_id
from app.lib.times import utc_now
from tests.core.conftest import Owner

pytestmark = pytest.mark.anyio


async def made(owner: Owner, *texts: str, verdict: Verdict = "block", is_of_alias: bool = False) -> list[bulk.Written]:
    async with owner.platform.db.transaction() as conn:
        alias_id = owner.alias.alias_id if is_of_alias else None
        return await bulk.make(owner.platform, conn, owner.actor, texts, verdict, alias_id=alias_id, note=" pasted ")


async def stored(owner: Owner) -> list[tuple[str, str, str]]:
    async with owner.platform.db.connection() as conn:
        found = await finding.containing(conn, owner.actor, "", limit=200)
    return [(one.verdict, one.text, one.note) for one in found.rules]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" a@b.example \r\n\r\n# a remark\nshop.example", ["a@b.example", "shop.example"]),
        ("a@b.example, c@d.example;e.example", ["a@b.example", "c@d.example", "e.example"]),
        ('Ada <ada@b.example>\n"B" <b@b.example>', ["ada@b.example", "b@b.example"]),
        ("Ada ada@b.example", ["Ada ada@b.example"]),
    ],
)
def test_a_pasted_list_names_its_senders(text: str, expected: list[str]) -> None:
    assert bulk.lines(text) == expected


def test_a_list_has_an_end() -> None:
    assert bulk.check(bulk.lines("a.example\n" * bulk.MAX_AT_ONCE), "") == []
    (fault,) = bulk.check(bulk.lines("a.example\n" * (bulk.MAX_AT_ONCE + 1)), "")
    assert "at most 1,000 senders at once; these are 1,001" in fault.message


async def test_each_line_is_told_what_became_of_it(ada: Owner) -> None:
    async with ada.platform.db.transaction() as conn:
        await service.block(ada.platform, conn, ada.actor, NewRule(text="there.example"))
        turned = await service.allow(ada.platform, conn, ada.actor, NewRule(text="turned@a.example"))
    texts = ["New@A.example", "there.example", "turned@a.example", "new@a.example", "no sender", "foo@bar@baz.example"]
    found = await made(ada, *texts)
    assert [(one.text, one.outcome) for one in found] == [
        ("new@a.example", "made"),
        ("there.example", "there"),
        ("turned@a.example", "turned"),
        ("new@a.example", "there"),
        ("no sender", "invalid"),
        ("foo@bar@baz.example", "invalid"),
    ]
    assert found[2].rule_id != turned.rule.rule_id
    assert found[3].rule_id == found[0].rule_id
    assert "Write an address" in found[4].told
    assert "one @" in found[5].told
    assert sorted(await stored(ada)) == [
        ("block", "new@a.example", "pasted"),
        ("block", "there.example", ""),
        ("block", "turned@a.example", "pasted"),
    ]


async def test_a_note_stays_where_the_list_has_none(ada: Owner) -> None:
    async with ada.platform.db.transaction() as conn:
        await service.allow(ada.platform, conn, ada.actor, NewRule(text="a.example", note="a friend"))
        await bulk.make(ada.platform, conn, ada.actor, ["a.example"], "block", alias_id=None)
    assert await stored(ada) == [("block", "a.example", "a friend")]
    async with ada.platform.db.transaction() as conn:
        friends = await finding.containing(conn, ada.actor, "", limit=2)
        await service.take_back(conn, ada.actor, friends.rules[0].rule_id, "allow", now=utc_now())
    assert await stored(ada) == [("allow", "a.example", "a friend")]


async def test_the_same_sender_may_have_a_rule_of_an_alias_and_one_of_the_account(ada: Owner) -> None:
    await made(ada, "a.example")
    (found,) = await made(ada, "a.example", verdict="allow", is_of_alias=True)
    assert found.outcome == "made"
    assert [one[0] for one in await stored(ada)] == ["allow", "block"]


async def test_no_more_rules_than_an_account_may_have(ada: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "MAX_RULES", 2)
    found = await made(ada, "a.example", "b.example", "c.example", "a.example")
    assert [one.outcome for one in found] == ["made", "made", "too_many", "there"]
    found = await made(ada, "c.example", "a.example", "b.example", "c.example", verdict="allow")
    assert [one.outcome for one in found] == ["too_many", "turned", "turned", "too_many"]
    assert MAX_RULES == 10_000


async def test_a_thousand_at_once(ada: Owner) -> None:
    found = await made(ada, *(f"s{number}@shop.example" for number in range(bulk.MAX_AT_ONCE)))
    assert {one.outcome for one in found} == {"made"}
    assert len(await stored(ada)) == 200
    with pytest.raises(Invalid):
        await made(ada, *(["a.example"] * (bulk.MAX_AT_ONCE + 1)))


async def test_anothers_alias_is_not_there(ada: Owner, bob: Owner) -> None:
    for alias_id in (bob.alias.alias_id, new_id()):
        async with ada.platform.db.transaction() as conn:
            with pytest.raises(NotFound):
                await bulk.make(ada.platform, conn, ada.actor, ["a.example"], "block", alias_id=alias_id)
    assert await stored(ada) == []
    assert await stored(bob) == []
