"""Gives every webhook that has something due its turn, many at once, woken by who made it due and each second."""

import asyncio
from datetime import timedelta

from app.core.platform import Platform
from app.core.webhooks.sending import turn
from app.core.webhooks.sending.model import Held
from app.errors import CannotOpen, Unavailable
from app.lib.logs import error_fields, logger
from app.lib.times import utc_now

_AT_ONCE = 128
"""Webhooks; those whose endpoints hang take their place for 15 s."""
_LOOK_SECONDS = 1.0
_GATHER_SECONDS = 0.02
"""Between two looks, however often they are asked for; the first comes at once."""


async def dispatch(platform: Platform, stop: asyncio.Event, *, lease: timedelta = turn.LEASE) -> None:
    """Send until `stop` is set, and end the requests that are under way then; cancelled, leave them."""
    woken = asyncio.Event()
    unsubscribe = platform.listener.subscribe("webhooks", lambda _: woken.set())
    turns: set[asyncio.Task[None]] = set()
    stopped = asyncio.create_task(stop.wait())
    try:
        while not stop.is_set():
            woken.clear()
            for held in await _claimed(platform, _AT_ONCE - len(turns), lease):
                task = asyncio.create_task(_serve(platform, held, stop, lease))
                turns.add(task)
                task.add_done_callback(turns.discard)
                task.add_done_callback(lambda _: woken.set())
            await asyncio.wait({stopped}, timeout=_GATHER_SECONDS)
            waking = asyncio.create_task(woken.wait())
            await asyncio.wait({waking, stopped}, timeout=_LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            waking.cancel()
        await asyncio.gather(*turns)
    finally:
        unsubscribe()
        stopped.cancel()
        for one in turns:
            one.cancel()


async def _claimed(platform: Platform, room: int, lease: timedelta) -> list[Held]:
    if not room:
        return []
    try:
        return await turn.claim(platform, now=utc_now(), limit=room, lease=lease)
    except Unavailable as error:
        logger().warning("webhooks_not_claimed", **error_fields(error))
        return []


async def _serve(platform: Platform, held: Held, stop: asyncio.Event, lease: timedelta) -> None:
    """Whatever happens to one webhook leaves the others alone; its lease ends by itself."""
    try:
        await turn.serve(platform, held, stop, clock=utc_now, lease=lease)
    except (Unavailable, CannotOpen) as error:
        logger().warning("webhook_turn_failed", webhook_id=str(held.webhook_id), **error_fields(error))
    except Exception as error:  # noqa: BLE001 - a fault of ours
        logger().error("webhook_turn_broke", webhook_id=str(held.webhook_id), **error_fields(error))
