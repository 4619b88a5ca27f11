"""The worker dies again and again while it sends to an endpoint that refuses every third request; each event arrives.

Whatever fails is tried again a fifth of a second later, where the service would wait for seconds, minutes and hours.
RESTANTE_EVENTS sets how many there are (default 600), RESTANTE_KILLS how often it dies (default 3). `bench webhooks`
does it with the whole service.
"""

import asyncio
import os
import signal
import sys
from collections import Counter
from pathlib import Path

from app.core.accounts.model import Account
from app.core.auth.model import Actor
from app.core.events import service as events
from app.core.platform import Platform
from app.core.webhooks import service as webhooks
from app.core.webhooks.model import NewWebhook
from app.lib.times import utc_now
from tests.conftest import MakeAccount
from tests.receiver import Receiver, receiving

EVENTS = int(os.environ.get("RESTANTE_EVENTS", "600"))
KILLS = int(os.environ.get("RESTANTE_KILLS", "3"))
MAX_UNWRITTEN = 20
"""Events that a worker may have sent and not yet written down."""
WORKER = """
import asyncio, sys
from datetime import timedelta
from app.config import load
from app.core.webhooks.sending import retries
from app.wiring import open_platform
from app.worker.dispatcher import dispatch

retries.PAUSES = (0.2,) * len(retries.PAUSES)
secret, dsn, keys = sys.argv[1:]
settings = {
    "RESTANTE_SECRET": secret,
    "RESTANTE_ACCOUNT_KEYS_DIR": keys,
    "RESTANTE_WEBHOOK_NETWORKS": "127.0.0.0/8",
}

async def main():
    async with open_platform(load(settings, cores=1), dsn) as platform:
        await dispatch(platform, asyncio.Event(), lease=timedelta(seconds=0.5))

asyncio.run(main())
"""


async def start_worker(dsn: str, account_keys: Path) -> asyncio.subprocess.Process:
    secret = "an instance secret that only tests know"
    return await asyncio.create_subprocess_exec(sys.executable, "-c", WORKER, secret, dsn, account_keys)


async def test_every_event_arrives_whenever_the_worker_dies(
    platform: Platform, dsn: str, tmp_path: Path, make_account: MakeAccount, actor_of: object
) -> None:
    account_keys = tmp_path / "account-keys"  # as the fixture `instance` has it
    assert callable(actor_of)
    account: Account = await make_account()
    actor: Actor = await actor_of(account)
    async with receiving() as receiver:
        receiver.judge = lambda _: 500 if len(receiver.requests) % 3 == 2 else 200
        async with platform.db.transaction() as conn:
            new = NewWebhook(url=receiver.url, event_types=("domain.verified",))
            await webhooks.create(platform, conn, actor, new, now=utc_now())
            for number in range(EVENTS):
                await events.tell(conn, account.account_id, "domain.verified", {"domain": f"{number}"}, now=utc_now())
            cursor = await conn.execute("SELECT event_id::text FROM events ORDER BY event_id")
            ids = [event_id for (event_id,) in await cursor.fetchall()]
        worker = await start_worker(dsn, account_keys)
        try:
            for kill in range(KILLS):
                await receiver.until(lambda kill=kill: len(receiver.requests) >= EVENTS * (kill + 1) // (KILLS + 1))  # type: ignore[misc]
                worker.send_signal(signal.SIGKILL)
                await worker.wait()
                worker = await start_worker(dsn, account_keys)
            await until_all_arrived(receiver, ids)
        finally:
            worker.kill()
            await worker.wait()
    told = Counter(receiver.accepted)
    print(f"{len(receiver.requests)} requests, {sum(told.values()) - len(told)} events twice, {behind(receiver)} late")  # noqa: T201 - figures
    assert set(told) == set(ids)
    assert sum(told.values()) - len(told) <= KILLS * MAX_UNWRITTEN
    assert behind(receiver) <= len(ids) // 2


async def until_all_arrived(receiver: Receiver, ids: list[str]) -> None:
    wanted = set(ids)
    async with asyncio.timeout(60 + len(ids) / 20), receiver.changed:
        await receiver.changed.wait_for(lambda: len(receiver.accepted) >= len(wanted) <= len(set(receiver.accepted)))


def behind(receiver: Receiver) -> int:
    """How many events came after one that happened later: those that were refused once."""
    newest, count = "", 0
    for event_id in dict.fromkeys(receiver.accepted):
        count += event_id < newest
        newest = max(newest, event_id)
    return count
