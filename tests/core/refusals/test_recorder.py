"""Refusals written down for their owners: sealed, in few transactions, and bounded."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from app.core.platform import Platform
from app.core.policy.model import Reason
from app.core.refusals import recorder as recorders
from app.core.refusals import service
from app.core.refusals.model import NewRefusal, Refusal, RefusalDetails
from app.core.refusals.recorder import Hit, Recorder
from app.core.rules import service as rules
from app.core.rules.model import NewRule
from app.errors import NotFound
from app.lib.db import Database
from app.lib.ids import new_id
from app.lib.times import utc_now
from tests.core.conftest import Owner


@pytest.fixture
async def recorder(platform: Platform) -> AsyncIterator[Recorder]:
    made = Recorder(platform.db)
    yield made
    await made.close()


def refusal(owner: Owner, number: int = 0, *, reason: Reason = "alias_disabled", code: int = 550) -> NewRefusal:
    return NewRefusal(
        account_id=owner.account.account_id,
        alias_id=owner.alias.alias_id,
        public_key=owner.actor.keyring.public_bytes(),
        code=code,
        reason=reason,
        details=RefusalDetails(f"bounce+{number}@shop.example", ("News@Shop.Example",), owner.alias.address),
    )


async def listed(owner: Owner, alias_id: UUID | None = None, limit: int = 200) -> Sequence[Refusal]:
    async with owner.platform.db.connection() as conn:
        return await service.page(conn, owner.actor, alias_id=alias_id, before=None, limit=limit)


async def test_a_refusal_is_told_to_its_owner_alone(ada: Owner, bob: Owner, recorder: Recorder) -> None:
    await recorder.record([refusal(ada, reason="sender_blocked")])
    (one,) = await listed(ada)
    assert (one.code, one.reason, one.count, one.alias_address) == (550, "sender_blocked", 1, ada.alias.address)
    assert one.details == RefusalDetails("bounce+0@shop.example", ("News@Shop.Example",), ada.alias.address)
    assert one.sender == "News@Shop.Example"
    assert abs(one.refused_at - utc_now()) < timedelta(minutes=1)
    assert await listed(ada, ada.alias.alias_id) == [one]
    assert await listed(ada, bob.alias.alias_id) == []
    assert await listed(bob) == []
    async with ada.platform.db.connection() as conn:
        assert await service.get(conn, ada.actor, one.refusal_id) == one
        with pytest.raises(NotFound):
            await service.get(conn, bob.actor, one.refusal_id)
        text = await (await conn.execute("SELECT details, refusals::text FROM refusals")).fetchone()
    assert text is not None
    assert b"shop" not in text[0].lower()
    assert "shop" not in text[1].lower()


async def test_who_sent_it_is_the_envelope_where_nothing_else_is_known() -> None:
    one = Refusal(
        refusal_id=new_id(),
        alias_id=new_id(),
        alias_address="a@x.example",
        refused_at=utc_now(),
        code=550,
        reason="sender_blocked",
        details=RefusalDetails("bounce@shop.example", (), "a@x.example"),
        count=1,
    )
    assert one.sender == "bounce@shop.example"
    assert msgspec.structs.replace(one, details=None).sender == ""


async def test_pages_go_on_where_the_last_ended(ada: Owner, recorder: Recorder) -> None:
    await recorder.record([refusal(ada, number) for number in range(5)])
    newest = await listed(ada, limit=2)
    async with ada.platform.db.connection() as conn:
        older = await service.page(conn, ada.actor, alias_id=None, before=newest[-1].refusal_id, limit=10)
    numbers = [one.details.envelope_from for one in [*newest, *older] if one.details]
    assert numbers == [f"bounce+{number}@shop.example" for number in (4, 3, 2, 1, 0)]


async def test_of_a_flood_the_first_are_listed_and_the_rest_is_counted(ada: Owner, recorder: Recorder) -> None:
    most = recorders.MOST_OF_ALIAS
    await recorder.record([refusal(ada, number) for number in range(most - 1)])
    await recorder.record([refusal(ada, most + number) for number in range(3)])
    await recorder.record([refusal(ada), refusal(ada, code=421), refusal(ada, reason="alias_idle")])
    found = await listed(ada)
    assert len([one for one in found if one.details is not None]) == most
    rest = {(one.reason, one.code): one.count for one in found if one.details is None}
    assert rest == {("alias_disabled", 550): 3, ("alias_disabled", 421): 1, ("alias_idle", 550): 1}
    assert {one.sender for one in found if one.details is None} == {""}


async def test_another_process_counts_on(ada: Owner, recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    await recorder.record([refusal(ada, number) for number in range(recorders.MOST_OF_ALIAS + 1)])
    other = Recorder(ada.platform.db)
    await other.record([refusal(ada), refusal(ada)])
    found = await listed(ada)
    assert sum(one.count for one in found) == recorders.MOST_OF_ALIAS + 3
    assert [one.count for one in found if one.details is None] == [3]
    # The next day begins anew, for those who remember that the day was full, too.
    monkeypatch.setattr(recorders, "utc_now", lambda: utc_now() + timedelta(days=1))
    await recorder.record([refusal(ada)])
    assert len([one for one in await listed(ada) if one.details]) == recorders.MOST_OF_ALIAS + 1


async def test_an_account_s_aliases_together_are_bounded_too(
    ada: Owner, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorders, "MOST_OF_ACCOUNT", 3)
    await recorder.record([refusal(ada, number) for number in range(5)])
    await recorder.record([refusal(ada)])
    assert [one.count for one in await listed(ada) if one.details is None] == [3]
    assert len(await listed(ada)) == 4


async def test_many_at_once_are_all_written(ada: Owner, bob: Owner, recorder: Recorder) -> None:
    both = (ada, bob)
    await asyncio.gather(*(recorder.record([refusal(both[number % 2], number)]) for number in range(60)))
    for owner in both:
        assert len(await listed(owner)) == 30


async def test_one_that_cannot_be_written_costs_no_other(
    ada: Owner, bob: Owner, recorder: Recorder, capfd: pytest.CaptureFixture[str]
) -> None:
    async with ada.platform.db.connection() as conn:
        await conn.execute("DELETE FROM aliases WHERE account_id = %s", (bob.account.account_id,))
    await recorder.record([refusal(ada), refusal(bob), refusal(ada)])
    assert len(await listed(ada)) == 2
    assert await listed(bob) == []
    told = capfd.readouterr()
    assert "refusals_not_recorded" in told.out + told.err
    assert "shop.example" not in told.out + told.err


async def test_without_a_database_the_refusal_goes_on(ada: Owner, capfd: pytest.CaptureFixture[str]) -> None:
    gone = Database("host=/nowhere dbname=none")
    lost = Recorder(gone)
    await lost.record([refusal(ada)])
    lost.count([Hit(account_id=ada.account.account_id, rule_id=new_id())])
    await lost.close()
    told = capfd.readouterr()
    assert "alias_disabled" in told.out + told.err
    assert await listed(ada) == []


async def test_hits_are_counted_with_their_day_and_rules_that_are_gone_passed_over(
    ada: Owner, recorder: Recorder
) -> None:
    async with ada.platform.db.transaction() as conn:
        rule = (await rules.block(ada.platform, conn, ada.actor, NewRule(text="shop.example"))).rule
    known, gone = rule.rule_id, new_id()
    await recorder.record([msgspec.structs.replace(refusal(ada), rule_id=known)])
    recorder.count([Hit(account_id=ada.account.account_id, rule_id=one) for one in (known, gone, known)])
    await recorder.close()
    async with ada.platform.db.connection() as conn:
        hit = await rules.get(conn, ada.actor, known)
    assert (hit.hit_count, hit.last_hit_on) == (3, utc_now().date())
