from collections.abc import AsyncIterator

import pytest
from procrastinate import App, PsycopgConnector

from app.core.platform import Platform
from app.core.privacy import retention
from app.errors import Unavailable
from app.worker import tasks


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


async def test_a_task_that_fails_is_marked_so_and_the_worker_goes_on(
    queue: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_platform: Platform, **_now: object) -> int:
        raise Unavailable("The bucket does not answer.")

    monkeypatch.setattr(retention, "apply", fail)
    assert await run(queue, "apply_retention") == "failed"
    assert await run(queue, "check_domains") == "succeeded"


@pytest.mark.parametrize("job", tasks.JOBS, ids=lambda job: job.name)
async def test_every_job_runs_where_there_is_nothing_to_do(queue: App, job: tasks.Job) -> None:
    assert await run(queue, job.name) == "succeeded"


async def test_the_schedule_is_one_that_the_queue_reads(queue: App) -> None:
    crons = {task.task.name: task.cron for task in queue.periodic_registry.periodic_tasks.values()}
    assert crons == {
        "apply_retention": "17 * * * *",
        "check_domains": "*/10 * * * *",
        "tell_ended_aliases": "* * * * *",
        "tell_idle_aliases": "3 * * * *",
    }
    assert all(task.queueing_lock == name for name, task in queue.tasks.items() if "builtin" not in name)
