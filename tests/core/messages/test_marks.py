"""What marks say of a time and a size, and that the migration made the same for messages that had none."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.messages import marks
from app.lib.ids import first_id_at
from tests.core.conftest import Deliver, Owner

MIGRATION = Path(__file__).parents[3] / "migrations" / "0005_marks.sql"
ACCOUNT, OTHER = UUID(int=1), UUID(int=2)


@given(st.integers(0, 1 << 40), st.integers(0, 1 << 40), st.integers(0, 1 << 40))
def test_the_tokens_of_sizes_leave_none_out(size: int, least: int, most: int) -> None:
    asked = marks.sizes(ACCOUNT, least=least, most=most)
    own = marks.of_message(ACCOUNT, UUID(int=0), size)[-1]
    if least <= size <= most:
        assert own in asked
    if size * 2 < least or size > most * 2 + 1:
        assert own not in asked
    assert (own in marks.sizes(ACCOUNT, least=least, most=None)) >= (size >= least)


def test_messages_share_a_span_when_they_came_in_it() -> None:
    start = datetime.fromtimestamp((1 << 32) * 400 / 1000, tz=UTC)
    first, *others = (
        set(marks.of_message(ACCOUNT, first_id_at(start + timedelta(milliseconds=after)), 1)[:-1])
        for after in (0, (1 << 20) - 1, 1 << 20, 1 << 24, 1 << 28, (1 << 32) - 1, 1 << 32)
    )
    assert [len(first & other) for other in others] == [4, 3, 2, 1, 1, 0]


def test_accounts_share_no_mark() -> None:
    assert not set(marks.of_message(ACCOUNT, UUID(int=0), 5)) & set(marks.of_message(OTHER, UUID(int=0), 5))


@pytest.mark.anyio
async def test_the_migration_marks_what_came_before_it(ada: Owner, deliver: Deliver) -> None:
    for length in (1, 40, 5000):
        await deliver(b"Subject: x\r\n\r\n" + b"y" * length, "ada-alias@restante.test")
    async with ada.platform.db.transaction() as conn:
        await conn.execute("UPDATE messages SET size = 0 WHERE size < 20")
        rows = await (
            await conn.execute("SELECT message_id, size FROM messages JOIN message_tokens USING (message_id)")
        ).fetchall()
        await conn.execute("UPDATE message_tokens SET tokens = '{7}'")
        await conn.execute(MIGRATION.read_bytes())
        found = dict(await (await conn.execute("SELECT message_id, tokens FROM message_tokens")).fetchall())
    assert 0 in [size for _, size in rows]
    for message_id, size in rows:
        assert found[message_id] == [7, *marks.of_message(ada.actor.account_id, message_id, size)]
