from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from procrastinate import App, PsycopgConnector

from app.core.accounts.model import Account
from app.core.auth import service as auth
from app.core.platform import Platform
from app.errors import Unauthenticated, Unavailable
from app.lib.ids import first_id_at, new_id
from app.lib.times import utc_now
from app.worker import tasks
from tests.conftest import MakeAccount


@pytest.fixture
async def queue(platform: Platform, dsn: str) -> AsyncIterator[App]:
    app = tasks.build(PsycopgConnector(conninfo=dsn, min_size=1, max_size=2), platform)
    async with app.open_async():
        yield app


async def run(queue: App, name: str) -> str:
    """Defer the task, let a worker do what there is, and tell how it went."""
    job_id = await queue.configure_task(name).defer_async(timestamp=0)
    await queue.run_worker_async(wait=False, install_signal_handlers=False, listen_notify=False)
    return (await queue.job_manager.get_job_status_async(job_id)).value


async def start_session(platform: Platform, account: Account, age: timedelta) -> str:
    async with platform.db.transaction() as conn:
        return (await auth.start_session(conn, account, now=utc_now() - age)).cookie


async def test_ended_sessions_are_forgotten(platform: Platform, queue: App, make_account: MakeAccount) -> None:
    made = await make_account()
    alive = await start_session(platform, made, timedelta(days=6))
    await start_session(platform, made, timedelta(days=8))
    assert await run(queue, "forget_ended_sessions") == "succeeded"
    async with platform.db.connection() as conn:
        assert (await auth.by_session(conn, platform.instance, alive, now=utc_now())).login == made.login
        assert await (await conn.execute("SELECT count(*) FROM sessions")).fetchone() == (1,)
        with pytest.raises(Unauthenticated):
            await auth.by_session(conn, platform.instance, alive, now=utc_now() + timedelta(days=2))


