"""One SMTP process: listens on a socket that others may share, until it is told to stop."""

import asyncio
import socket
import ssl
from functools import partial

from app.core.messages.store import Committer
from app.core.platform import Platform
from app.core.refusals.recorder import Recorder
from app.lib.logs import logger
from app.lib.ratelimit import NetworkLimits
from app.smtp.connections import Connections
from app.smtp.reception import Reception
from app.smtp.session import Session
from app.smtp.settings import Settings

GRACE_SECONDS = 20
"""How long a message under way may still take once the server is told to stop."""


async def serve(
    platform: Platform,
    settings: Settings,
    limits: NetworkLimits,
    listener: socket.socket,
    tls: ssl.SSLContext,
    stop: asyncio.Event,
) -> None:
    """Take mail until `stop` is set; then finish the messages under way and say 421 to everyone else."""
    loop = asyncio.get_running_loop()
    committer = Committer(platform.db, shard=platform.shard)
    recorder = Recorder(platform.db)
    tell = partial(platform.tallies.count, "connections")
    connections = Connections(limits, most=settings.max_connections, tell=tell)

    def session() -> Session:
        return Session(
            settings,
            connections,
            lambda mail, secured: Reception(platform, committer, recorder, mail, secured),
            tls=tls,
            loop=loop,
        )

    server = await loop.create_server(session, sock=listener, backlog=1024)
    await stop.wait()
    server.close()
    left = await connections.close(seconds=GRACE_SECONDS)
    await committer.close()
    await recorder.close()
    logger().info("smtp_stopped", connections_left=left)
