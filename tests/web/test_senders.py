from datetime import date, timedelta

import pytest

from app.core.aliases import service as aliases
from app.core.aliases.model import Alias, NewAlias
from app.core.messages.store import Committer
from app.core.senders import service
from app.core.senders.model import Week
from app.lib.times import utc_now
from app.web.charts import HEIGHT, WIDTH, of_weeks
from tests import mail
from tests.web.conftest import Browser, MakeOwner, Owner

pytestmark = pytest.mark.anyio


@pytest.fixture
async def shop(ada: Owner) -> Alias:
    """An alias for shop.test that is a year old: whoever writes on the first day belongs to signing up."""
    async with ada.platform.db.transaction() as conn:
        new = NewAlias(local_part="shop", site="shop.test")
        made = utc_now() - timedelta(days=365)
        return await aliases.create(conn, ada.actor.account_id, ada.actor.keyring, new, now=made)


async def write(owner: Owner, alias: Alias, name: str, address: str, count: int = 1) -> None:
    raw = f"From: {name} <{address}>\r\nSubject: Hello\r\n\r\nText.\r\n".encode()
    committer = Committer(owner.platform.db, shard=0)
    for _ in range(count):
        await mail.deliver(committer, owner.platform, raw, alias.address, sender=address)


async def test_everybody_who_writes_and_the_year(signed_in: Browser, ada: Owner, shop: Alias) -> None:
    path = f"/aliases/{shop.alias_id}/senders"
    assert "Nobody has written yet" in (await signed_in.page(path)).words
    await write(ada, shop, '"The <Shop>"', "news@shop.test", 3)
    page = await signed_in.page(path)
    assert "The <Shop> news@shop.test" in page.words
    assert "3 messages of shop.test" in page.words
    assert "3 messages in all" in page.words
    (picture,) = [tag for name, tag in page.tags if name == "svg" and tag.get("role") == "img"]
    assert "at most 3" in picture["aria-label"]
    assert [tag for name, tag in page.tags if name == "table"]
    assert not [tag for name, tag in page.tags if "style" in tag]
    assert "may have leaked" not in page.words


async def test_a_stranger_is_told_and_called_fine(signed_in: Browser, ada: Owner, shop: Alias) -> None:
    await write(ada, shop, "Shop", "news@shop.test", 2)
    await write(ada, shop, "Pills", "x@mail.pills.example")
    path = f"/aliases/{shop.alias_id}/senders"
    page = await signed_in.page(path)
    assert "This address may have leaked from shop.test" in page.words
    told = " ".join(page.words.split())
    assert "nothing ties it to those who wrote before: shop.test (2 messages since" in told
    overview = await signed_in.page("/leaks")
    assert shop.address in overview.words
    message = await signed_in.page(f"/messages/{(await ada.newest()).message_id}")
    assert "This address may have leaked from shop.test" in message.words
    action = next(
        tag["action"]
        for name, tag in page.tags
        if name == "form" and tag.get("action", "").startswith(path) and tag["action"] != path
    )
    answer = await signed_in.send(path, action, {"action": "expect"})
    assert answer.status_code == 303
    page = await signed_in.page(answer.headers["location"])
    assert "may write to this alias" in page.words
    assert "may have leaked" not in page.words
    assert "No sign of a leak" in (await signed_in.page("/leaks")).words
    await signed_in.send(path, action, {"action": "unexpect"})
    assert "may have leaked" in (await signed_in.page(path)).words


async def test_the_strangers_domain_is_blocked_in_one_click_and_undone(
    signed_in: Browser, ada: Owner, shop: Alias
) -> None:
    await write(ada, shop, "Pills", "x@pills.example")
    path = f"/aliases/{shop.alias_id}/senders"
    page = await signed_in.page(path)
    action = next(tag["action"] for name, tag in page.tags if name == "form" and path in tag.get("action", ""))
    answer = await signed_in.send(path, action, {"action": "block_domain", "back": path})
    page = await signed_in.page(answer.headers["location"])
    assert "1 sender blocked." in page.words
    assert "x@pills.example Blocked" in page.words
    await signed_in.send(answer.headers["location"], "/messages/undo")
    assert "x@pills.example Blocked" not in (await signed_in.page(path)).words
    await signed_in.send(path, action, {"action": "allow"})
    assert "x@pills.example Allowed" in (await signed_in.page(path)).words


