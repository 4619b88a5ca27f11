"""What the RCPT bench fills and asks, on a small scale."""

from itertools import islice

import pytest

from app.core.platform import Platform
from app.core.refusals.recorder import Recorder
from bench import rcpt
from tests.conftest import MakeAccount

pytestmark = pytest.mark.anyio


async def test_every_kind_is_answered_as_it_says(platform: Platform, dsn: str, make_account: MakeAccount) -> None:
    account = await make_account("bench")
    async with platform.db.connection() as conn:
        await conn.execute("INSERT INTO domains (domain, created_on) VALUES ('bench.test', current_date)")
    rcpt.fill_aliases(dsn, account.account_id, 30)
    recorder = Recorder(platform.db)
    for rules in (0, 20):
        if rules:
            await rcpt.fill_rules(platform, dsn, rules)
        for kind in rcpt.kinds(30, rules):
            ask = rcpt.asking(platform, recorder, kind)
            for recipient, sender in islice(zip(kind.recipients, kind.senders, strict=True), 25):
                assert await ask(recipient, sender) == kind.code, (kind.label, recipient, sender)
    async with platform.db.connection() as conn:
        totals = "SELECT (SELECT sum(count) FROM refusals), (SELECT sum(hit_count) FROM sender_rules)"
        row = await (await conn.execute(totals)).fetchone()
    assert row == (25, 25)
