"""One worker process: takes jobs, and sends to webhooks, until it is told to stop."""

import asyncio

from procrastinate import PsycopgConnector

from app.core.platform import Platform
from app.lib.logs import logger
from app.worker import tasks
from app.worker.dispatcher import dispatch

_AT_ONCE = 4
_GRACE_SECONDS = 20.0
_POLL_SECONDS = 5.0


async def work(platform: Platform, dsn: str, stop: asyncio.Event) -> None:
    """Run jobs, four at once, and send to webhooks until `stop` is set. Jobs that run then have 20 s to end, and start
    again elsewhere; requests end by themselves.
    """
    connector = PsycopgConnector(conninfo=dsn, min_size=1, max_size=_AT_ONCE + 2)
    app = tasks.build(connector, platform)
    async with app.open_async():
        worker = asyncio.create_task(
            app.run_worker_async(
                concurrency=_AT_ONCE,
                install_signal_handlers=False,
                fetch_job_polling_interval=_POLL_SECONDS,
                shutdown_graceful_timeout=_GRACE_SECONDS,
            )
        )
        dispatcher = asyncio.create_task(dispatch(platform, stop))
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait({worker, dispatcher, stopped}, return_when=asyncio.FIRST_COMPLETED)
        is_told = stop.is_set()
        stop.set()
        stopped.cancel()
        if not worker.done():
            worker.cancel()
        ended = await asyncio.gather(worker, dispatcher, return_exceptions=True)
        faults = [one for one in ended if isinstance(one, Exception)]
        if faults and not is_told:
            raise faults[0]
    logger().info("worker_stopped")
