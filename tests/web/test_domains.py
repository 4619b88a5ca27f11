from collections.abc import AsyncIterator

import httpx
import msgspec
import pytest
from litestar import Litestar

from app.api.router import api_router
from app.core.aliases.bulk import service as bulk
from app.core.domains import owned
from app.core.domains.model import OwnDomain
from app.core.platform import Platform
from app.lib.resolver import Resolver
from app.lib.times import utc_now
from app.web.app import create_app
from tests.dns_server import DnsServer, running_dns
from tests.web.conftest import Browser, MakeOwner, Owner, describe

pytestmark = pytest.mark.anyio
PAGE = "/domains/ada.test"


@pytest.fixture
async def zone() -> AsyncIterator[DnsServer]:
    async with running_dns() as made:
        yield made


@pytest.fixture
def app(platform: Platform, zone: DnsServer) -> Litestar:
    asking = msgspec.structs.replace(platform, resolver=Resolver([zone.server], timeout=20, lifetime=30))
    return create_app(asking, is_https=False, api=api_router(asking), describe=describe)


async def stored(owner: Owner, name: str = "ada.test") -> OwnDomain:
    async with owner.platform.db.connection() as conn:
        return await owned.get(owner.platform, conn, owner.actor, name)


async def send(browser: Browser, page: str, action: str, **form: str) -> httpx.Response:
    return await browser.send(page, action, form)


@pytest.fixture
async def proven(signed_in: Browser, zone: DnsServer, ada: Owner) -> Browser:
    """Ada's browser, and ada.test is hers."""
    await send(signed_in, "/domains", "/domains", domain="ada.test")
    for record in (await stored(ada)).records:
        zone.set(record.name.replace("*.", "restante."), record.type, record.value)
    await send(signed_in, PAGE, f"{PAGE}/check")
    return signed_in


async def test_a_domain_is_added_and_its_records_told(signed_in: Browser, zone: DnsServer, ada: Owner) -> None:
    assert "No domains of your own yet" in (await signed_in.page("/domains")).words
    answer = await send(signed_in, "/domains", "/domains", domain="Bücher.example")
    assert (answer.status_code, answer.headers["location"]) == (303, "/domains/xn--bcher-kva.example")
    page = await signed_in.page(answer.headers["location"])
    made = await stored(ada, "xn--bcher-kva.example")
    for text in ("bücher.example", "xn--bcher-kva.example", "not asked for yet", "10 mx.restante.test."):
        assert text in page.words
    for record in made.records:
        assert record.name in page.words
        assert record.value in page.words
    assert "Waiting for its proof" in (await signed_in.page("/domains")).words
    zone.set("xn--bcher-kva.example", "MX", "5 mail.elsewhere.test.")
    zone.set("xn--bcher-kva.example", "TXT", "v=spf1 include:<b>evil</b> ~all")
    answer = await send(signed_in, "/domains/xn--bcher-kva.example", "/domains/xn--bcher-kva.example/check")
    assert answer.status_code == 303
    words = (await signed_in.page("/domains/xn--bcher-kva.example")).words
    for text in ("5 mail.elsewhere.test.", "goes to other servers", "v=spf1 include:<b>evil</b> ~all", "Found"):
        assert text in words


async def test_a_proven_domain_says_so(proven: Browser) -> None:
    words = (await proven.page(PAGE)).words
    assert "takes mail. It sends none" in words
    assert "missing" not in words
    assert "Takes mail" in (await proven.page("/domains")).words
    options = (await proven.page("/aliases")).all("option")
    assert "ada.test" in [option.get("value") for option in options]


async def test_asking_twice_is_told_to_wait(proven: Browser) -> None:
    answer = await send(proven, PAGE, f"{PAGE}/check")
    assert answer.status_code == 429
    assert "Try again in half a minute" in Browser.checked(answer).words


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("co.uk", "Everybody can register"),
        ("x", "Everybody can register"),
        ("a b", "not a domain name"),
        ("restante.test", "belongs to this service"),
        ("ada@ada.test", "what stands behind the @"),
    ],
)
async def test_a_wrong_name_is_told_beside_its_field(signed_in: Browser, name: str, told: str) -> None:
    answer = await send(signed_in, "/domains", "/domains", domain=name)
    assert answer.status_code == 422
    page = Browser.checked(answer)
    (wrong,) = [tag for tag in page.all("input") if tag.get("aria-invalid") == "true"]
    assert (wrong["id"], wrong["value"]) == ("domain", name)
    assert told in page.words