async def test_objects_that_no_message_names_are_swept(
    platform: Platform, queue: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = await platform.blobs.open_writer(f"{new_id()}/{new_id()}")
    await writer.write(b"x")
    await writer.commit()
    assert await run(queue, "sweep_objects") == "succeeded"
    assert len([info async for info in platform.blobs.list()]) == 1
    monkeypatch.setattr(tasks, "utc_now", lambda: utc_now() + timedelta(days=2))
    assert await run(queue, "sweep_objects") == "succeeded"
    assert [info async for info in platform.blobs.list()] == []


async def test_the_trash_is_emptied_after_thirty_days(
    platform: Platform, queue: App, make_account: MakeAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    account_id, message_id, alias_id = (await make_account()).account_id, new_id(), new_id()
    async with platform.db.transaction() as conn:
        await conn.execute(
            "INSERT INTO aliases VALUES (%s, %s, 'a@restante.test', true, 'refuse', '')", (account_id, alias_id)
        )
        await conn.execute(
            """INSERT INTO messages (account_id, message_id, alias_id, thread_id, folder, is_read, is_starred,
                                     received_at, size, has_attachments, trashed_at)
               VALUES (%s, %s, %s, %s, 'trash', false, false, now(), 1, false, now())""",
            (account_id, message_id, alias_id, message_id),
        )

    async def count() -> object:
        async with platform.db.connection() as conn:
            return await (await conn.execute("SELECT count(*) FROM messages")).fetchone()

    assert await run(queue, "empty_trash") == "succeeded"
    assert await count() == (1,)
    monkeypatch.setattr(tasks, "utc_now", lambda: utc_now() + timedelta(days=31))
    assert await run(queue, "empty_trash") == "succeeded"
    assert await count() == (0,)


async def test_refusals_are_forgotten_after_thirty_days_and_deleted_rules_after_one(
    platform: Platform, queue: App, make_account: MakeAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    account_id, alias_id = (await make_account()).account_id, new_id()
    async with platform.db.transaction() as conn:
        await conn.execute(
            "INSERT INTO aliases VALUES (%s, %s, 'a@restante.test', true, 'refuse', '')", (account_id, alias_id)
        )
        await conn.execute(
            """INSERT INTO refusals (account_id, refusal_id, alias_id, refused_on, code, reason, details, count)
               VALUES (%s, %s, %s, %s, 550, 'alias_disabled', '', 1)""",
            (account_id, new_id(), alias_id, utc_now().date()),
        )
        for deleted_at in (utc_now(), None):
            await conn.execute(
                """INSERT INTO sender_rules (account_id, rule_id, verdict, kind, matcher, label, deleted_at)
                   VALUES (%s, %s, 'block', 'domain', '', '', %s)""",
                (account_id, new_id(), deleted_at),
            )

    async def counts_after(days: int) -> object:
        monkeypatch.setattr(tasks, "utc_now", lambda: utc_now() + timedelta(days=days))
        assert await run(queue, "forget_refusals") == "succeeded"
        assert await run(queue, "forget_deleted_rules") == "succeeded"
        async with platform.db.connection() as conn:
            counts = "SELECT (SELECT count(*) FROM refusals), (SELECT count(*) FROM sender_rules)"
            return await (await conn.execute(counts)).fetchone()

    assert await counts_after(0) == (1, 2)
    assert await counts_after(2) == (1, 1)
    assert await counts_after(30) == (1, 1)
    assert await counts_after(31) == (0, 1)


async def test_a_task_that_fails_is_marked_so_and_the_worker_goes_on(
    queue: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_platform: Platform, **_now: object) -> int:
        raise Unavailable("The bucket does not answer.")

    monkeypatch.setattr(tasks, "sweep", fail)
    assert await run(queue, "sweep_objects") == "failed"
    assert await run(queue, "forget_ended_sessions") == "succeeded"


@pytest.mark.parametrize("job", tasks.JOBS, ids=lambda job: job.name)
async def test_every_job_runs_where_there_is_nothing_to_do(queue: App, job: tasks.Job) -> None:
    assert await run(queue, job.name) == "succeeded"


async def test_the_schedule_is_one_that_the_queue_reads(queue: App) -> None:
    crons = {task.task.name: task.cron for task in queue.periodic_registry.periodic_tasks.values()}
    assert crons == {
        "check_domains": "*/10 * * * *",
        "empty_trash": "29 * * * *",
        "forget_alias_files": "11 * * * *",
        "forget_deleted_rules": "53 * * * *",
        "forget_ended_sessions": "17 * * * *",
        "forget_events": "47 * * * *",
        "forget_idempotency": "23 * * * *",
        "forget_refusals": "37 * * * *",
        "forget_weeks": "7 4 * * 1",
        "sweep_objects": "43 3 * * *",
        "tell_ended_aliases": "* * * * *",
        "tell_idle_aliases": "3 * * * *",
        "wipe_payloads": "41 * * * *",
    }
    assert all(task.queueing_lock == name for name, task in queue.tasks.items() if "builtin" not in name)


async def test_idempotency_keys_are_forgotten_after_a_day(
    platform: Platform, queue: App, make_account: MakeAccount
) -> None:
    made = await make_account()
    async with platform.db.transaction() as conn:
        for hours in (23, 25):
            await conn.execute(
                """INSERT INTO idempotency_keys (account_id, digest, attempt_id, fingerprint, claimed_at, leased_until)
                   VALUES (%(account_id)s, %(digest)s, %(account_id)s, '', %(at)s, %(at)s)""",
                {"account_id": made.account_id, "digest": bytes([hours]), "at": utc_now() - timedelta(hours=hours)},
            )
    assert await run(queue, "forget_idempotency") == "succeeded"
    async with platform.db.connection() as conn:
        assert await (await conn.execute("SELECT digest FROM idempotency_keys")).fetchall() == [(bytes([23]),)]


async def test_files_of_aliases_are_forgotten_after_a_day(
    platform: Platform, queue: App, make_account: MakeAccount
) -> None:
    made = await make_account()
    async with platform.db.transaction() as conn:
        for age in (timedelta(hours=23), timedelta(hours=25)):
            await conn.execute(
                "INSERT INTO alias_imports (account_id, import_id, contents) VALUES (%s, %s, '')",
                (made.account_id, first_id_at(utc_now() - age)),
            )
    assert await run(queue, "forget_alias_files") == "succeeded"
    async with platform.db.connection() as conn:
        assert await (await conn.execute("SELECT count(*) FROM alias_imports")).fetchone() == (1,)
