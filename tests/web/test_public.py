import re

import pytest
from litestar import Litestar
from structlog.testing import capture_logs

from app.api.router import api_router
from app.core.platform import Platform
from app.errors import Unavailable
from app.web.app import create_app
from tests.conftest import PASSWORD
from tests.web.conftest import Browser, Owner, check_page, client_of, describe

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("path", ["/", "/login"])
async def test_public_pages_set_no_cookie(browser: Browser, path: str) -> None:
    await browser.page(path)
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
