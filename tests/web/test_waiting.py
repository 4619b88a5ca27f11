"""The waiting room and what was refused: pages, and what can be done there."""

from collections.abc import Sequence
from urllib.parse import quote
from uuid import UUID

import httpx
import pytest

from app.core.aliases import service as aliases
from app.core.aliases.address import Address
from app.core.filing import service as filing
from app.core.policy.model import Reason
from app.core.refusals import service as refusals
from app.core.refusals.model import NewRefusal, RefusalDetails
from app.core.refusals.recorder import Recorder
from app.core.rules import finding
from app.core.rules import service as rules
from app.core.rules.model import NewRule, Rule
from app.lib.ids import new_id
from app.lib.times import utc_now
from tests.web.conftest import Browser, MakeOwner, Owner

pytestmark = pytest.mark.anyio


async def hold(owner: Owner, *senders: str) -> list[UUID]:
    """Messages of these senders, held; oldest first."""
    ids = [
        await owner.deliver(f"From: {one}\r\nSubject: About {n}\r\n\r\nhi\r\n".encode())
        for n, one in enumerate(senders)
    ]
    await filing.apply(owner.platform, owner.actor, "held", ids, now=utc_now())
    return ids


async def refuse(
    owner: Owner, *senders: str, reason: Reason = "sender_blocked", code: int = 550, envelope: str = ""
) -> list[UUID]:
    """Refusals of mail of these senders; the ids of all there are, newest first."""
    recorder = Recorder(owner.platform.db)
    for sender in senders:
        new = NewRefusal(
            account_id=owner.actor.account_id,
            alias_id=owner.alias.alias_id,
            public_key=owner.actor.keyring.public_bytes(),
            code=code,
            reason=reason,
            details=RefusalDetails(envelope, (sender,) if sender else (), owner.alias.address),
        )
        await recorder.record([new])
    await recorder.close()
    async with owner.platform.db.connection() as conn:
        found = await refusals.page(conn, owner.actor, alias_id=None, before=None, limit=200)
    return [one.refusal_id for one in found]


async def stored(owner: Owner) -> list[tuple[str, str, UUID | None]]:
    async with owner.platform.db.connection() as conn:
        found: Sequence[Rule] = (await finding.containing(conn, owner.actor, "", limit=200)).rules
    return [(rule.verdict, rule.text, rule.alias_id) for rule in found]


async def folder(owner: Owner, message_id: UUID) -> str:
    async with owner.platform.db.connection() as conn:
        cursor = await conn.execute("SELECT folder FROM messages WHERE message_id = %s", (message_id,))
        row = await cursor.fetchone()
    assert row is not None
    return str(row[0])


async def press(browser: Browser, button: str, value: str, *ticked: UUID) -> httpx.Response:
    hidden = (await browser.page("/waiting")).hidden("/waiting")
    body = {**hidden, button: value, "id": [str(one) for one in ticked]}
    return await browser.client.post("/waiting", data=body)


async def test_the_waiting_room_is_named_only_while_somebody_waits(signed_in: Browser, ada: Owner) -> None:
    assert "/waiting" not in [link["href"] for link in (await signed_in.page("/inbox")).all("a")]
    assert "Nobody waits" in (await signed_in.page("/waiting")).words
    await hold(ada, "bob@shop.example")
    inbox = await signed_in.page("/inbox")
    assert "/waiting" in [link["href"] for link in inbox.all("a")]
    assert "Waiting room 1 waiting" in inbox.words
    assert "About 0" not in inbox.words


async def test_senders_stand_together(signed_in: Browser, ada: Owner) -> None:
    await hold(ada, "Bob <bob@shop.example>", "eve@other.example", "BOB@shop.example")
    page = await signed_in.page("/waiting")
    assert len([box for box in page.all("input") if box.get("name") == "id"]) == 2
    assert all(f"About {number}" in page.words for number in range(3))


