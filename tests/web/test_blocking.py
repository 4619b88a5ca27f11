"""Blocking and allowing from a message, the rules' own pages, and how all of it is taken back."""

from uuid import UUID

import httpx
import pytest

from app.core.filing import service as filing
from app.core.rules import finding
from app.core.rules import service as rules
from app.core.rules.model import NewRule, Rule
from app.lib.ids import new_id
from app.lib.times import utc_now
from tests.web.conftest import Browser, MakeOwner, Owner, Page

pytestmark = pytest.mark.anyio


def letter(sender: str = "Bob <bob@news.shop.co.uk>", subject: str = "Hello") -> bytes:
    return f"From: {sender}\r\nSubject: {subject}\r\n\r\nhi\r\n".encode()


async def stored(owner: Owner) -> list[Rule]:
    async with owner.platform.db.connection() as conn:
        return (await finding.containing(conn, owner.actor, "", limit=200)).rules


async def block(owner: Owner, text: str, *, is_of_alias: bool = False, note: str = "") -> Rule:
    new = NewRule(text=text, alias_id=owner.alias.alias_id if is_of_alias else None, note=note)
    async with owner.platform.db.transaction() as conn:
        return (await rules.block(owner.platform, conn, owner.actor, new)).rule


def buttons(page: Page) -> list[str]:
    return [button.get("value", "") for button in page.all("button") if button.get("name") == "verdict"]


async def undo(browser: Browser, shown: Page) -> httpx.Response:
    return await browser.post("/messages/undo", shown.hidden("/messages/undo"))


async def test_one_click_blocks_the_sender_on_the_message_s_alias(signed_in: Browser, ada: Owner) -> None:
    path = f"/messages/{await ada.deliver(letter())}"
    assert buttons(await signed_in.page(path)) == ["block", "block", "allow"]
    answer = await signed_in.send(path, f"{path}/sender", {"verdict": "block"})
    assert answer.status_code == 303
    (rule,) = await stored(ada)
    assert (rule.verdict, rule.text, rule.alias_id) == ("block", "bob@news.shop.co.uk", ada.alias.alias_id)
    page = await signed_in.page(answer.headers["location"])
    assert "1 sender blocked." in page.words
    assert "Blocked by your rule bob@news.shop.co.uk for this alias." in page.words
    assert f"/rules/{rule.rule_id}" in [link["href"] for link in page.all("a")]
    assert buttons(page) == ["block", "allow"]
    undone = await undo(signed_in, page)
    assert "Taken back" in (await signed_in.page(undone.headers["location"])).words
    assert await stored(ada) == []


async def test_the_whole_domain_everywhere_with_its_mail(signed_in: Browser, ada: Owner) -> None:
    other = await ada.deliver(letter("eve@shop.co.uk"))
    path = f"/messages/{await ada.deliver(letter())}"
    form = {"verdict": "block", "kind": "domain", "everywhere": "yes", "also": "trash"}
    page = await signed_in.page((await signed_in.send(path, f"{path}/sender", form)).headers["location"])
    assert "1 sender blocked. 2 messages moved with that." in page.words
    assert "Blocked by your rule shop.co.uk for all your aliases." in page.words
    assert "Trash" in page.words
    assert {line.folder for line in await ada.lines()} == {"trash"}
    await undo(signed_in, page)
    assert {line.folder for line in await ada.lines()} == {"inbox"}
    assert await stored(ada) == []
    assert other in {line.message_id for line in await ada.lines()}


@pytest.mark.parametrize(
    ("sender", "told"),
    [
        ("ada@gmail.com", "this is a mail provider"),
        ("x@bounce.amazonses.com", "sends mail for many others"),
        ("x@github.io", "many owners have domains below"),
        ("x@shop.example", None),
    ],
)
async def test_a_shared_domain_comes_with_a_warning(
    signed_in: Browser, ada: Owner, sender: str, told: str | None
) -> None:
    page = await signed_in.page(f"/messages/{await ada.deliver(letter(sender))}")
    assert ("Careful:" in page.words) == (told is not None)
    assert told is None or told in page.words


async def test_allowing_turns_a_block_around_and_back(signed_in: Browser, ada: Owner) -> None:
    path = f"/messages/{await ada.deliver(letter())}"
    await signed_in.send(path, f"{path}/sender", {"verdict": "block", "note": "why"})
    async with ada.platform.db.transaction() as conn:
        await conn.execute("UPDATE sender_rules SET hit_count = 7, last_hit_on = '2026-01-01'")
    (rule,) = await stored(ada)
    page = await signed_in.page(
        (await signed_in.send(path, f"{path}/sender", {"verdict": "allow"})).headers["location"]
    )
    assert "1 sender allowed." in page.words
    assert [rule.verdict for rule in await stored(ada)] == ["allow"]
    again = await signed_in.send(path, f"{path}/sender", {"verdict": "allow"})
    assert "nothing was changed" in (await signed_in.page(again.headers["location"])).words
    await undo(signed_in, page)
    assert await stored(ada) == [rule]


