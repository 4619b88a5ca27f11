"""On which day a key was last used: written down once a key and day, after the answer has gone out."""

from litestar.types import ASGIApp, Receive, Scope, Send

from app.core.auth.keys import service as keys
from app.core.auth.model import Actor
from app.core.platform import Platform
from app.errors import RestanteError
from app.lib.logs import error_fields, logger
from app.lib.times import utc_today


class Uses:
    """ASGI middleware around all others. What a key asked for counts, also where it was refused."""

    def __init__(self, app: ASGIApp, platform: Platform) -> None:
        self._app = app
        self._platform = platform

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; then note its key, where today's use is not known yet."""
        try:
            await self._app(scope, receive, send)
        finally:
            actor = scope.get("user")
            if isinstance(actor, Actor) and actor.key_id is not None and actor.used_on != (today := utc_today()):
                try:
                    async with self._platform.db.transaction() as conn:
                        await keys.note_use(conn, actor.account_id, actor.key_id, today)
                except RestanteError as error:
                    logger().warning("key_use_not_noted", **error_fields(error))
