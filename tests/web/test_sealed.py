"""What the pages say and ask for when the account is sealed."""

import pytest

from app.core.messages.store import Committer
from app.core.platform import Platform
from tests.conftest import MakeAccount
from tests.core.messages.test_receive import with_attachment
from tests.mail import deliver
from tests.web.conftest import Browser
from tests.web.test_mail import letter

pytestmark = pytest.mark.anyio

ALIAS = "shop@restante.test"
PHOTO = bytes(range(256)) * 2000


@pytest.fixture
async def sealed(browser: Browser, make_account: MakeAccount) -> Browser:
    """Ada, whose account is sealed, signed in, with an alias."""
    await make_account("ada", kind="sealed")
    await browser.sign_in("ada")
    form = {"local_part": "shop", "domain": "restante.test", "do": "make"}
    assert (await browser.send("/aliases", "/aliases", form)).status_code == 303
    return browser


async def receive(platform: Platform, raw: bytes, *, is_sealed: bool = True) -> None:
    committer = Committer(platform.db, shard=0)
    await deliver(committer, platform, raw, ALIAS, is_sealed=is_sealed)
    await committer.close()


async def test_mail_is_read_searched_and_fed(sealed: Browser, platform: Platform) -> None:
    await receive(platform, letter("A parcel"))
    assert "A parcel" in (await sealed.page("/inbox")).words
    assert "A parcel" in (await sealed.page("/search?q=parcel")).words
    made = sealed.checked(await sealed.send("/settings", "/settings/feed", {"do": "make", "shows_mail": "yes"}))
    (address,) = [word for word in made.words.split() if "/feed/" in word]
    assert "A parcel" in (await sealed.get(address)).text


async def test_a_feed_that_could_not_open_the_mail_says_so(sealed: Browser) -> None:
    await sealed.send("/settings", "/settings/feed", {"do": "make"})
    answer = await sealed.send("/settings", "/settings/feed", {"do": "change", "shows_mail": "yes"})
    assert answer.status_code == 409
    assert "Make a new address" in sealed.checked(answer).words


async def test_whoever_holds_the_key_is_named(sealed: Browser) -> None:
    home = "/settings/security"
    assert "feed that shows mail" not in (await sealed.page(home)).words
    await sealed.send("/settings", "/settings/feed", {"do": "make"})
    assert "feed that shows mail" not in (await sealed.page(home)).words
    await sealed.send("/settings", "/settings/feed", {"do": "make", "shows_mail": "yes"})
    assert "feed that shows mail" in (await sealed.page(home)).words
    for path in (home, f"{home}/sealing", "/webhooks"):
        assert "in a form that" in (await sealed.page(path)).words
    assert "a line of the text" in (await sealed.page(f"{home}/sealing")).words


async def test_full_webhooks_are_asked_about(sealed: Browser) -> None:
    form = {"url": "https://hooks.test/", "event_types": "message.received", "content": "full"}
    page = sealed.checked(await sealed.send("/webhooks", "/webhooks", form))
    assert "nobody but you opens what is stored" in page.words
    assert [one for one in page.all("input") if one.get("name") == "accepts_exposure"]
    made = sealed.checked(await sealed.send("/webhooks", "/webhooks", form | {"accepts_exposure": "yes"}))
    assert "whsec_" in made.words


async def test_attachments_from_before_are_sealed_on_their_page(sealed: Browser, platform: Platform) -> None:
    path = "/settings/security/attachments"
    assert "All your attachments are encrypted" in (await sealed.page(path)).words
    async with platform.db.connection() as conn:
        await conn.execute("UPDATE accounts SET kind = 'standard'")
    await receive(platform, with_attachment(PHOTO), is_sealed=False)
    async with platform.db.connection() as conn:
        await conn.execute("UPDATE accounts SET kind = 'sealed'")
    assert "1 attachment came before" in (await sealed.page(path)).words
    answer = await sealed.send(path, path)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{path}?done=1")
    page = await sealed.page(answer.headers["location"])
    assert "1 attachment encrypted." in page.words
    assert "All your attachments are encrypted" in page.words
    names = [info.name async for info in platform.blobs.list()]
    (stored,) = [b"".join([chunk async for chunk in platform.blobs.read(name)]) for name in names]
    assert stored != PHOTO


async def test_a_standard_account_has_nothing_to_press(browser: Browser, make_account: MakeAccount) -> None:
    await make_account("ada")
    await browser.sign_in("ada")
    path = "/settings/security/attachments"
    page = await browser.page(path)
    assert "All your attachments are encrypted" in page.words
    assert not [one for one in page.all("form") if one.get("action") == path]
    inbox = await browser.page("/inbox")
    answer = await browser.post(path, {"csrf": inbox.hidden("/logout")["csrf"]})
    assert (answer.status_code, answer.headers["location"]) == (303, path)
