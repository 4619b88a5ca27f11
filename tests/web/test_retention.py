"""The page of what is kept how long says what the table says, to everybody."""

import pytest

from app.core.privacy.retention import RULES
from tests.web.conftest import Browser

pytestmark = pytest.mark.anyio


async def test_every_rule_is_on_the_page(browser: Browser) -> None:
    moved = await browser.get("/privacy/retention")
    assert (moved.status_code, moved.headers["location"]) == (301, "/privacy#kept")
    page = await browser.page("/privacy")
    for rule in RULES:
        assert rule.what in page.words
        assert f"{rule.kept[0].upper()}{rule.kept[1:]}. {rule.why}" in page.words
    assert dict(browser.client.cookies) == {}
