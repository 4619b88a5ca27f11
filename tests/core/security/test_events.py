from datetime import UTC, datetime, timedelta

import pytest

from app.core.security import events
from app.core.security.model import SecurityEvent
from app.lib.ids import new_id
from tests.core.conftest import Owner

pytestmark = pytest.mark.anyio

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


async def listed(owner: Owner, limit: int = 50) -> list[SecurityEvent]:
    async with owner.platform.db.connection() as conn:
        return await events.page(conn, owner.actor, before=None, limit=limit)


async def test_the_owner_reads_what_was_noted_newest_first(ada: Owner, bob: Owner) -> None:
    async with ada.platform.db.transaction() as conn:
        await events.note(conn, ada.account.account_id, "signed_in", now=NOON, about="Firefox on Linux")
        await events.note(conn, ada.account.account_id, "key_made", now=NOON + timedelta(seconds=5), about="x" * 200)
        await events.note(conn, ada.account.account_id, "password_changed", now=NOON + timedelta(days=1))
        await events.note(conn, bob.account.account_id, "sealed", now=NOON)
    found = await listed(ada)
    assert [(one.kind, one.at, one.about) for one in found] == [
        ("password_changed", NOON + timedelta(days=1), ""),
        ("key_made", NOON + timedelta(seconds=5), "x" * 60),
        ("signed_in", NOON, "Firefox on Linux"),
    ]
    async with ada.platform.db.connection() as conn:
        (rest,) = await events.page(conn, ada.actor, before=found[1].event_id, limit=50)
    assert rest == found[2]
    assert [one.kind for one in await listed(bob)] == ["sealed"]


async def test_wrong_passwords_are_a_count_a_day(ada: Owner) -> None:
    async with ada.platform.db.transaction() as conn:
        for hours in (0, 1, 2, 24):
            await events.note_wrong_password(conn, ada.account.account_id, now=NOON + timedelta(hours=hours))
        await events.note_wrong_password(conn, new_id(), now=NOON)
        await events.note(conn, new_id(), "signed_in", now=NOON)
    found = await listed(ada)
    assert [(one.kind, one.noted_on.day, one.at, one.count) for one in found] == [
        ("wrong_passwords", 5, None, 1),
        ("wrong_passwords", 4, None, 3),
    ]


async def test_what_is_stored_tells_the_day_alone(ada: Owner) -> None:
    async with ada.platform.db.transaction() as conn:
        await events.note(conn, ada.account.account_id, "signed_in", now=NOON, about="Firefox on Linux")
        await events.note(conn, ada.account.account_id, "second_factor_off", now=NOON)
        cursor = await conn.execute("SELECT event_id, noted_on, length(details), details FROM security_events")
        rows = await cursor.fetchall()
    midnight = int(NOON.replace(hour=0).timestamp() * 1000)
    assert sorted((row[0].int >> 80) - midnight for row in rows) == [1, 2]
    assert len({row[2] for row in rows}) == 1
    assert all(b"Firefox" not in row[3] for row in rows)


async def test_events_are_forgotten_after_ninety_days(ada: Owner) -> None:
    async with ada.platform.db.transaction() as conn:
        await events.note(conn, ada.account.account_id, "signed_in", now=NOON)
        await events.note(conn, ada.account.account_id, "signed_in", now=NOON + timedelta(days=2))
    assert await events.forget(ada.platform, now=NOON + timedelta(days=91)) == 1
    assert len(await listed(ada)) == 1
