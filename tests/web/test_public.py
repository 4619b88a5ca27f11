import re
from datetime import datetime, timedelta

import pytest
from litestar import Litestar
from structlog.testing import capture_logs

from app.api.router import api_router
from app.core.platform import Platform
from app.errors import Unavailable
from app.lib.times import utc_now
from app.web import papers
from app.web.app import create_app
from app.web.operator import Operator
from tests.conftest import PASSWORD
from tests.web.conftest import Browser, Owner, check_page, client_of, describe

pytestmark = pytest.mark.anyio


async def paths_of(browser: Browser) -> list[str]:
    """Of all pages for anybody, as the site map names them."""
    sitemap = await browser.get("/sitemap.xml")
    assert sitemap.headers["content-type"].startswith("application/xml")
    found = re.findall(r"<loc>(.*?)</loc>", sitemap.text)
    assert all(url.startswith(f"{browser.platform.public_url}/") for url in found)
    return [url.removeprefix(browser.platform.public_url) for url in found]


async def test_public_pages_run_and_load_nothing(browser: Browser) -> None:
    """`Browser.page` looks at each: no script, nothing of another origin, less than 50 KB, one h1."""
    paths = await paths_of(browser)
    assert {"/", "/security", "/privacy", "/threat-model", "/terms", "/docs", "/docs/search", "/docs/api"} <= set(paths)
    for path in paths:
        page = await browser.page(path)
        for link in page.all("a"):
            if link["href"].startswith("/") and not link["href"].startswith("/api/"):
                answer = await browser.get(link["href"])
                assert answer.status_code in {200, 303, 404 if "security.txt" in link["href"] else 200}, link["href"]


async def test_who_has_a_hole_to_tell_learns_to_whom(platform: Platform) -> None:
    operator = Operator(security_contact="mailto:holes@mail.example")
    app = create_app(platform, is_https=False, api=api_router(platform), describe=describe, operator=operator)
    async with client_of(app, "http://restante.test") as client:
        answer = await client.get("/.well-known/security.txt")
        page = check_page(await client.get("/security"))
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    fields = dict(line.split(": ", 1) for line in answer.text.splitlines())
    assert fields["Contact"] == "mailto:holes@mail.example"
    assert timedelta(0) < datetime.fromisoformat(fields["Expires"]) - utc_now() < timedelta(days=365)
    assert fields["Canonical"] == f"{platform.public_url}/.well-known/security.txt"
    assert "holes@mail.example" in page.words


async def test_without_a_contact_there_is_no_security_txt(browser: Browser) -> None:
    await browser.page("/.well-known/security.txt", status=404)


async def test_terms_are_the_operators(platform: Platform, browser: Browser) -> None:
    assert "no terms" in (await browser.page("/terms")).words
    terms = papers.read("# House rules\n\nBe *kind*. <script>\n")
    app = create_app(
        platform, is_https=False, api=api_router(platform), describe=describe, operator=Operator(terms=terms)
    )
    async with client_of(app, "http://restante.test") as client:
        page = check_page(await client.get("/terms"))
    assert "House rules" in page.words
    assert "Be kind. <script>" in page.words


async def test_the_threat_model_is_the_text_of_docs(browser: Browser) -> None:
    page = await browser.page("/threat-model")
    told = re.sub(r"\W+", "", page.words)
    for line in (papers.DOCS / "threat-model.md").read_text("utf-8").splitlines():
        if not line.startswith(("|---", "#")):
            plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", line)
            assert re.sub(r"[\W_]+", "", plain) in told.replace("_", ""), line


async def test_public_pages_set_no_cookie(browser: Browser) -> None:
    for path in [*await paths_of(browser), "/login"]:
        answer = await browser.get(path)
        assert "set-cookie" not in answer.headers
        assert "strict-transport-security" not in answer.headers