async def test_unblocking_where_the_message_is_read(signed_in: Browser, ada: Owner) -> None:
    path = f"/messages/{await ada.deliver(letter())}"
    rule = await block(ada, "shop.co.uk")
    answer = await signed_in.send(path, f"/rules/{rule.rule_id}/delete")
    assert answer.headers["location"].startswith(path)
    page = await signed_in.page(answer.headers["location"])
    assert "The rule is deleted." in page.words
    assert "Blocked by your rule" not in page.words
    await undo(signed_in, page)
    assert await stored(ada) == [rule]


async def test_where_nobody_signed_the_envelope_tells_who_it_was(signed_in: Browser, ada: Owner) -> None:
    await ada.deliver(b"Subject: x\r\n\r\nhi\r\n")
    path = f"/messages/{(await ada.newest()).message_id}"
    # The envelope's sender is somebody, too.
    assert "shop@shop.example" in (await signed_in.page(path)).words
    answer = await signed_in.send(path, f"{path}/sender", {"verdict": "burn"})
    assert answer.status_code == 422


async def test_rules_of_a_pasted_list(signed_in: Browser, ada: Owner) -> None:
    form = {"senders": "a@b.example\n\nShop.Example", "verdict": "block", "to": ada.alias.address, "note": "loud"}
    answer = await signed_in.send("/rules", "/rules", form)
    assert answer.status_code == 303
    page = await signed_in.page(answer.headers["location"])
    assert "2 senders blocked." in page.words
    assert "a@b.example" in page.words
    assert "loud" in page.words
    assert {rule.alias_id for rule in await stored(ada)} == {ada.alias.alias_id}
    await undo(signed_in, page)
    assert await stored(ada) == []


async def test_what_was_not_understood_stays_in_the_form(signed_in: Browser, ada: Owner) -> None:
    await block(ada, "there.example")
    form = {"senders": "there.example\na.example\nfoo@bar@baz.example\n<x", "verdict": "allow", "note": "why"}
    answer = await signed_in.send("/rules", "/rules", form)
    assert answer.status_code == 422
    page = Browser.checked(answer)
    assert "Of 4 senders: 2 made, 2 not understood." in page.words
    assert "An address has one @." in page.words
    (area,) = page.all("textarea")
    assert area["aria-invalid"] == "true"
    assert "foo@bar@baz.example\nx</textarea>" in answer.text.replace("&lt;", "")
    assert {rule.text: rule.verdict for rule in await stored(ada)} == {"there.example": "allow", "a.example": "allow"}


async def test_a_thousand_long_senders_are_taken(signed_in: Browser, ada: Owner) -> None:
    domain = ".".join(["d" * 60] * 3)
    senders = "\r\n".join(f"{number:060}@{domain}.example" for number in range(1000))
    answer = await signed_in.send("/rules", "/rules", {"senders": senders, "verdict": "block"})
    assert answer.status_code == 303
    assert "1,000 senders blocked." in (await signed_in.page(answer.headers["location"])).words
    async with ada.platform.db.connection() as conn:
        found = await finding.containing(conn, ada.actor, "", limit=200)
    assert (len(found.rules), found.older is not None) == (200, True)


async def test_a_long_list_with_faults_says_what_the_form_could_not_keep(signed_in: Browser) -> None:
    for name, is_cut in (("&" * 10, False), ("&" * 90, True)):
        senders = "\n".join(f"{name} {number:03}" for number in range(200))
        answer = await signed_in.send("/rules", "/rules", {"senders": senders, "verdict": "block"})
        page = Browser.checked(answer)
        assert "Of 200 senders: 200 not understood." in page.words
        assert "and 150 more." in page.words
        assert ("too long to show all of it again" in page.words) is is_cut
        kept = answer.text.partition("<textarea")[2].partition("</textarea>")[0]
        assert kept.endswith(f"{'&amp;' * len(name)} {kept[-3:]}")
        assert (kept[-3:] == "199") is not is_cut


@pytest.mark.parametrize(
    ("form", "field", "told"),
    [
        ({"senders": "", "verdict": "block"}, "senders", "Write an address"),
        ({"senders": "com", "verdict": "block"}, "senders", "Write an address"),
        ({"senders": "a.example", "verdict": ""}, "verdict", "Choose whether"),
        ({"senders": "a.example", "verdict": "block", "to": "x@restante.test"}, "to", "no alias with this address"),
        ({"senders": "a.example", "verdict": "block", "note": "x" * 501}, "note", "at most 500"),
        ({"senders": "a.example\n" * 1001, "verdict": "block"}, "senders", "these are 1,001"),
    ],
)
async def test_a_bad_rule_is_told_beside_its_field(
    signed_in: Browser, ada: Owner, form: dict[str, str], field: str, told: str
) -> None:
    answer = await signed_in.send("/rules", "/rules", form)
    assert answer.status_code == 422
    page = Browser.checked(answer)
    assert told in page.words
    (wrong,) = [tag for _, tag in page.tags if tag.get("aria-invalid") == "true"]
    assert wrong["id"] == field
    assert await stored(ada) == []


