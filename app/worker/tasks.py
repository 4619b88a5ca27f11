"""The jobs that run by the clock. A job's arguments never hold anything of a message or of what a user wrote."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import NamedTuple

from procrastinate import App, PsycopgConnector

from app.core.aliases.ends.service import tell_ended
from app.core.aliases.files import waiting
from app.core.auth import service as auth
from app.core.domains import checking
from app.core.events import service as events
from app.core.filing import deletion
from app.core.idempotency import service as idempotency
from app.core.messages.sweep import sweep
from app.core.platform import Platform
from app.core.refusals import service as refusals
from app.core.rules import service as rules
from app.core.senders import service as senders
from app.lib.logs import logger
from app.lib.times import utc_now, utc_today


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
    Job("check_domains", "*/10 * * * *", "domains_checked", lambda on: checking.check_due(on, now=utc_now())),
    Job("empty_trash", "29 * * * *", "trash_emptied", lambda on: deletion.empty_trash(on, now=utc_now())),
    Job("forget_alias_files", "11 * * * *", "alias_files_forgotten", lambda on: waiting.forget_old(on, now=utc_now())),
    Job("forget_deleted_rules", "53 * * * *", "rules_forgotten", lambda on: rules.forget_deleted(on, now=utc_now())),
    Job(
        "forget_ended_sessions",
        "17 * * * *",
        "sessions_forgotten",
        lambda on: auth.forget_ended_sessions(on.db, now=utc_now()),
    ),
    Job("forget_events", "47 * * * *", "events_forgotten", lambda on: events.forget(on, now=utc_now())),
    Job("forget_idempotency", "23 * * * *", "idempotency_forgotten", lambda on: idempotency.forget(on, now=utc_now())),
    Job("forget_refusals", "37 * * * *", "refusals_forgotten", lambda on: refusals.forget(on, now=utc_now())),
    Job("forget_weeks", "7 4 * * 1", "weeks_forgotten", lambda on: senders.forget_weeks(on, today=utc_today())),
    Job("sweep_objects", "43 3 * * *", "objects_swept", lambda on: sweep(on, now=utc_now())),
    Job("tell_ended_aliases", "* * * * *", "ended_aliases_told", _tell_ended_aliases),
    Job("tell_idle_aliases", "3 * * * *", "idle_aliases_told", lambda on: tell_ended(on, ["idle"], now=utc_now())),
    Job("wipe_payloads", "41 * * * *", "payloads_wiped", lambda on: events.wipe_payloads(on, now=utc_now())),
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