async def test_static_files_keep_for_ever_under_names_of_their_content(browser: Browser) -> None:
    page = await browser.page("/")
    links = [link["href"] for link in page.all("link")]
    assert len(links) == 2
    for link in links:
        assert re.fullmatch(r"/static/\w+\.[0-9a-f]{12}\.(css|svg)", link)
        answer = await browser.get(link)
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["content-type"] in {"text/css; charset=utf-8", "image/svg+xml"}
        assert not re.search(rb"url\(|@import|https?://(?!www\.w3\.org/2000/svg)", answer.content)
    for path in ("/static/..%2fpyproject.toml", "/static/restante.css"):
        assert (await browser.get(path)).status_code == 404


async def test_small_files(browser: Browser) -> None:
    assert (await browser.get("/favicon.ico")).headers["content-type"] == "image/svg+xml"
    robots = await browser.get("/robots.txt")
    assert "Disallow: /inbox\n" in robots.text
    assert robots.text.endswith(f"Sitemap: {browser.platform.public_url}/sitemap.xml\n")
    assert (await browser.get("/healthz")).text == "ok\n"


async def test_ready_tells_the_failing_part_alone(
    browser: Browser, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken() -> None:
        raise Unavailable("The disk at a secret place is full.")

    monkeypatch.setattr(platform.blobs, "check", broken)
    answer = await browser.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"status": "not ready", "failing": "blobs"})
    await platform.db.close()
    answer = await browser.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"status": "not ready", "failing": "database"})
    assert (await browser.get("/healthz")).status_code == 200
    with capture_logs() as log:
        page = await browser.get("/inbox", headers={"Cookie": "restante=01a1fda7-721d-7000-b2a6-9ea690e3d975.x"})
    assert page.status_code == 503
    assert [(line["event"], line["cause"]) for line in log] == [("page_unavailable", "PoolClosed")]
    assert page.headers["retry-after"] == "5"
    check_page(page)


async def test_ready_when_all_is_well_and_not_before_the_schema_is(browser: Browser, platform: Platform) -> None:
    answer = await browser.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})
    async with platform.db.transaction() as conn:
        await conn.execute("DELETE FROM schema_migrations")
    assert (await browser.get("/readyz")).json() == {"status": "not ready", "failing": "schema"}


async def test_the_unexpected_is_a_calm_page_without_details(
    browser: Browser, platform: Platform, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def explode(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(platform.hasher, "check", explode)
    answer = await browser.post("/login", {"login": "ada", "password": PASSWORD})
    assert answer.status_code == 500
    page = check_page(answer)
    assert "our fault" in page.words
    assert "secret detail" not in answer.text
    logged = capsys.readouterr()
    assert "RuntimeError" in logged.out + logged.err
    assert "secret detail" not in logged.out + logged.err


async def test_only_who_may_have_an_inbox_is_led_there_from_an_error(browser: Browser, ada: Owner) -> None:
    links = [link["href"] for link in (await browser.page("/nowhere", status=404)).all("a")]
    assert "/inbox" not in links
    await browser.sign_in(ada.actor.login)
    links = [link["href"] for link in (await browser.page("/nowhere", status=404)).all("a")]
    assert "/inbox" in links


async def test_wrong_methods_are_told(browser: Browser) -> None:
    answer = await browser.post("/inbox", {})
    assert answer.status_code == 405
    check_page(answer)
    head = await browser.client.head("/")
    assert head.status_code == 200


async def test_over_tls_the_cookie_is_bound_to_the_host(platform: Platform, ada: Owner) -> None:
    app: Litestar = create_app(platform, is_https=True, api=api_router(platform), describe=describe)
    async with client_of(app, "https://restante.test") as client:
        answer = await client.post("/login", data={"login": ada.actor.login, "password": PASSWORD})
        cookies = answer.headers.get_list("set-cookie")
        assert [cookie.partition("=")[0] for cookie in cookies] == ["__Host-restante", "__Host-restante-known"]
        assert all("; secure" in cookie.lower() for cookie in cookies)
        assert answer.headers["strict-transport-security"].startswith("max-age=")
        assert (await client.get("/inbox")).status_code == 200
