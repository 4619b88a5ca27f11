"""Counts of several processes come together, survive a database that is away, and are summed up when they are old."""

import asyncio
from datetime import timedelta

import pytest

from app.core.platform import Platform
from app.core.tallies import service
from app.core.tallies.service import Tallies
from app.lib.db import Database
from app.lib.times import utc_now, utc_today


async def sums(platform: Platform, **since: int) -> dict[str, int]:
    day = utc_today() - timedelta(days=since["days"]) if since else None
    async with platform.db.connection() as conn:
        return await service.sums(conn, "mail", since=day)


async def test_processes_add_up(platform: Platform) -> None:
    one, two, same = (Tallies(platform.db, shard=shard) for shard in (0, 1, 1))
    one.count("mail", "accepted")
    one.count("mail", "accepted", 2)
    one.count("connections", "admitted")
    two.count("mail", "accepted", 4)
    same.count("mail", "over_quota")
    same.count("mail", "relay", 0)
    for each in (one, two, same):
        await each.close()
    assert await sums(platform) == {"accepted": 7, "over_quota": 1}
    assert await sums(platform, days=0) == {"accepted": 7, "over_quota": 1}
    async with platform.db.connection() as conn:
        assert await service.sums(conn, "connections", since=None) == {"admitted": 1}
        assert await service.sums(conn, "mail", since=utc_today() + timedelta(days=1)) == {}


async def test_counts_are_written_by_themselves(platform: Platform) -> None:
    tallies = Tallies(platform.db, shard=0, seconds=0.01)
    async with asyncio.timeout(30):
        for number in (1, 2):
            tallies.count("mail", "accepted")
            while (await sums(platform)).get("accepted", 0) < number:
                pass
    await tallies.close()
    assert await sums(platform) == {"accepted": 2}


async def test_a_database_that_is_away_costs_nothing(
    platform: Platform, dsn: str, capsys: pytest.CaptureFixture[str]
) -> None:
    db = Database(dsn)  # not open: it does not answer
    tallies = Tallies(db, shard=0)
    tallies.count("mail", "accepted")
    await tallies.close()
    told = capsys.readouterr()
    assert "tallies_not_written" in told.out + told.err
    tallies.count("mail", "accepted")
    await db.open()
    await tallies.close()
    await db.close()
    assert await sums(platform) == {"accepted": 2}


async def test_only_the_sum_of_what_is_old_is_kept(platform: Platform) -> None:
    now = utc_now()
    async with platform.db.transaction() as conn:
        for days, count in ((400, 3), (380, 4), (360, 5), (0, 6)):
            for shard in (0, 1):
                await conn.execute(
                    "INSERT INTO tallies (day, name, label, shard, count) VALUES (%s, 'mail', 'accepted', %s, %s)",
                    ((now - timedelta(days=days)).date(), shard, count),
                )
    assert await service.forget(platform.db, now=now) == 4
    assert await service.forget(platform.db, now=now) == 0
    assert await sums(platform) == {"accepted": 36}
    assert await sums(platform, days=390) == {"accepted": 22}
    later = now + timedelta(days=10)
    assert await service.forget(platform.db, now=later) == 2
    assert await sums(platform) == {"accepted": 36}