async def test_pages_of_senders_follow_each_other(signed_in: Browser, ada: Owner, shop: Alias) -> None:
    for number in range(60):
        await write(ada, shop, "N" * 100, f"sender-{number:02}@{'long' * 10}.shop.test")
    for sort in ("recent", "first", "most"):
        path, seen = f"/aliases/{shop.alias_id}/senders?sort={sort}", set[str]()
        while path:
            page = await signed_in.page(path)
            seen |= {word for word in page.words.split() if word.startswith("sender-")}
            path = next((tag["href"] for name, tag in page.tags if name == "a" and tag.get("rel") == "next"), "")
        assert len(seen) == 60


@pytest.mark.parametrize("is_opened_before", [True, False])
async def test_one_damaged_sender_hides_nobody_else(
    signed_in: Browser, ada: Owner, shop: Alias, is_opened_before: bool
) -> None:
    await write(ada, shop, "Shop", "news@shop.test", 2)
    await write(ada, shop, "Pills", "x@pills.example")
    await write(ada, shop, "Casino", "x@casino.example")
    path = f"/aliases/{shop.alias_id}/senders"
    if is_opened_before:
        await signed_in.page(path)
    page = await signed_in.page("/leaks")
    assert "1 more stranger" in page.words
    async with ada.platform.db.transaction() as conn:
        await conn.execute(
            """UPDATE alias_senders SET details = set_byte(details, 20, (get_byte(details, 20) + 1) % 256)
               WHERE message_id = (SELECT message_id FROM alias_senders ORDER BY message_id DESC LIMIT 1)"""
        )
    page = await signed_in.page(path)
    assert "1 sender here cannot be read" in page.words
    assert "A sender that cannot be read 1 message, on" in " ".join(page.words.split())
    assert "x@pills.example" in page.words
    assert "casino" not in page.words
    assert "may have leaked from shop.test" in page.words
    leaks = await signed_in.page("/leaks")
    assert "1 sender cannot be read" in leaks.words
    assert "pills.example" in leaks.words
    async with ada.platform.db.connection() as conn:
        found = await service.page(conn, ada.actor, shop, limit=9)
    (damaged,) = [one for one in found if not one.is_readable]
    for action in ("block", "block_domain", "allow"):
        form = page.hidden("/logout") | {"action": action}
        answer = await signed_in.post(f"{path}/{damaged.sender_id}", form)
        assert answer.status_code == 422
        assert "there is nobody to make a rule about" in Browser.checked(answer).words


@pytest.mark.parametrize("form", [{}, {"action": "unknown"}])
async def test_a_bad_action_is_told(signed_in: Browser, ada: Owner, shop: Alias, form: dict[str, str]) -> None:
    await write(ada, shop, "Pills", "x@pills.example")
    path = f"/aliases/{shop.alias_id}/senders"
    page = await signed_in.page(path)
    action = next(tag["action"] for name, tag in page.tags if name == "form" and path in tag.get("action", ""))
    hidden = {"csrf": page.hidden(action)["csrf"]}
    assert (await signed_in.post(action, hidden | form)).status_code == 422


async def test_others_aliases_are_not_there(signed_in: Browser, make_owner: MakeOwner) -> None:
    bob = await make_owner("bob")
    await write(bob, bob.alias, "Shop", "news@shop.test")
    assert (await signed_in.get(f"/aliases/{bob.alias.alias_id}/senders")).status_code == 404
    assert bob.alias.address not in (await signed_in.page("/leaks")).words


def test_a_chart_has_a_bar_for_every_week_with_mail() -> None:
    first = date(2025, 11, 24)
    counts = [0] * 40 + [1, 1000] + [0] * 10 + [500]
    weeks = [Week(monday=first + timedelta(weeks=at), message_count=count) for at, count in enumerate(counts)]
    chart = of_weeks(weeks)
    assert [bar.height for bar in chart.bars] == [3, HEIGHT, HEIGHT / 2]
    assert all(bar.y + bar.height == HEIGHT and bar.x + bar.width <= WIDTH for bar in chart.bars)
    assert [label.text for label in chart.labels] == ["Jan", "Mar", "May", "Jul", "Sep", "Nov"]
    assert of_weeks([]).bars == of_weeks([Week(monday=first, message_count=0)]).bars == ()