async def test_every_fault_of_the_rules_form_is_told_at_once(signed_in: Browser) -> None:
    form = {"senders": "", "to": "x@restante.test", "note": "x" * 501}
    page = Browser.checked(await signed_in.send("/rules", "/rules", form))
    wrong = {tag["id"] for _, tag in page.tags if tag.get("aria-invalid") == "true"}
    assert wrong == {"senders", "verdict", "to", "note"}


async def test_a_list_that_is_far_too_long_leads_back_to_the_form(signed_in: Browser) -> None:
    answer = await signed_in.send("/rules", "/rules", {"senders": "a.example\n" * 60_000, "verdict": "block"})
    assert answer.status_code == 413
    page = Browser.checked(answer)
    assert "at most 1,000 senders" in page.words
    assert "/rules" in [tag["href"] for tag in page.all("a")]


async def test_the_list_is_searched_and_narrowed(signed_in: Browser, ada: Owner) -> None:
    await block(ada, "shop.example", note="the loud one")
    await block(ada, "news.example", is_of_alias=True)
    for query, there, missing in (
        ("q=LOUD", "shop.example", "news.example"),
        (f"alias={ada.alias.address}", "news.example", "shop.example"),
        ("alias=*", "shop.example", "news.example"),
        ("verdict=block&q=news", "news.example", "shop.example"),
    ):
        page = await signed_in.page(f"/rules?{query}")
        links = {link["href"]: link for link in page.all("a")}
        assert len([href for href in links if href.startswith("/rules/")]) == 1, query
        assert f">{there}<" in (await signed_in.get(f"/rules?{query}")).text
        assert f">{missing}<" not in (await signed_in.get(f"/rules?{query}")).text
    assert "No rule is like that" in (await signed_in.page("/rules?q=nothing")).words
    assert "No rule is like that" in (await signed_in.page("/rules?alias=who@restante.test")).words


async def test_letters_that_look_like_others_are_named(signed_in: Browser, ada: Owner) -> None:
    rule = await block(ada, "p\u0430ypal.com")
    await block(ada, "b\u00fccher.example")
    page = await signed_in.page(f"/rules/{rule.rule_id}")
    assert rule.text == "xn--pypal-4ve.com"
    assert "Look-alike letters: it shows as p\u0430ypal.com" in page.words
    listed = (await signed_in.page("/rules")).words
    assert "Look-alike letters" in listed
    assert "That is b\u00fccher.example" in listed


async def test_anothers_rules_and_messages_are_not_there(signed_in: Browser, ada: Owner, make_owner: MakeOwner) -> None:
    bob = await make_owner("bob")
    rule = await block(bob, "shop.example")
    message_id = await bob.deliver(letter())
    csrf = {"csrf": (await signed_in.page("/rules")).hidden("/rules")["csrf"]}
    for theirs in (rule.rule_id, new_id()):
        await signed_in.page(f"/rules/{theirs}", status=404)
        assert (await signed_in.post(f"/rules/{theirs}/delete", csrf)).status_code == 404
    assert (await signed_in.post(f"/messages/{message_id}/sender", csrf | {"verdict": "block"})).status_code == 404
    assert await stored(bob) == [rule]
    assert await stored(ada) == []


async def test_forms_without_a_token_do_nothing(signed_in: Browser, ada: Owner) -> None:
    rule = await block(ada, "shop.example")
    message_id: UUID = await ada.deliver(letter())
    for path in (f"/messages/{message_id}/sender", "/rules", f"/rules/{rule.rule_id}/delete", "/waiting"):
        assert (await signed_in.post(path, {"verdict": "block", "senders": "b.example"})).status_code == 403, path
    assert await stored(ada) == [rule]


async def test_a_heavy_list_fits_its_page(signed_in: Browser, ada: Owner) -> None:
    for number in range(60):
        await block(ada, f"{'a' * 60}{number:02}@{'b' * 60}.{'c' * 60}.example", note="&" * 500)
    path, count = "/rules", 0
    while path:
        page = await signed_in.page(path)
        count += len([form for form in page.all("form") if form["action"].endswith("/delete")])
        path = next((link["href"] for link in page.all("a") if link.get("rel") == "next"), "")
    assert count == 60


async def test_a_held_message_is_read_as_text_and_decided_about(signed_in: Browser, ada: Owner) -> None:
    raw = b"From: bob@shop.example\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n"
    raw += b"--b\r\n\r\nplain words\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>rich</p><p>words</p>\r\n--b--\r\n"
    message_id = await ada.deliver(raw)
    await filing.apply(ada.platform, ada.actor, "held", [message_id], now=utc_now())
    path = f"/messages/{message_id}"
    page = await signed_in.page(path)
    assert "plain words" in page.words
    assert page.all("iframe") == []
    assert buttons(page)[:2] == ["allow", "block"]
    answer = await signed_in.send(path, f"{path}/sender", {"verdict": "allow"})
    assert "1 sender allowed. 1 message moved with that." in (await signed_in.page(answer.headers["location"])).words
    assert (await ada.newest()).folder == "inbox"
