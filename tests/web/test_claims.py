"""What the pages for anybody promise is shown by tests that are there; and promises that no other test shows."""

import ast
import re
from pathlib import Path

import pytest

from app.core.platform import Platform
from app.core.privacy.retention import RULES
from app.web.claims import PRIVACY, SECURITY, Chapter, Claim
from tests.web.conftest import Browser

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).resolve().parents[2]
CLAIMS = [claim for chapter in (*SECURITY, *PRIVACY) for claim in chapter.claims]


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.text[:40])
def test_every_promise_names_tests_that_are_there(claim: Claim) -> None:
    assert claim.tests
    for name in claim.tests:
        path, _, test = name.partition("::")
        found = re.search(rf"^(async )?def {test}\(", (ROOT / "tests" / path).read_text("utf-8"), re.MULTILINE)
        assert found, name


@pytest.mark.parametrize("page", sorted({claim.page for claim in CLAIMS if claim.page}))
async def test_every_page_that_a_promise_names_is_there(browser: Browser, page: str) -> None:
    if page.startswith("/docs/api/"):
        assert page.rpartition("/")[2] in {"keys", "webhooks"}  # see test_reference
        return
    await browser.page(page)


@pytest.mark.parametrize(("path", "chapters"), [("/security", SECURITY), ("/privacy", PRIVACY)])
async def test_every_promise_is_told_with_what_shows_it(
    browser: Browser, path: str, chapters: tuple[Chapter, ...]
) -> None:
    words = (await browser.page(path)).words
    for chapter in chapters:
        for claim in chapter.claims:
            assert claim.text in words
            for name in claim.tests:
                assert f"tests/{name}" in words


async def test_the_privacy_page_prints_the_rules_that_deletion_goes_by(browser: Browser) -> None:
    words = (await browser.page("/privacy")).words
    for rule in RULES:
        assert rule.what in words
        assert f"{rule.kept[0].upper()}{rule.kept[1:]}." in words


def test_no_part_of_the_program_sends_mail() -> None:
    """No library that speaks SMTP as a client is imported, and none of its own makes one."""
    for path in (ROOT / "app").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [one.name for one in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            for name in names:
                assert name.split(".")[0] not in {"smtplib", "aiosmtplib"}, path
                assert name != "aiosmtpd.handlers", path
    assert not re.search(r"postmark|sendgrid|mailgun|boto3.client\(.ses", (ROOT / "pyproject.toml").read_text("utf-8"))


async def test_of_joining_the_database_keeps_a_login_a_hash_and_a_day(platform: Platform) -> None:
    async with platform.db.connection() as conn:
        cursor = await conn.execute(
            """SELECT table_name, column_name, data_type FROM information_schema.columns
               WHERE table_schema = 'public' AND table_name IN ('accounts', 'logins', 'passwords')"""
        )
        columns = await cursor.fetchall()
    assert {"accounts", "logins", "passwords"} == {table for table, _, _ in columns}
    for table, name, kind in columns:
        assert kind not in {"inet", "cidr", "timestamp with time zone"}, (table, name)
        assert not re.search(r"mail_|_mail|email|phone|address|first_name|last_name|user_agent", name), (table, name)
    assert ("accounts", "created_on", "date") in columns
