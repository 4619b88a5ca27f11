"""The commands for who sells, by the command line itself where files and output matter."""

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from app import sales, selling
from app.commands import Command, Row
from app.core.billing import sheets, vouchers
from app.core.joining.model import JoiningMode
from app.core.platform import Platform
from app.errors import Conflict, Invalid, NotFound, RestanteError

GOOD = {"price": "29.50", "currency": "EUR", "storage_limit": 10**9, "alias_limit": 10, "domain_limit": 1}


async def test_a_plan_is_made_changed_and_listed(platform: Platform) -> None:
    made = await sales.plan_create("Person", GOOD | {"lines": ("Calm.",)})(platform)
    assert isinstance(made, dict)
    assert (made["price"], made["lines"], made["is_on_sale"]) == ("29.50 EUR", ["Calm."], True)
    changed = await sales.plan_change("person", {"price": "19", "is_on_sale": False})(platform)
    assert changed == made | {"price": "19.00 EUR", "is_on_sale": False}
    assert await sales.plan_list()(platform) == [changed | {"vouchers": 0}]
    for wrong in ({"price": "free"}, {"currency": "?"}, {"currency": "ZZZ"}, {"alias_limit": -1}):
        with pytest.raises(Invalid):
            await sales.plan_change("person", wrong)(platform)
    with pytest.raises(NotFound):
        await sales.plan_change("nobody", {})(platform)


async def test_vouchers_are_made_counted_and_made_worthless(platform: Platform) -> None:
    await sales.plan_create("Person", GOOD)(platform)
    made = await sales.voucher_create("Person", 50)(platform)
    assert isinstance(made, dict)
    assert len(set(made["codes"])) == 50
    assert made["holds"] == "1 GB for mail, 10 aliases, 1 domain of your own"
    assert "http://restante.test/settings/plan" in made["directions"]
    assert await sales.voucher_void(made["codes"][0])(platform) == {"plan": "Person", "worthless": True}
    async with platform.db.connection() as conn:
        assert [stock.voucher_count for stock in await vouchers.stocks(conn)] == [49]
        rows = await (await conn.execute("SELECT action, actor_id FROM audit_entries ORDER BY entry_id")).fetchall()
    assert rows == [("plan_created", None), ("vouchers_created", None), ("voucher_revoked", None)]


@pytest.fixture
def answered(monkeypatch: pytest.MonkeyPatch) -> Callable[[Row | RestanteError], None]:
    """What the service's side answers, so that the command line can be tried without a service of its own."""

    def answer(row: Row | RestanteError) -> None:
        def run(_command: Command) -> Row:
            if isinstance(row, RestanteError):
                raise row
            return row

        monkeypatch.setattr(selling, "_run", run)

    return answer


MADE: dict[str, Any] = {
    "plan": "A <b> plan",
    "holds": "10 GB for mail",
    "directions": "Redeem it once at http://x.test/join",
    "codes": ["0000-1111", "2222-3333"],
}


@pytest.mark.parametrize(
    ("mode", "is_named"), [("voucher", True), ("purchase", True), ("open", True), ("closed", False)]
)
def test_a_sheet_leads_to_joining_where_people_can(mode: JoiningMode, *, is_named: bool) -> None:
    text = sheets.directions("http://x.test", mode)
    assert ("http://x.test/join" in text) is is_named
    assert "http://x.test/settings/plan" in text


@pytest.mark.parametrize("name", ["sheet.html", "sheet.txt"])
def test_a_sheet_is_a_file_for_its_owner_alone(
    tmp_path: Path, answered: Callable[[Row | RestanteError], None], name: str
) -> None:
    answered(MADE)
    path = tmp_path / name
    order = ["create", "-n", "2", "--plan", "x", "--sheet", str(path)]
    result = CliRunner().invoke(selling.voucher, order)
    assert result.exit_code == 0
    assert result.output == f"2 vouchers for A <b> plan are in {path}.\n"
    text = path.read_text()
    assert text.count("10 GB for mail") == text.count("http://x.test/join") == 2
    assert text.count("0000-1111") == text.count("2222-3333") == 1
    assert ("&lt;b&gt;" in text) == (name == "sheet.html")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = CliRunner().invoke(selling.voucher, order)
    assert isinstance(again.exception, Conflict)
    assert path.read_text() == text


def test_a_file_that_cannot_be_made_costs_no_codes(
    tmp_path: Path, answered: Callable[[Row | RestanteError], None]
) -> None:
    answered(NotFound("There is no plan of this name."))
    path = tmp_path / "sheet.html"
    result = CliRunner().invoke(selling.voucher, ["create", "--plan", "x", "--sheet", str(path)])
    assert isinstance(result.exception, NotFound)
    assert not path.exists()
    answered(MADE)
    result = CliRunner().invoke(selling.voucher, ["create", "--plan", "x", "--sheet", "/dev/full/x"])
    assert isinstance(result.exception, Invalid)
    result = CliRunner().invoke(selling.voucher, ["create", "--plan", "x"])
    assert result.output.splitlines() == MADE["codes"]
    result = CliRunner().invoke(selling.voucher, ["create", "--plan", "x", "--json"])
    assert json.loads(result.output) == MADE


def test_a_plan_needs_a_price() -> None:
    result = CliRunner().invoke(selling.plan, ["create", "Person", "--currency", "EUR"])
    assert isinstance(result.exception, Invalid)
    assert "--price" in result.exception.detail
