"""Rules found by their words, and those that decide about a sender."""

from uuid import UUID

import pytest

from app.core.rules import bulk, finding
from app.core.rules import service as rules
from app.core.rules.finding import Asked
from app.core.rules.model import NewRule, Rule, Scope, Verdict
from tests.core.conftest import Owner

pytestmark = pytest.mark.anyio


async def make(
    owner: Owner, text: str, verdict: Verdict = "block", alias_id: UUID | None = None, note: str = ""
) -> Rule:
    verb = rules.block if verdict == "block" else rules.allow
    async with owner.platform.db.transaction() as conn:
        made = await verb(owner.platform, conn, owner.actor, NewRule(text=text, alias_id=alias_id, note=note))
    return made.rule


async def found(owner: Owner, text: str, *, scope: Scope = None, verdict: Verdict | None = None) -> list[str]:
    async with owner.platform.db.connection() as conn:
        page = await finding.containing(conn, owner.actor, text, scope=scope, verdict=verdict, limit=50)
    assert page.older is None
    return [rule.text for rule in page.rules]


async def deciding(owner: Owner, *senders: str, alias_id: UUID | None = None) -> Rule | None:
    asked = Asked(alias_id=alias_id or owner.alias.alias_id, senders=senders)
    async with owner.platform.db.connection() as conn:
        (rule,) = await finding.deciding(owner.platform, conn, owner.actor, [asked])
    return rule


async def test_rules_are_found_by_what_stands_in_them(ada: Owner) -> None:
    await make(ada, "bob@shop.example", note="Too LOUD")
    await make(ada, "bücher.example", "allow")
    await make(ada, "shop.example", alias_id=ada.alias.alias_id)
    assert await found(ada, "") == ["shop.example", "xn--bcher-kva.example", "bob@shop.example"]
    assert await found(ada, " SHOP.ex") == ["shop.example", "bob@shop.example"]
    assert await found(ada, "loud") == ["bob@shop.example"]
    assert await found(ada, "Bücher") == ["xn--bcher-kva.example"]
    assert await found(ada, "shop", scope="account") == ["bob@shop.example"]
    assert await found(ada, "", verdict="allow") == ["xn--bcher-kva.example"]
    assert await found(ada, "nobody") == []


async def test_pages_of_what_was_found(ada: Owner) -> None:
    async with ada.platform.db.transaction() as conn:
        texts = [f"{'rare' if number % 100 == 0 else 's'}{number}@shop.example" for number in range(900)]
        await bulk.make(ada.platform, conn, ada.actor, texts, "block", alias_id=None)
    seen: list[str] = []
    before = None
    async with ada.platform.db.connection() as conn:
        while True:
            page = await finding.containing(conn, ada.actor, "rare", before=before, limit=4)
            seen += [rule.text for rule in page.rules]
            before = page.older
            if before is None:
                break
    assert seen == [f"rare{number}@shop.example" for number in range(800, -1, -100)]


async def test_the_most_specific_rule_decides(ada: Owner) -> None:
    assert await deciding(ada, "bob@mail.shop.example") is None
    of_domain = await make(ada, "shop.example")
    assert await deciding(ada, "Bob@Mail.Shop.example") == of_domain
    of_address = await make(ada, "bob@mail.shop.example", "allow")
    assert await deciding(ada, "bob@mail.shop.example") == of_address
    assert await deciding(ada, "eve@mail.shop.example") == of_domain
    of_alias = await make(ada, "bob@mail.shop.example", alias_id=ada.alias.alias_id)
    assert await deciding(ada, "bob@mail.shop.example") == of_alias
    assert await deciding(ada, "bob@mail.shop.example", alias_id=ada.account.account_id) == of_address


async def test_a_block_of_any_sender_decides(ada: Owner) -> None:
    allowed = await make(ada, "a.example", "allow")
    blocked = await make(ada, "b.example")
    assert await deciding(ada, "x@a.example", "y@b.example") == blocked
    assert await deciding(ada, "x@a.example", "y@c.example") == allowed
    assert await deciding(ada, "") is None


async def test_anothers_rules_decide_nothing(ada: Owner, bob: Owner) -> None:
    await make(bob, "shop.example")
    assert await deciding(ada, "x@shop.example") is None
    assert await found(ada, "shop") == []
