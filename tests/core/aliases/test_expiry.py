from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.core.aliases import expiry, listing
from app.core.aliases.model import Ending, Listing
from tests.core.conftest import Owner

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
TODAY = NOW.date()
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)

# (end, messages left, idle days, idle from, last message, why it has expired)
TABLE: list[tuple[datetime | None, int | None, int | None, date | None, date | None, Ending | None]] = [
    (None, None, None, None, None, None),
    (NOW, None, None, None, None, "date"),
    (NOW + SECOND, None, None, None, None, None),
    (None, 0, None, None, None, "count"),
    (None, 1, None, None, None, None),
    (None, None, 30, TODAY - 30 * DAY, None, None),
    (None, None, 30, TODAY - 31 * DAY, None, "idle"),
    (None, None, 30, TODAY - 90 * DAY, TODAY - 30 * DAY, None),
    (None, None, 30, TODAY - 90 * DAY, TODAY - 31 * DAY, "idle"),
    (None, None, 30, TODAY, TODAY - 90 * DAY, None),
    (None, None, 30, None, None, None),
    (None, None, None, TODAY - 90 * DAY, TODAY - 90 * DAY, None),
    (NOW - DAY, 0, 1, TODAY - 90 * DAY, None, "date"),
]


def test_an_alias_ends_when_its_owner_said() -> None:
    for end, left, idle_days, idle_from, last, why in TABLE:
        found = expiry.ending(
            expires_at=end,
            messages_left=left,
            idle_days=idle_days,
            idle_from=idle_from,
            last_received_on=last,
            now=NOW,
        )
        assert found == why, (end, left, idle_days, idle_from, last)


@given(st.integers(1, 400), st.integers(0, 800))
def test_idleness_is_counted_in_whole_days(idle_days: int, silent: int) -> None:
    last = TODAY - silent * DAY
    found = expiry.ending(
        expires_at=None, messages_left=None, idle_days=idle_days, idle_from=None, last_received_on=last, now=NOW
    )
    assert (found == "idle") is (silent > idle_days)


async def test_lists_say_the_same(ada: Owner) -> None:
    account_id, alias_id = ada.account.account_id, ada.alias.alias_id
    async with ada.platform.db.connection() as conn:
        for end, left, idle_days, idle_from, last, why in TABLE:
            await conn.execute("DELETE FROM alias_usage")
            if last is not None:
                await conn.execute(
                    """INSERT INTO alias_usage (account_id, alias_id, shard, message_count, last_received_on)
                       VALUES (%s, %s, 0, 1, %s)""",
                    (account_id, alias_id, last),
                )
            await conn.execute(
                "UPDATE aliases SET expires_at = %s, messages_left = %s, idle_days = %s, idle_from = %s",
                (end, left, idle_days, idle_from),
            )
            for wanted in (Listing(state="expired"), Listing(state="on")):
                found = await listing.page(conn, account_id, ada.actor.keyring, wanted, limit=9, now=NOW)
                assert bool(found) is ((why is not None) is (wanted.state == "expired")), (why, wanted.state)