@pytest.mark.parametrize(
    ("button", "told", "there", "made"),
    [
        ("release", "2 messages let into the inbox.", "inbox", []),
        ("allow", "1 sender allowed. 2 messages moved with that.", "inbox", ["allow"]),
        ("block", "1 sender blocked. 2 messages moved with that.", "trash", ["block"]),
    ],
)
async def test_one_click_decides_about_a_sender_and_undo_takes_it_back(
    signed_in: Browser, ada: Owner, button: str, told: str, there: str, made: list[str]
) -> None:
    first, other, newest = await hold(ada, "bob@shop.example", "eve@other.example", "bob@shop.example")
    answer = await press(signed_in, button, str(newest))
    assert answer.status_code == 303
    page = await signed_in.page(answer.headers["location"])
    assert told in page.words
    assert [await folder(ada, one) for one in (first, other, newest)] == [there, "held", there]
    assert await stored(ada) == [(verdict, "bob@shop.example", ada.alias.alias_id) for verdict in made]
    undone = await signed_in.post("/messages/undo", page.hidden("/messages/undo"))
    assert undone.headers["location"].startswith("/waiting?done=")
    assert [await folder(ada, one) for one in (first, other, newest)] == ["held"] * 3
    assert await stored(ada) == []


async def test_all_that_are_ticked(signed_in: Browser, ada: Owner) -> None:
    ids = await hold(ada, "bob@shop.example", "eve@other.example", "mal@bad.example")
    page = await signed_in.page((await press(signed_in, "do", "block", *ids[1:])).headers["location"])
    assert "2 senders blocked. 2 messages moved with that." in page.words
    assert [await folder(ada, one) for one in ids] == ["held", "trash", "trash"]
    for verb in ("allow", "release", "block"):
        nothing = await press(signed_in, "do", verb)
        assert (
            "Nothing was changed. Tick the senders first" in (await signed_in.page(nothing.headers["location"])).words
        )
    assert (await press(signed_in, "do", "burn", ids[0])).status_code == 422
    assert (await press(signed_in, "block", str(ids[1]))).status_code == 404


async def test_many_wait_on_several_pages(signed_in: Browser, ada: Owner) -> None:
    await hold(ada, *(f'"{"&" * 300}" <{"a" * 60}{n}@{"b" * 60}.example>' for n in range(45)))
    path, seen = "/waiting", 0
    while path:
        page = await signed_in.page(path)
        seen += len([box for box in page.all("input") if box.get("name") == "id"])
        path = next((link["href"] for link in page.all("a") if link.get("rel") == "next"), "")
    assert seen == 45


async def test_another_s_waiting_room_is_closed(signed_in: Browser, make_owner: MakeOwner) -> None:
    bob = await make_owner("bob")
    (message_id,) = await hold(bob, "eve@shop.example")
    csrf = {"csrf": (await signed_in.page("/inbox")).hidden("/logout")["csrf"]}
    for button in ("release", "allow", "block"):
        assert (await signed_in.post("/waiting", csrf | {button: str(message_id)})).status_code == 404
    assert await folder(bob, message_id) == "held"


async def test_a_refusal_says_why_and_leads_to_the_rule(signed_in: Browser, ada: Owner) -> None:
    async with ada.platform.db.transaction() as conn:
        made = await rules.block(ada.platform, conn, ada.actor, NewRule(text="shop.example"))
    (refusal_id,) = await refuse(ada, "bob@shop.example", envelope="bounce@list.example")
    page = await signed_in.page("/refusals")
    for words in (
        "bob@shop.example",
        "You have blocked this sender.",
        "The sender was told, and gets the mail back.",
        "SMTP 550",
        "handed in by bounce@list.example",
        "By your rule shop.example for all your aliases.",
    ):
        assert words in page.words, words
    allowed = await signed_in.send("/refusals", f"/refusals/{refusal_id}/allow")
    after = await signed_in.page(allowed.headers["location"])
    assert "1 sender allowed." in after.words
    assert "Allowed now, by your rule bob@shop.example" in after.words
    assert (await stored(ada))[0] == ("allow", "bob@shop.example", ada.alias.alias_id)
    await signed_in.post("/messages/undo", after.hidden("/messages/undo"))
    deleted = await signed_in.send("/refusals", f"/rules/{made.rule.rule_id}/delete")
    assert deleted.headers["location"].startswith("/refusals?done=deleted")
    assert await stored(ada) == []


