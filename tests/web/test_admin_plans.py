"""Plans and vouchers as an administrator makes them."""

import re

import pytest

from app.core.platform import Platform
from tests.conftest import MakeAccount
from tests.web.conftest import Browser

pytestmark = pytest.mark.anyio
FORM = {
    "name": "Person",
    "price": "29,50",
    "currency": "eur",
    "storage": "0.5",
    "aliases": "1,000",
    "domains": "3",
    "position": "1",
    "lines": " Calm. \n\nNo trackers.",
    "sale": "yes",
}
CODE = re.compile(r"(?:[0-9A-HJKMNP-TV-Z]{4}-){6}[0-9A-HJKMNP-TV-Z]{4}")


@pytest.fixture
async def admin(browser: Browser, make_account: MakeAccount) -> Browser:
    await make_account("root", is_admin=True)
    await browser.sign_in("root")
    return browser


async def _made(admin: Browser) -> str:
    """The path of a new plan's page."""
    answer = await admin.send("/admin/plans", "/admin/plans", FORM)
    assert answer.headers["location"] == "/admin/plans?saved=1"
    links = [link["href"] for link in (await admin.page("/admin/plans?saved=1")).all("a")]
    return next(link for link in links if link.startswith("/admin/plans/"))


async def test_nobody_else_is_told_of_these_pages(signed_in: Browser) -> None:
    assert (await signed_in.get("/admin/plans")).status_code == 404
    token = (await signed_in.page("/settings/plan")).hidden("/settings/plan")
    for path in ("/admin/plans", "/admin/vouchers/void"):
        assert (await signed_in.post(path, FORM | token)).status_code == 404


async def test_a_plan_is_made_shown_in_the_shop_changed_and_taken_off_sale(admin: Browser) -> None:
    path = await _made(admin)
    words = (await admin.page("/pricing")).words
    assert "29.50 EUR" in words
    assert "500 MB" in words
    assert "1,000 aliases" in words
    assert "No trackers." in words
    fields = {one["name"]: one.get("value", "") for one in (await admin.page(path)).all("input")}
    assert (fields["price"], fields["storage"], fields["aliases"]) == ("29.50", "0.5", "1000")
    change = FORM | {"price": "19", "sale": ""}
    assert (await admin.send(path, path, change)).status_code == 303
    assert "Nothing is for sale yet" in (await admin.page("/pricing")).words
    assert "19.00 EUR" in (await admin.page("/admin/plans")).words


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("price", "free"),
        ("price", "1.999"),
        ("currency", "€"),
        ("currency", "ZZZ"),
        ("storage", "lots"),
        ("storage", "-1"),
        ("storage", "NaN"),
        ("aliases", "²"),
        ("aliases", "9999999999999"),
        ("domains", "101"),
        ("position", ""),
        ("lines", "x" * 201),
    ],
)
async def test_what_is_wrong_is_said_beside_its_field_and_all_is_kept(admin: Browser, field: str, value: str) -> None:
    answer = await admin.send("/admin/plans", "/admin/plans", FORM | {field: value})
    assert answer.status_code == 422
    page = Browser.checked(answer)
    wrong = [one["name"] for tag in ("input", "textarea") for one in page.all(tag) if "aria-invalid" in one]
    assert wrong == [field]
    kept = {one["name"]: one["value"] for one in page.all("input") if one.get("type") == "text"}
    assert (kept["name"], kept["price"]) == ((FORM | {field: value})["name"], (FORM | {field: value})["price"])


async def test_vouchers_are_shown_once_on_a_sheet(admin: Browser, platform: Platform) -> None:
    path = await _made(admin)
    answer = await admin.send(path, f"{path}/vouchers", {"count": "12"})
    assert answer.status_code == 200
    codes = CODE.findall(Browser.checked(answer).words)
    assert len(set(codes)) == 12
    assert answer.text.count("0.5 GB for mail, 1,000 aliases, 3 domains of your own") == 12
    assert answer.text.count("/settings/plan") >= 12
    page = await admin.page(path)
    assert "12 vouchers of this plan" in page.words
    assert not CODE.search(page.words)
    for wrong in ("0", "151", "x", "", "-1", "²", "99999"):
        refused = await admin.send(path, f"{path}/vouchers", {"count": wrong})
        assert (refused.status_code, "1,000" in refused.text) == (422, True)
    most = await admin.send(path, f"{path}/vouchers", {"count": "150"})
    assert len(set(CODE.findall(Browser.checked(most).words))) == 150
    less = await admin.send(path, path, FORM | {"aliases": "10"})
    assert (less.status_code, "sold for more" in less.text) == (422, True)
    answer = await admin.send("/admin/plans", "/admin/vouchers/void", {"voucher": codes[0]})
    assert answer.status_code == 303
    answer = await admin.send("/admin/plans", "/admin/vouchers/void", {"voucher": codes[0]})
    assert answer.status_code == 422
    assert "161 vouchers not redeemed" in (await admin.page("/admin/plans")).words
    async with platform.db.connection() as conn:
        rows = await (await conn.execute("SELECT action FROM audit_entries ORDER BY entry_id")).fetchall()
    assert [row[0] for row in rows] == ["plan_created", "vouchers_created", "vouchers_created", "voucher_revoked"]
