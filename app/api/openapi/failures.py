"""What can go wrong, by code: the status, a sentence, and which routes it can happen to."""

from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from litestar.handlers import HTTPRouteHandler

from app.api.body import accepted_types


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """A code of problem documents."""

    status: HTTPStatus
    says: str
    """What its `detail` says, or much like it."""


def _all(status: HTTPStatus, **sentences: str) -> dict[str, Failure]:
    return {code: Failure(status=status, says=says) for code, says in sentences.items()}


FAILURES: Mapping[str, Failure] = {
    **_all(
        HTTPStatus.BAD_REQUEST,
        malformed="The body is not valid JSON in UTF-8.",
        bad_request="The request cannot be read.",
        bad_idempotency_key="Give one Idempotency-Key of 1 to 255 visible ASCII characters.",
    ),
    **_all(
        HTTPStatus.UNAUTHORIZED,
        unauthenticated="Send an API key: `Authorization: Bearer <key>`.",
        wrong_key="This API key is not valid.",
        expired="This API key has expired. Make a new one.",
    ),
    **_all(
        HTTPStatus.FORBIDDEN,
        suspended="This account is suspended. Ask the administrator of this service.",
        account_leaving="This account is to be deleted. Sign in in a browser to keep it.",
        scope_missing="This API key may not do this: it needs the scope that the error names.",
        key_bound="This API key is bound to a part of the account, and this is not in it.",
        key_too_strong="This API key cannot make such a key.",
        not_admin="Only administrators can change the shared domains.",
        alias_limit="You have as many aliases as your account may have. Delete some first.",
        category_limit="You have 40 categories already. Delete one first.",
        storage_limit="There is no room left for this message in your account.",
        domain_limit="You have as many domains as your account may have.",
        too_many_rules="You have 10,000 rules already. Delete some first.",
        too_many_keys="There are 100 keys already; revoke one first.",
        webhook_limit="An account has at most 20 webhooks. Delete one that you no longer use.",
    ),
    **_all(
        HTTPStatus.NOT_FOUND,
        not_found="There is nothing here. What belongs to another account is told in the same way.",
        event_gone="What this event told is deleted, so it cannot be told again.",
        content_missing="This file is no longer in the store. The operator of this service may have a backup of it.",
    ),
    **_all(
        HTTPStatus.CONFLICT,
        address_taken="This address is taken, or was once: addresses are never given to anybody else.",
        alias_deleted="This alias is deleted. Restore it first.",
        role_address="Every domain must answer for this address.",
        category_taken="You have a category of this name.",
        domain_taken="This domain is there already.",
        domain_configured="This domain is part of the service's configuration.",
        domain_in_use="There are aliases on this domain, or were once.",
        rule_exists="There is another rule about this sender by now.",
        webhook_disabled="This webhook is switched off. Switch it on first.",
        idempotency_in_progress="The first request with this key is still at work.",
        idempotency_answer_lost="This request was carried out, but its answer is lost. Look at what there is now.",
        idempotency_lease_ended="This took too long, and nothing was done. Please try again.",
    ),
    **_all(HTTPStatus.REQUEST_TIMEOUT, too_slow="The body took too long. Send it again."),
    **_all(
        HTTPStatus.PRECONDITION_FAILED,
        precondition_failed="It is no longer what `If-Match` names. Fetch it anew.",
    ),
    **_all(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, too_large="The body is too large: it may have 64 KiB here."),
    **_all(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        unsupported_media_type="Send the body as application/json.",
        unsupported_content_coding="Send the body as it is, without Content-Encoding.",
    ),
    **_all(
        HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
        range_not_satisfiable="The bytes asked for lie beyond the end of the file.",
    ),
    **_all(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        invalid="What was sent is not right; `errors` says where.",
        idempotency_key_reused="This Idempotency-Key came with another request. Take a new one.",
    ),
    **_all(
        HTTPStatus.TOO_MANY_REQUESTS,
        alias_rate="That is many new aliases in a short time. Try again later.",
        checked_just_now="This domain was checked just now.",
        rate_limited="Too many requests. Wait a moment.",
        too_many_wrong_keys="Too many wrong keys came from your network. Wait a moment.",
        too_many_waiting="Too many of your requests wait here at once.",
    ),
    **_all(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        internal="Something went wrong on our side. It has been noted; please try again later.",
        cannot_open="This cannot be decrypted: it was changed, or sealed elsewhere.",
    ),
    **_all(
        HTTPStatus.SERVICE_UNAVAILABLE,
        unavailable="The database does not answer. Please try again in a moment.",
        restarting="This part of the service is being restarted. Ask again at once.",
        deadlock="Two changes waited for each other. Please try again.",
        storage_full="There is no room to store this now. Please try again later.",
        storage_refused="The file store does not answer. Please try again in a moment.",
        storage_missing="The file store does not answer. Please try again in a moment.",
        storage_unreachable="The file store does not answer. Please try again in a moment.",
        storage_failed="The file store does not answer. Please try again in a moment.",
    ),
}
"""Every code that the API answers with. `code` does not change; the sentences may."""

_ALWAYS = tuple(
    code
    for code, failure in FAILURES.items()
    if failure.status >= HTTPStatus.INTERNAL_SERVER_ERROR or code == "bad_request"
)
_WITH_KEY = (
    *("unauthenticated", "wrong_key", "expired", "suspended", "account_leaving"),
    *("rate_limited", "too_many_wrong_keys"),
)
_WITH_BODY = ("malformed", "too_large", "too_slow", "unsupported_media_type", "unsupported_content_coding", "invalid")
_WITH_CHANGE = (
    *("bad_idempotency_key", "idempotency_in_progress", "idempotency_answer_lost", "idempotency_lease_ended"),
    *("idempotency_key_reused", "too_slow", "too_large"),
)
_STREAMED = ("content_missing", "precondition_failed", "range_not_satisfiable")
CHANGES = frozenset({"POST", "PATCH", "PUT", "DELETE"})
"""Methods that can be sent with an Idempotency-Key, unless the route reads its body as it comes."""


def failures_of(handler: HTTPRouteHandler, *, has_path: bool) -> dict[str, Failure]:
    """What a request to this route may be answered with: its own `fails`, and what comes with what it takes."""
    # Parameters that a route does not know are invalid, so any route can say so.
    codes: list[str] = [*_ALWAYS, "invalid", *handler.opt.get("fails", ())]
    if not handler.opt.get("is_public"):
        codes += _WITH_KEY
        if handler.opt.get("scope"):
            codes.append("scope_missing")
        if not handler.opt.get("for_bound_keys"):
            codes.append("key_bound")
    if handler.http_methods & CHANGES and not handler.opt.get("streams_body"):
        codes += _WITH_CHANGE
    if handler.http_methods & (CHANGES - {"POST"}):
        codes.append("precondition_failed")
    if accepted_types(handler):
        codes += _WITH_BODY
    if has_path:
        codes.append("not_found")
    if handler.opt.get("has_ranges"):
        codes += _STREAMED
    return {code: FAILURES[code] for code in FAILURES if code in set(codes)}


def by_status(failures: Mapping[str, Failure]) -> dict[HTTPStatus, dict[str, Failure]]:
    """The same, gathered under their statuses, in order."""
    found: dict[HTTPStatus, dict[str, Failure]] = {}
    for code, failure in failures.items():
        found.setdefault(failure.status, {})[code] = failure
    return found
