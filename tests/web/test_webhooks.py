"""The pages of webhooks: made, their secret shown once, tested, paused, changed, deleted; their log, and replays."""

import asyncio
import re
from datetime import timedelta
from uuid import UUID

import pytest
from standardwebhooks.webhooks import Webhook as Verifier

from app.core.events import service as events
from app.core.webhooks import service as webhooks
from app.core.webhooks.model import Attempt, NewWebhook, Webhook
from app.core.webhooks.sending import turn
from app.lib.ids import new_id
from app.lib.outbound import Fault
from app.lib.times import utc_now
from app.web import endpoints
from tests.receiver import receiving
from tests.web.conftest import Browser, MakeOwner, Owner, Page

pytestmark = pytest.mark.anyio
FORM = {"url": "http://127.0.0.1:9000/hook", "event_types": "domain.verified", "content": "thin"}


def shown_secret(page: Page) -> str:
    (field,) = [tag for tag in page.all("input") if tag.get("id") == "made-secret"]
    assert "readonly" in field
    return field["value"]


async def the_one(owner: Owner) -> Webhook:
    async with owner.platform.db.connection() as conn:
        (found,) = await webhooks.listed(owner.platform, conn, owner.actor)
    return found


async def make(browser: Browser, owner: Owner, **form: str) -> tuple[Webhook, str]:
    """A webhook made on the page, and its path."""
    answer = await browser.send("/webhooks", "/webhooks", FORM | form)
    assert answer.status_code == 200
    made = await the_one(owner)
    assert shown_secret(Browser.checked(answer)) == made.secrets[0].secret
    return made, f"/webhooks/{made.webhook_id}"


async def tell(owner: Owner, count: int = 1) -> None:
    async with owner.platform.db.transaction() as conn:
        for number in range(count):
            await events.tell(
                conn, owner.actor.account_id, "domain.verified", {"domain": f"{number}.test"}, now=utc_now()
            )


async def work(owner: Owner, *, after: float = 0) -> None:
    """What a worker would do by then."""
    now = utc_now() + timedelta(seconds=after)
    for held in await turn.claim(owner.platform, now=now, limit=10):
        await turn.serve(owner.platform, held, asyncio.Event(), clock=lambda: now)


def test_everything_has_words() -> None:
    assert set(endpoints.EVENTS) == {*webhooks.SELECTABLE, "webhook.test"}
    faults: tuple[Fault, ...] = (
        "dns",
        "refused_address",
        "connect",
        "tls",
        "timeout",
        "too_slow",
        "reset",
        "bad_answer",
    )
    for fault in (*faults, "unreadable"):
        assert endpoints.attempt_words(attempt(error=fault)) != fault.replace("_", " ").capitalize()
    assert endpoints.attempt_words(attempt(error="new_code")) == "New code"


def attempt(status: int | None = None, error: str | None = None) -> Attempt:
    return Attempt(attempt_id=new_id(), status=status, error=error, milliseconds=1, answer=None)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (200, "Taken, with 200 (OK)"),
        (299, "Taken, with 299"),
        (500, "It answered 500 (Internal Server Error)"),
        (999, "It answered 999"),
    ],
)
def test_statuses_have_words(status: int, words: str) -> None:
    assert endpoints.attempt_words(attempt(status)) == words
    assert "redirects are not followed" in endpoints.attempt_words(attempt(302))


def test_answers_cannot_change_the_page_around_them() -> None:
    assert endpoints.answer_text(b"a\nb\tc\x1b[2J\xe2\x80\xae\xff\x00") == "a\nb\tc\ufffd[2J\ufffd\ufffd\ufffd"


async def test_a_webhook_is_made_and_its_secret_shown_once(signed_in: Browser, ada: Owner) -> None:
    made, path = await make(
        signed_in, ada, description="The <b>CI</b>", alias=ada.alias.address, content="full", event_types="message.held"
    )
    assert (made.url, made.content, made.alias_id) == (FORM["url"], "full", ada.alias.alias_id)
    assert made.event_types == ("message.held",)
    for page in (await signed_in.page("/webhooks"), await signed_in.page(path)):
        assert "The <b>CI</b>" in page.words
        assert "whsec_" not in page.words
        assert "made-secret" not in [tag.get("id") for tag in page.all("input")]


@pytest.mark.parametrize(
    ("form", "fault", "field"),
    [
        ({"url": "ftp://a.test/"}, "This should be an address", "url"),
        ({"url": "https://user:secret@a.test/"}, "no user name", "url"),
        ({"url": ""}, "This should be an address", "url"),
        ({"event_types": "all"}, "Choose at least one", "event_types"),
        ({"alias": "nobody@restante.test"}, "You have no such alias", "alias"),
        ({"description": "x" * 201}, "at most 200", "description"),
    ],
)
async def test_a_bad_form_is_shown_again(
    signed_in: Browser, ada: Owner, form: dict[str, str], fault: str, field: str
) -> None:
    answer = await signed_in.send("/webhooks", "/webhooks", FORM | {"description": "kept"} | form)
    page = Browser.checked(answer)
    assert (answer.status_code, fault in page.words) == (422, True)
    assert [tag for tag in page.all("a") if tag["href"] == f"#{field}"]
    assert any(tag.get("id") == field for _, tag in page.tags)
    async with ada.platform.db.connection() as conn:
        assert await webhooks.listed(ada.platform, conn, ada.actor) == []