async def test_the_catch_all_is_set(proven: Browser, ada: Owner) -> None:
    action = f"{PAGE}/catch-all"
    form = {"mode": "alias", "alias_id": ada.alias.address, "kind": "wildcard", "pattern": "shop-*"}
    answer = await send(proven, PAGE, action, **form)
    assert answer.status_code == 303
    assert "Saved." in (await proven.page(answer.headers["location"].partition("#")[0])).words
    saved = (await stored(ada)).catch_all
    assert (saved.mode, saved.alias_id) == ("alias", ada.alias.alias_id)
    values = {tag["name"]: tag["value"] for tag in (await proven.page(PAGE)).all("input") if tag.get("type") == "text"}
    assert values == {"alias_id": ada.alias.address, "pattern": "shop-*"}
    wrong = [
        ({"mode": "alias", "alias_id": "nobody@restante.test", "kind": "all"}, "Choose one of your aliases"),
        ({"mode": "make", "kind": "regex", "pattern": "(a{1000}){1000}"}, "too costly"),
        ({"mode": "everything", "kind": "all"}, "Choose what happens"),
    ]
    for fields, told in wrong:
        answer = await send(proven, PAGE, action, **fields)
        assert answer.status_code == 422
        page = Browser.checked(answer)
        assert told in page.words
        kept = {tag["name"]: tag["value"] for tag in page.all("input") if tag.get("type") == "text"}
        assert kept["pattern"] == fields.get("pattern", "")
        assert (await stored(ada)).catch_all == saved


async def test_a_catch_all_into_a_deleted_alias_is_told(proven: Browser, ada: Owner) -> None:
    form = {"mode": "alias", "alias_id": ada.alias.address, "kind": "all"}
    await send(proven, PAGE, f"{PAGE}/catch-all", **form)
    assert "is refused. Choose another" not in (await proven.page(PAGE)).words
    async with ada.platform.db.transaction() as conn:
        await bulk.delete(conn, ada.actor.account_id, ada.alias.alias_id, trashes_mail=False, now=utc_now())
    assert f"deleted the alias {ada.alias.address}" in (await proven.page(PAGE)).words


async def test_both_faults_of_a_catch_all_are_told(proven: Browser) -> None:
    form = {"mode": "alias", "alias_id": "nobody@restante.test", "kind": "regex", "pattern": "("}
    answer = await send(proven, PAGE, f"{PAGE}/catch-all", **form)
    assert answer.status_code == 422
    wrong = [tag["id"] for tag in Browser.checked(answer).all("input") if tag.get("aria-invalid") == "true"]
    assert wrong == ["alias_id", "pattern"]


async def test_deleting_asks_first(proven: Browser) -> None:
    answer = await send(proven, PAGE, f"{PAGE}/delete")
    assert answer.status_code == 422
    assert "Tick that you want this" in Browser.checked(answer).words
    assert (await send(proven, PAGE, f"{PAGE}/delete", is_sure="yes")).status_code == 303
    await proven.page(PAGE, status=404)


async def test_a_lost_proof_is_told_on_every_page(proven: Browser, ada: Owner) -> None:
    assert "proof of a domain" not in (await proven.page("/inbox")).words
    async with ada.platform.db.connection() as conn:
        await conn.execute("UPDATE account_domains SET failing_since = %s", (utc_now(),))
    for path in ("/inbox", "/aliases", "/settings"):
        page = await proven.page(path)
        assert "The proof of a domain of yours is missing" in page.words
    assert "or mail will be put off" in (await proven.page(PAGE)).words
    async with ada.platform.db.connection() as conn:
        await conn.execute("UPDATE domains SET is_paused = true WHERE account_id IS NOT NULL")
    assert "Senders are told to try again later" in (await proven.page(PAGE)).words


async def test_anothers_domain_is_not_there(proven: Browser, make_owner: MakeOwner) -> None:
    bob = await make_owner("bob")
    async with bob.platform.db.transaction() as conn:
        await owned.add(bob.platform, conn, bob.actor, "bob.test", now=utc_now())
    await proven.page("/domains/bob.test", status=404)
    fields = (await proven.page(PAGE)).hidden(f"{PAGE}/delete")
    for action in ("check", "catch-all", "delete"):
        form = fields | {"mode": "off", "is_sure": "yes"}
        assert (await proven.post(f"/domains/bob.test/{action}", form)).status_code == 404
    assert (await stored(bob, "bob.test")).state == "waiting"


async def test_shared_domains_are_the_administrators(signed_in: Browser, ada: Owner) -> None:
    page = await signed_in.page("/domains")
    assert "restante.test" in page.words
    assert not page.hidden("/shared-domains")
    fields = page.hidden("/domains")
    for path in ("/shared-domains", "/shared-domains/restante.test/default", "/shared-domains/restante.test/remove"):
        assert (await signed_in.post(path, fields | {"shared": "x.test"})).status_code == 403
    async with ada.platform.db.connection() as conn:
        await conn.execute("UPDATE accounts SET is_admin = true")
    assert (await send(signed_in, "/domains", "/shared-domains", shared="second.test")).status_code == 303
    assert (await send(signed_in, "/domains", "/shared-domains", shared="second.test")).status_code == 422
    assert (await send(signed_in, "/domains", "/shared-domains/second.test/default")).status_code == 303
    options = [option.get("value") for option in (await signed_in.page("/aliases")).all("option")]
    assert options.index("second.test") < options.index("restante.test")
    assert (await send(signed_in, "/domains", "/shared-domains/second.test/remove")).status_code == 303
    assert "second.test" not in (await signed_in.page("/domains")).words
    answer = await signed_in.post("/shared-domains/restante.test/remove", fields)
    assert answer.status_code == 409
    assert "RESTANTE_MAIL_DOMAINS" in Browser.checked(answer).words