@pytest.mark.parametrize(
    ("reason", "code", "told"),
    [
        ("alias_disabled", 550, ("The alias is switched off.", "gets the mail back", "Switch the alias on")),
        ("alias_disabled", 250, ("The alias is switched off.", "the mail was taken and dropped")),
        ("alias_disabled", 421, ("was asked to try again later",)),
        ("alias_expired", 550, ("The alias has expired.", "Look at the alias")),
        ("alias_limit", 550, ("The alias has had all the messages it takes.",)),
        ("alias_idle", 550, ("had not been used for too long.",)),
        ("over_quota", 452, ("Your mailbox was full.", "SMTP 452", "Make room")),
        ("domain_paused", 450, ("The alias's domain is paused.", "Look at the domain")),
        ("sender_blocked", 250, ("taken for others, your copy was dropped",)),
    ],
)
async def test_every_reason_in_words(
    signed_in: Browser, ada: Owner, reason: Reason, code: int, told: Sequence[str]
) -> None:
    await refuse(ada, "bob@shop.example", reason=reason, code=code)
    page = await signed_in.page("/refusals")
    for words in told:
        assert words in page.words


async def test_a_switched_off_alias_is_switched_on_from_its_refusal(signed_in: Browser, ada: Owner) -> None:
    alias_id = ada.alias.alias_id
    off = {"one": f"off:{alias_id}"}
    await signed_in.send("/aliases", "/aliases/actions", off)
    await refuse(ada, "bob@shop.example", reason="alias_disabled")
    answer = await signed_in.send("/refusals", "/aliases/actions", {"one": f"on:{alias_id}"})
    assert answer.headers["location"].startswith(f"/aliases/{alias_id}?")
    page = await signed_in.page(answer.headers["location"])
    assert "1 alias switched on." in page.words
    again = await signed_in.send("/refusals", "/aliases/actions", {"one": f"on:{alias_id}"})
    assert "Nothing was changed: it is so already." in (await signed_in.page(again.headers["location"])).words
    await signed_in.post("/aliases/undo", page.hidden("/aliases/undo"))
    assert "Switch on" in (await signed_in.page(f"/aliases/{alias_id}")).words


async def test_pages_of_refusals_keep_an_odd_name_of_an_alias(signed_in: Browser, ada: Owner) -> None:
    async with ada.platform.db.transaction() as conn:
        await aliases.claim_unattended(
            conn,
            ada.actor.account_id,
            Address("a&b%3d", "restante.test"),
            alias_id := new_id(),
            reason="service",
            now=utc_now(),
        )
        odd = await aliases.get(conn, ada.actor.account_id, ada.actor.keyring, alias_id)
    await refuse(Owner(ada.platform, ada.actor, odd), *(f"{number}@{'a' * 60}.example" for number in range(60)))
    path, count = f"/refusals?alias={quote(odd.address)}", 0
    while path:
        page = await signed_in.page(path)
        count += page.words.count("You have blocked this sender.")
        path = next((link["href"] for link in page.all("a") if link.get("rel") == "next"), "")
    assert count == 60


async def test_refusals_of_one_alias_and_those_of_nobody(signed_in: Browser, ada: Owner, make_owner: MakeOwner) -> None:
    bob = await make_owner("bob")
    (theirs,) = await refuse(bob, "secret@shop.example")
    await refuse(ada, "", "bob@shop.example")
    page = await signed_in.page(f"/refusals?alias={ada.alias.address}")
    assert "A bounce, of no sender" in page.words
    assert "bob@shop.example" in page.words
    for other in (bob.alias.address, "nobody@restante.test", "no address"):
        assert "Nothing was refused to this alias" in (await signed_in.page(f"/refusals?alias={other}")).words
    csrf = {"csrf": page.hidden("/logout")["csrf"]}
    for refusal_id in (theirs, new_id()):
        assert (await signed_in.post(f"/refusals/{refusal_id}/allow", csrf)).status_code == 404
    assert await stored(bob) == []


async def test_a_flood_is_counted_and_fits_its_pages(signed_in: Browser, ada: Owner) -> None:
    await refuse(ada, *(f"{'a' * 60}{number}@{'&' * 60}.example" for number in range(130)))
    path, words = "/refusals", ""
    while path:
        page = await signed_in.page(path)
        words += page.words
        path = next((link["href"] for link in page.all("a") if link.get("rel") == "next"), "")
    assert "30 more that day" in words
    assert f"{'a' * 60}99@" in words
    assert f"{'a' * 60}100@" not in words