async def test_it_is_changed_paused_switched_on_and_deleted(signed_in: Browser, ada: Owner) -> None:
    _, path = await make(signed_in, ada, description="Before")
    changed = FORM | {"url": "http://127.0.0.1:9000/new", "description": "After", "event_types": "quota.warning"}
    answer = await signed_in.send(path, path, changed)
    assert answer.headers["location"] == f"{path}?done=saved"
    assert "Saved." in (await signed_in.page(answer.headers["location"])).words
    found = await the_one(ada)
    assert (found.url, found.description, found.event_types) == (changed["url"], "After", ("quota.warning",))
    answer = await signed_in.send(path, path, FORM | {"url": "nonsense"})
    assert answer.status_code == 422
    assert any(tag.get("value") == "nonsense" for tag in Browser.checked(answer).all("input"))
    for to, words in (("off", "Paused."), ("on", "Switched on.")):
        answer = await signed_in.send(path, f"{path}/switch", {"to": to})
        assert words in (await signed_in.page(answer.headers["location"])).words
        assert (await the_one(ada)).is_enabled is (to == "on")
    answer = await signed_in.send(path, f"{path}/delete")
    assert answer.status_code == 422
    assert "Tick that you want this" in Browser.checked(answer).words
    answer = await signed_in.send(path, f"{path}/delete", {"is_sure": "yes"})
    assert "deleted" in (await signed_in.page(answer.headers["location"])).words
    await signed_in.page(path, 404)


async def test_a_test_is_sent_and_the_log_tells_of_it(signed_in: Browser, ada: Owner) -> None:
    async with receiving() as receiver:
        made, path = await make(signed_in, ada, url=receiver.url)
        receiver.answer = b"<script>alert(1)</script>" + b'"' * 600
        answer = await signed_in.send(path, f"{path}/test")
        assert "A test is on its way" in (await signed_in.page(answer.headers["location"])).words
        await work(ada)
        (request,) = receiver.requests
        assert Verifier(made.secrets[0].secret).verify(request.body, request.headers)["type"] == "webhook.test"
    log = await signed_in.page(f"{path}/deliveries")
    assert "A test" in log.words
    assert "Delivered" in log.words
    one = await signed_in.page(f"{path}/deliveries/{request.event_id}")
    assert "Taken, with 200 (OK)" in one.words
    assert "<script>alert(1)</script>" in one.words
    assert "script" not in [tag for tag, _ in one.tags]


async def test_a_new_secret_signs_beside_the_old_one(signed_in: Browser, ada: Owner) -> None:
    async with receiving() as receiver:
        made, path = await make(signed_in, ada, url=receiver.url)
        answer = await signed_in.send(path, f"{path}/rotate")
        new = shown_secret(Browser.checked(answer))
        assert new != made.secrets[0].secret
        assert "the one before signs as well until" in (await signed_in.page(path)).words
        await tell(ada)
        await work(ada)
        for secret in (new, made.secrets[0].secret):
            assert Verifier(secret).verify(receiver.requests[0].body, receiver.requests[0].headers)


async def test_the_log_is_narrowed_turned_and_told_again(signed_in: Browser, ada: Owner) -> None:
    async with receiving() as receiver:
        _, path = await make(signed_in, ada, url=receiver.url)
        await tell(ada, 60)
        await work(ada)
        log = await signed_in.page(f"{path}/deliveries?state=delivered&type=domain.verified")
        links = [tag["href"] for tag in log.all("a") if re.search(r"/deliveries/[0-9a-f-]{36}$", tag["href"])]
        assert len(links) == 50
        (older,) = [tag["href"] for tag in log.all("a") if tag.get("rel") == "next"]
        assert "state=delivered" in older
        second = await signed_in.page(older)
        assert len([tag for tag in second.all("a") if re.search(r"/deliveries/[0-9a-f-]{36}$", tag["href"])]) == 10
        assert "Nothing here" in (await signed_in.page(f"{path}/deliveries?state=failed")).words
        answer = await signed_in.send(links[0], f"{links[0]}/replay")
        assert "being sent again, under the same id" in (await signed_in.page(answer.headers["location"])).words
        now = utc_now()
        span = {
            "from": f"{now - timedelta(hours=1):%Y-%m-%dT%H:%M}",
            "to": f"{now + timedelta(hours=1):%Y-%m-%d %H:%M}",
        }
        answer = await signed_in.send(f"{path}/deliveries", f"{path}/replay", span | {"states": "sent"})
        assert "59 events being sent again." in (await signed_in.page(answer.headers["location"])).words
        await work(ada, after=1)
        assert len(receiver.requests) == 120
        assert len(set(receiver.accepted)) == 60
        answer = await signed_in.send(f"{path}/deliveries", f"{path}/replay", span | {"to": "tomorrow"})
        assert answer.status_code == 422
        assert "Give a day and a time" in Browser.checked(answer).words


