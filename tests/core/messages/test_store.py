import asyncio
from uuid import UUID

import msgspec
import psycopg
import pytest

from app.core.messages import queries, store
from app.core.messages.model import BlobRow, Delivery
from app.core.messages.store import Committer
from app.core.platform import Platform
from app.errors import Unavailable
from app.lib.db import Conn, Database
from app.lib.ids import new_id
from app.lib.times import utc_now
from tests.core.conftest import MakeOwner, Owner


def delivery(owner: Owner, *, size: int = 100, message_id: UUID | None = None) -> Delivery:
    """Nothing in it is sealed: what the committer stores, it does not look into."""
    blob = BlobRow(blob_id=new_id(), stored_size=1000)
    return Delivery(
        account_id=owner.account.account_id,
        message_id=message_id or new_id(),
        alias_id=owner.alias.alias_id,
        received_at=utc_now(),
        size=size,
        has_attachments=False,
        message_key=b"key",
        summary=b"summary",
        source=bytes(size),
        refs=[],
        subject_token=None,
        tokens=[-(2**63), 0, 2**63 - 1],
        blobs=(blob.blob_id,),
        new_blobs=(blob,),
    )


async def stored(platform: Platform) -> list[UUID]:
    async with platform.db.connection() as conn:
        rows = await (await conn.execute("SELECT message_id FROM messages ORDER BY message_id")).fetchall()
    return [row[0] for row in rows]


async def sums(platform: Platform) -> list[tuple[int, ...]]:
    """Messages and bytes over all accounts, messages over all aliases, rows of blobs."""
    async with platform.db.connection() as conn:
        cursor = await conn.execute(
            """SELECT (SELECT sum(message_count)::int FROM account_usage),
                      (SELECT sum(stored_bytes)::int FROM account_usage),
                      (SELECT sum(message_count)::int FROM alias_usage), (SELECT count(*)::int FROM message_blobs)"""
        )
        return await cursor.fetchall()


