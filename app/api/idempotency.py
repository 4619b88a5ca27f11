"""Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): what is sent again is not carried out again."""

import re
from functools import partial

from litestar import Response
from litestar.types import HTTPScope

from app.api.answers import Answer, company
from app.api.auth import AuthedRequest
from app.api.body import whole_body
from app.api.errors import SECURITY_HEADERS, Malformed
from app.core.auth.model import Actor
from app.core.idempotency import service as idempotency
from app.core.idempotency.model import Answer as KeptAnswer
from app.core.idempotency.model import Attempt
from app.core.platform import Platform
from app.errors import RestanteError
from app.lib.db import Conn
from app.lib.logs import error_fields, logger
from app.lib.times import utc_now

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_KEY = re.compile(r'"[\x21\x23-\x5b\x5d-\x7e]{1,255}"|[\x21\x23-\x5b\x5d-\x7e]{1,255}')
"""A string of RFC 9651 without escapes, or the same without its quotes, which most clients leave out."""
_ATTEMPT = "attempt"
_REPLAYED = "Idempotency-Replayed"
_OF_EVERY_ANSWER = frozenset({"content-length", *(name.lower() for name in SECURITY_HEADERS)})


async def begin(platform: Platform, request: AuthedRequest) -> Response[bytes] | None:
    """Claim the key that a change carries; where it was carried out already, what it was answered.

    Raises Malformed, and what `service.claim` raises.
    """
    given = request.headers.getall("idempotency-key", [])
    if not given or request.method in _SAFE or request.route_handler.opt.get("streams_body"):
        return None  # what streams its body knows itself what it has seen
    key = given[0].strip()
    if len(given) > 1 or not _KEY.fullmatch(key):
        raise Malformed("Give one Idempotency-Key of 1 to 255 visible ASCII characters.", code="bad_idempotency_key")
    attempt, answer = await idempotency.claim(
        platform, request.user, key.strip('"'), await _fingerprint(request), now=utc_now()
    )
    if answer is not None:
        return _again(answer)
    request.scope["state"][_ATTEMPT] = (request.user, attempt)
    company(request.scope).last = partial(_commit, attempt)
    return None


class Settle:
    """A step: keep what the request was answered, or give its key back."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def __call__(self, scope: HTTPScope, answer: Answer) -> None:
        """Failing here takes nothing back: the work is done and the answer goes out."""
        held: tuple[Actor, Attempt] | None = scope["state"].pop(_ATTEMPT, None)
        if held is None:
            return
        actor, attempt = held
        kept = None if answer.body is None else _kept(answer, answer.body)
        try:
            await idempotency.settle(self._platform, actor, attempt, kept)
        except RestanteError as error:
            logger().warning("idempotency_answer_not_kept", **error_fields(error))


async def _commit(attempt: Attempt, conn: Conn) -> None:
    await idempotency.commit(conn, attempt)


async def _fingerprint(request: AuthedRequest) -> bytes:
    """What makes a request the same: method, address, type and body."""
    scope = request.scope
    head = (request.method, scope["path"], scope["query_string"].decode("latin-1"), request.content_type[0])
    return b"\n".join([*(part.encode("utf-8", "surrogatepass") for part in head), await whole_body(request)])


def _kept(answer: Answer, body: bytes) -> KeptAnswer:
    fields = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.headers]
    told = tuple(field for field in fields if field[0] not in _OF_EVERY_ANSWER)
    return KeptAnswer(status=answer.status, headers=told, body=body)


def _again(kept: KeptAnswer) -> Response[bytes]:
    headers = dict(kept.headers)
    media_type = headers.pop("content-type", None)
    return Response(kept.body, status_code=kept.status, headers=headers | {_REPLAYED: "true"}, media_type=media_type)