async def test_trouble_is_told_everywhere(signed_in: Browser, ada: Owner) -> None:
    async with receiving() as receiver:
        _, path = await make(signed_in, ada, url=receiver.url)
        await tell(ada, 2)
        receiver.judge = lambda _: 500
        await work(ada)
        assert "2 attempts in a row went wrong" in (await signed_in.page(path)).words
        assert "Failing" in (await signed_in.page("/webhooks")).words
        assert "switched off" not in (await signed_in.page("/inbox")).words
        receiver.judge = lambda _: 410
        await work(ada, after=10)
    for where in ("/inbox", "/webhooks", path, "/settings"):
        assert "A webhook of yours was switched off" in (await signed_in.page(where)).words
    assert "it is gone for good" in (await signed_in.page(path)).words
    answer = await signed_in.send(path, f"{path}/switch", {"to": "on"})
    assert "A webhook of yours" not in (await signed_in.page(answer.headers["location"])).words


async def test_what_was_missed_is_sent_when_asked_for(signed_in: Browser, ada: Owner) -> None:
    async with receiving() as receiver:
        _, path = await make(signed_in, ada, url=receiver.url, event_types="message.received")
        await signed_in.send(path, f"{path}/switch", {"to": "off"})
        await ada.deliver(b"From: shop@shop.example\r\nSubject: Missed\r\n\r\nWords\r\n")
        await signed_in.send(path, f"{path}/switch", {"to": "on"})
        await work(ada)
        assert receiver.requests == []
        now = utc_now()
        span = {"from": (now - timedelta(hours=1)).isoformat(), "to": (now + timedelta(hours=1)).isoformat()}
        for states, count in (("failed", 0), ("missed", 1)):
            form = span | {"states": states}
            answer = await signed_in.send(f"{path}/deliveries", f"{path}/replay", form)
            assert f"{count} event" in (await signed_in.page(answer.headers["location"])).words
        await work(ada, after=1)
        assert [one.event["data"]["subject"] for one in receiver.requests] == ["Missed"]


async def test_one_that_is_damaged_hides_no_other_and_can_be_deleted(signed_in: Browser, ada: Owner) -> None:
    broken, path = await make(signed_in, ada, description="Broken")
    async with ada.platform.db.transaction() as conn:
        await conn.execute("UPDATE webhooks SET details = 'x' WHERE webhook_id = %s", (broken.webhook_id,))
    answer = await signed_in.send("/webhooks", "/webhooks", FORM | {"description": "Whole"})
    assert answer.status_code == 200
    listed = await signed_in.page("/webhooks")
    assert "A webhook that is damaged" in listed.words
    assert "Whole" in listed.words
    page = await signed_in.page(path)
    assert "Delete it and make a new one." in page.words
    csrf = page.hidden(f"{path}/delete")
    assert (await signed_in.post(f"{path}/rotate", csrf)).status_code == 500
    answer = await signed_in.post(f"{path}/delete", csrf | {"is_sure": "yes"})
    assert answer.headers["location"] == "/webhooks?deleted=1"


async def test_a_webhook_that_is_off_takes_no_test(signed_in: Browser, ada: Owner) -> None:
    _, path = await make(signed_in, ada)
    csrf = (await signed_in.page(path)).hidden(f"{path}/test")
    await signed_in.send(path, f"{path}/switch", {"to": "off"})
    answer = await signed_in.post(f"{path}/test", csrf)
    assert answer.status_code == 422
    assert "Switch it on first" in Browser.checked(answer).words


async def test_others_webhooks_are_not_there(signed_in: Browser, make_owner: MakeOwner) -> None:
    bob = await make_owner("bob")
    async with bob.platform.db.transaction() as conn:
        new = NewWebhook(url="http://127.0.0.1:9000/", event_types=("domain.verified",))
        theirs = (await webhooks.create(bob.platform, conn, bob.actor, new, now=utc_now())).webhook_id
    csrf = (await signed_in.page("/webhooks")).hidden("/webhooks")
    event_id: UUID = new_id()
    for path in (f"/webhooks/{theirs}", f"/webhooks/{theirs}/deliveries", f"/webhooks/{theirs}/deliveries/{event_id}"):
        await signed_in.page(path, 404)
    for action in ("", "/switch", "/test", "/rotate", "/replay", f"/deliveries/{event_id}/replay"):
        form = csrf | FORM | {"to": "2026-11-21T10:00", "from": "2026-11-21T09:00"}
        assert (await signed_in.post(f"/webhooks/{theirs}{action}", form)).status_code == 404
    assert (await signed_in.post(f"/webhooks/{theirs}/delete", csrf | {"is_sure": "yes"})).status_code == 404
