"""Whether a form was sent by a page of ours: by what the browser tells of its origin, and by a token in the form."""

import hashlib
import hmac
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler
from litestar.types import Guard

from app.errors import Forbidden
from app.vault.instance import InstanceKey
from app.vault.tokens import secrets_equal

FIELD = "csrf"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_REFUSED = "This form was not sent from this site, or its page is out of date. Open the page again and repeat."

AnyConnection = ASGIConnection[Any, Any, Any, Any]


def token(instance: InstanceKey, session_id: UUID) -> str:
    """What every form of this session carries in the field `csrf`, 64 hexadecimal digits."""
    return hmac.new(instance.subkey("csrf"), session_id.bytes, hashlib.sha256).hexdigest()


def check_token(instance: InstanceKey, session_id: UUID, sent: str) -> None:
    """Raise Forbidden unless `sent` is this session's token."""
    if not secrets_equal(token(instance, session_id), sent):
        raise Forbidden(_REFUSED, code="csrf")


def same_origin(public_url: str) -> Guard:
    """A guard: raise Forbidden when the browser says that another site sent this form.

    Ours is the public address, which a proxy may hide from `Host`, and whatever `Host` was asked for. Browsers that say
    nothing pass (the token decides), as does `Origin: null`: our own `Referrer-Policy` makes them send that, and those
    that do also send Sec-Fetch-Site wherever the connection is trustworthy.
    """
    public = urlsplit(public_url).netloc.lower()

    def guard(connection: AnyConnection, _handler: BaseRouteHandler) -> None:
        _assert_ours(connection, public)

    return guard


def _assert_ours(connection: AnyConnection, public: str) -> None:
    if connection.scope.get("method") in _SAFE_METHODS:
        return
    site, origin = connection.headers.get("sec-fetch-site"), connection.headers.get("origin")
    if site is not None:
        is_ours = site in {"same-origin", "none"}
    elif origin is not None and origin != "null":
        is_ours = urlsplit(origin).netloc.lower() in {public, connection.headers.get("host", "").lower()}
    else:
        is_ours = True
    if not is_ours:
        raise Forbidden(_REFUSED, code="csrf")
