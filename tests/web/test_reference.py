"""The pages about the API: all of it, for anybody, in few bytes."""

import re
from base64 import b64encode
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
from standardwebhooks import Webhook

from tests.web.conftest import Browser, check_page, describe

pytestmark = pytest.mark.anyio

SLUGS = [tag["x-slug"] for tag in describe()["tags"]]


async def test_the_first_page_leads_to_all_others(browser: Browser) -> None:
    page = await browser.page("/docs/api")
    targets = {link["href"] for link in page.all("a")}
    assert {f"/docs/api/{slug}" for slug in SLUGS} <= targets
    assert {"/api/v1/openapi.json", "/inbox", "/docs"} <= targets
    assert "address_taken" in page.words
    assert "/docs/api" in {link["href"] for link in (await browser.page("/docs")).all("a")}


@pytest.mark.parametrize("slug", SLUGS)
async def test_a_page_tells_all_of_its_group(browser: Browser, slug: str) -> None:
    answer = await browser.get(f"/docs/api/{slug}")
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    page = check_page(answer)
    (group,) = [tag["name"] for tag in describe()["tags"] if tag["x-slug"] == slug]
    calls = [one for path in describe()["paths"].values() for one in path.values() if one["tags"] == [group]]
    assert calls
    ids = {attributes.get("id") for _, attributes in page.tags}
    for call in calls:
        assert call["operationId"] in ids
        for sample in call["x-codeSamples"]:
            assert sample["source"] in page.words
    for target in (link["href"] for link in page.all("a")):
        assert not target.startswith("#") or target[1:] in ids


async def test_there_are_no_other_pages(browser: Browser) -> None:
    answer = await browser.get("/docs/api/nothing")
    assert answer.status_code == 404
    check_page(answer)


@pytest.mark.parametrize("path", ["/docs/password-managers", "/docs/terminal"])
async def test_clients_have_pages_that_name_this_address(browser: Browser, path: str) -> None:
    page = await browser.page(path)
    assert "http://restante.test" in page.words
    assert "/api/v1" not in page.words
    assert "/keys" in {link["href"] for link in page.all("a")}
    for other in ("/docs/api", "/docs/api/messages"):
        assert path in {link["href"] for link in (await browser.page(other)).all("a")}


async def test_the_code_that_verifies_webhooks_does(browser: Browser) -> None:
    page = (await browser.get("/docs/api/webhooks")).text
    (code,) = re.findall(r'aria-label="Verification without a library"><code>(.*?)</code>', page, re.DOTALL)
    told: dict[str, Any] = {}
    exec(unescape(code), told)  # noqa: S102 - it is ours
    is_from_here = told["is_from_here"]
    secret, body, now = f"whsec_{b64encode(bytes(32)).decode()}", b'{"type": "webhook.test"}', datetime.now(UTC)
    signature = Webhook(secret).sign("evt", now, body.decode())
    headers = {
        "webhook-id": "evt",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": f"v1,AAAA {signature}",
    }
    assert is_from_here(secret, headers, body)
    assert not is_from_here(secret, headers, body + b" ")
    assert not is_from_here(secret, headers | {"webhook-timestamp": "1700000000"}, body)
