"""One worker process: takes jobs until it is told to stop."""

import asyncio

from procrastinate import PsycopgConnector

from app.core.platform import Platform
from app.lib.logs import logger
from app.worker import tasks

_AT_ONCE = 4
_GRACE_SECONDS = 20.0
_POLL_SECONDS = 5.0


async def work(platform: Platform, dsn: str, stop: asyncio.Event) -> None:
    """Run jobs, four at once, until `stop` is set; those running then have 20 s to end, and start again elsewhere."""
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
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait({worker, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not worker.done():
            worker.cancel()
        await asyncio.gather(worker, return_exceptions=stop.is_set())
    logger().info("worker_stopped")
