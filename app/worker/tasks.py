"""The jobs that run by the clock; `app.core.privacy.retention` says what is forgotten when.

A job's arguments never hold anything of a message or of what a user wrote.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import NamedTuple

from procrastinate import App, PsycopgConnector

from app.core.aliases.ends.service import tell_ended
from app.core.domains import checking
from app.core.platform import Platform
from app.core.privacy import retention
from app.lib.logs import logger
from app.lib.times import utc_now


class Job(NamedTuple):
    """What is done when, and the event that the log tells with how many there were."""

    name: str
    cron: str
    """In UTC."""
    event: str
    work: Callable[[Platform], Awaitable[int]]


async def _tell_ended_aliases(platform: Platform) -> int:
    return await tell_ended(platform, ["date", "count"], now=utc_now())


JOBS = (
    Job("apply_retention", "17 * * * *", "retention_ended", lambda on: retention.apply(on, now=utc_now())),
    Job("check_domains", "*/10 * * * *", "domains_checked", lambda on: checking.check_due(on, now=utc_now())),
    Job("tell_ended_aliases", "* * * * *", "ended_aliases_told", _tell_ended_aliases),
    Job("tell_idle_aliases", "3 * * * *", "idle_aliases_told", lambda on: tell_ended(on, ["idle"], now=utc_now())),
)


def build(connector: PsycopgConnector, platform: Platform) -> App:
    """The queue's application with every job on it; of each at most one waits to be run."""
    app = App(connector=connector)
    for job in JOBS:
        task = app.task(name=job.name, queueing_lock=job.name, pass_context=False)(partial(_run, platform, job))
        app.periodic(cron=job.cron)(task)
    return app


async def _run(platform: Platform, job: Job, timestamp: int) -> None:  # noqa: ARG001 - every periodic task is told its time
    logger().info(job.event, count=await job.work(platform))