class Batches(list[int]):
    """How many messages each transaction that was tried held."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = asyncio.Event()


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> Batches:
    sizes = Batches()
    insert = queries.insert_deliveries

    async def recording(conn: Conn, deliveries: list[Delivery], *, shard: int) -> None:
        sizes.append(len(deliveries))
        sizes.begun.set()
        await insert(conn, deliveries, shard=shard)

    monkeypatch.setattr(queries, "insert_deliveries", recording)
    return sizes


async def test_one_message_with_all_that_belongs_to_it(platform: Platform, ada: Owner, committer: Committer) -> None:
    one = delivery(ada)
    await committer.store([one])
    assert await stored(platform) == [one.message_id]
    assert await sums(platform) == [(1, 1100, 1, 1)]
    async with platform.db.connection() as conn:
        row = await (await conn.execute("SELECT tokens FROM message_tokens")).fetchone()
    assert row == ([-(2**63), 0, 2**63 - 1],)


async def test_what_comes_together_is_committed_together(
    platform: Platform, ada: Owner, committer: Committer, batches: Batches
) -> None:
    many = [delivery(ada) for _ in range(50)]
    await asyncio.gather(*(committer.store([one]) for one in many))
    assert await stored(platform) == [one.message_id for one in many]
    assert batches == [50]
    assert await sums(platform) == [(50, 55_000, 50, 50)]


async def test_what_comes_during_a_commit_gathers_for_the_next(
    platform: Platform, ada: Owner, committer: Committer, batches: Batches
) -> None:
    first = asyncio.create_task(committer.store([delivery(ada)]))
    await batches.begun.wait()
    await asyncio.gather(first, *(committer.store([delivery(ada)]) for _ in range(9)))
    assert batches == [1, 9]
    assert len(await stored(platform)) == 10


async def test_a_batch_is_bounded_but_takes_at_least_one(
    platform: Platform, ada: Owner, committer: Committer, batches: Batches, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "MAX_BATCH_BYTES", 1000)
    sizes = [400, 600, 1, 2000, 1000]
    many = [delivery(ada, size=size) for size in sizes]
    await asyncio.gather(*(committer.store([one]) for one in many))
    assert batches == [2, 1, 1, 1]
    assert await stored(platform) == [one.message_id for one in many]


async def test_one_that_cannot_be_stored_hurts_no_other(
    platform: Platform, ada: Owner, committer: Committer, batches: Batches
) -> None:
    good = [delivery(ada) for _ in range(4)]
    await committer.store(good[:1])
    poisoned = delivery(ada, message_id=good[0].message_id)
    outcomes = await asyncio.gather(
        committer.store([good[1]]),
        committer.store([good[2], poisoned]),
        committer.store([good[3]]),
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in outcomes] == [type(None), psycopg.errors.UniqueViolation, type(None)]
    assert await stored(platform) == sorted([good[0].message_id, good[1].message_id, good[3].message_id])
    assert batches == [1, 4, 1, 2, 1]
    assert await sums(platform) == [(3, 3300, 3, 3)]
    await committer.store([delivery(ada)])
    assert await sums(platform) == [(4, 4400, 4, 4)]


async def test_a_message_for_an_alias_that_is_gone_is_refused_alone(
    platform: Platform, ada: Owner, committer: Committer
) -> None:
    orphan = msgspec.structs.replace(delivery(ada), alias_id=new_id())
    outcomes = await asyncio.gather(committer.store([orphan]), committer.store([delivery(ada)]), return_exceptions=True)
    assert isinstance(outcomes[0], psycopg.errors.ForeignKeyViolation)
    assert outcomes[1] is None
    assert len(await stored(platform)) == 1


async def test_a_database_that_is_gone_is_told_to_everyone_once(dsn: str, ada: Owner, batches: Batches) -> None:
    db = Database(dsn)
    await db.open()
    committer = Committer(db, shard=0)
    await committer.store([delivery(ada)])
    await db.close()
    outcomes = await asyncio.gather(*(committer.store([delivery(ada)]) for _ in range(5)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Unavailable] * 5
    assert batches == [1]
    assert len(await stored(ada.platform)) == 1


async def test_more_than_a_thousand_waiting_are_refused(ada: Owner, committer: Committer) -> None:
    one = delivery(ada)
    waiting = [asyncio.create_task(committer.store([])) for _ in range(store._MAX_WAITING)]
    refused = asyncio.create_task(committer.store([one]))
    with pytest.raises(Unavailable):
        await refused
    await asyncio.gather(*waiting)
    await committer.store([one])
    assert await stored(ada.platform) == [one.message_id]


async def test_whoever_hangs_up_does_not_stop_the_commit(platform: Platform, ada: Owner, committer: Committer) -> None:
    mine, theirs = delivery(ada), delivery(ada)
    cancelled = asyncio.create_task(committer.store([mine]))
    other = asyncio.create_task(committer.store([theirs]))
    await asyncio.sleep(0)
    cancelled.cancel()
    await other
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    assert await stored(platform) == [mine.message_id, theirs.message_id]


async def test_closing_waits_for_what_was_handed_over(platform: Platform, ada: Owner) -> None:
    committer = Committer(platform.db, shard=0)
    task = asyncio.create_task(committer.store([delivery(ada)]))
    await asyncio.sleep(0)
    await committer.close()
    assert len(await stored(platform)) == 1
    await task


@pytest.mark.parametrize("shards", [(0, 1), (5, 5)])
async def test_two_processes_storing_for_the_same_accounts_count_right_and_never_block_each_other(
    platform: Platform, make_owner: MakeOwner, shards: tuple[int, int]
) -> None:
    owners = [await make_owner(login) for login in ("ada", "bob", "cyd")]
    committers = [Committer(platform.db, shard=shard) for shard in shards]

    async def run(committer: Committer, order: list[Owner]) -> None:
        for _ in range(15):
            await committer.store([delivery(owner) for owner in order])

    await asyncio.gather(run(committers[0], owners), run(committers[1], owners[::-1]))
    assert await sums(platform) == [(90, 99_000, 90, 90)]
    async with platform.db.connection() as conn:
        rows = await (await conn.execute("SELECT DISTINCT shard::int FROM account_usage ORDER BY 1")).fetchall()
        by_alias = await conn.execute("SELECT sum(message_count)::int FROM alias_usage GROUP BY alias_id")
        counts = await by_alias.fetchall()
    assert [row[0] for row in rows] == sorted(set(shards))
    assert counts == [(30,), (30,), (30,)]
    for committer in committers:
        await committer.close()
