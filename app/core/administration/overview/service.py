"""How the whole service does, for its administrators: numbers alone, nothing of any account."""

import asyncio
import shutil
from datetime import datetime, timedelta
from importlib import metadata

from app.core.administration import audit
from app.core.administration.overview import queries
from app.core.administration.overview.model import Disk, Job, Overview
from app.core.auth.model import Actor
from app.core.platform import Platform
from app.core.tallies import service as tallies
from app.errors import Conflict, Unavailable
from app.lib.db import Conn

_WEEK = timedelta(days=6)


async def overview(platform: Platform, *, now: datetime) -> Overview:
    """All numbers of this moment. Raises Unavailable."""
    async with platform.db.connection() as conn:
        database, stock, queue = (
            await queries.database(conn),
            await queries.stock(conn),
            await queries.queue(conn, now=now),
        )
        accounts = await queries.accounts(conn)
        today = await tallies.sums(conn, "mail", since=now.date())
        connections = await tallies.sums(conn, "connections", since=now.date())
        week = await tallies.sums(conn, "mail", since=now.date() - _WEEK)
    if database is None or stock is None or queue is None:
        raise Unavailable("The database tells nothing of itself.")
    return Overview(
        version=metadata.version("restante"),
        database=database,
        accounts=tuple(accounts),
        stock=stock,
        queue=queue,
        disk=await asyncio.to_thread(_disk, platform),
        today=now.date(),
        mail_today=today,
        mail_of_week=week,
        connections_today=connections,
    )


async def jobs(conn: Conn, *, limit: int) -> list[Job]:
    """Jobs that failed, run or wait, in this order; at most 200. Failed ones are forgotten after a day."""
    return await queries.jobs(conn, limit=limit)


async def retry(conn: Conn, actor: Actor, job_id: int, *, now: datetime) -> None:
    """Have a failed job done now. Raises Conflict where there is none such, or one like it waits already."""
    if not await queries.retry_job(conn, job_id, now=now):
        raise Conflict("There is nothing to repeat: the job has not failed, or the next one like it waits already.")
    await audit.note(conn, actor, "jobs_retried", subject=str(job_id))


def _disk(platform: Platform) -> Disk:
    usage = shutil.disk_usage(platform.data_dir)
    return Disk(free=usage.free, total=usage.total)
