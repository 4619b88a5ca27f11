"""Rules about senders: /blocks and /allows, which differ in nothing but the verdict; letting held mail in; refusals."""

from uuid import UUID

from litestar import Response, delete, get, post
from litestar.params import FromPath, FromQuery

from app.api.auth import AuthedRequest
from app.api.body import read_body
from app.api.paging import DEFAULT_LIMIT, Cursor, Limit, cut_page, read_cursor, write_cursor
from app.api.platform import GivenPlatform
from app.api.schemas.envelopes import Data, Page
from app.api.schemas.rules import (
    NewRuleBody,
    ReleaseBody,
    ReleasedResource,
    RuleBatchBody,
    RuleResource,
    WrittenResource,
    rule_resource,
    written_resource,
)
from app.core.auth.model import Actor
from app.core.platform import Platform
from app.core.refusals import service as refusals
from app.core.refusals.resources import RefusalResource, refusal_resource
from app.core.rules import bulk, finding, held, judging
from app.core.rules import service as rules
from app.core.rules.judging import Judgement
from app.core.rules.model import Made, NewRule, Rule, Scope, Verdict
from app.errors import FieldError, Invalid, NotFound
from app.lib.db import Conn
from app.lib.times import utc_now

_BLOCKS, _ALLOWS = "/blocks", "/allows"
_ONE = "/{rule_id:uuid}"
_MAX_BATCH_BYTES = 512 * 1024
"""A thousand senders as long as they may be."""


@get([_BLOCKS, _ALLOWS], scope="rules:read", for_bound_keys=True)
async def list_rules(
    request: AuthedRequest,
    platform: GivenPlatform,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    alias_id: FromQuery[UUID | None] = None,
    everywhere: FromQuery[bool] = False,  # noqa: FBT002 - a query parameter
    q: FromQuery[str] = "",
) -> Page[RuleResource]:
    """The account's rules, newest first: those of one alias, those `everywhere`, or all.

    `q` is looked for in sender and note.
    """
    place: Scope = alias_id or ("account" if everywhere else None)
    async with platform.db.connection() as conn:
        found = await finding.containing(
            conn, request.user, q, scope=place, verdict=_verdict(request), before=read_cursor(cursor), limit=limit
        )
    following = write_cursor(found.older) if found.older else None
    return Page(data=[rule_resource(rule) for rule in found.rules], next=following)


@post(
    [_BLOCKS, _ALLOWS],
    scope="rules:write",
    for_bound_keys=True,
    body=NewRuleBody,
    also=(200,),
    fails=("key_bound", "not_found", "too_many_rules"),
)
async def create_rule(request: AuthedRequest, platform: GivenPlatform) -> Response[Data[RuleResource]]:
    """Make a rule about a sender, or about the sender of a message; 200 where there was one about him already."""
    body = await read_body(request, NewRuleBody)
    async with platform.db.transaction() as conn:
        made = await _make(platform, conn, request.user, body, _verdict(request))
    headers = {"Location": f"{platform.public_url}/api/v1{_home(request)}/{made.rule.rule_id}"}
    return Response(Data(data=rule_resource(made.rule)), status_code=201 if made.was is None else 200, headers=headers)


@post(
    [f"{_BLOCKS}/batch", f"{_ALLOWS}/batch"],
    status_code=200,
    request_max_body_size=_MAX_BATCH_BYTES,
    scope="rules:write",
    for_bound_keys=True,
    body=RuleBatchBody,
    fails=("key_bound", "not_found"),
)
async def create_rules(request: AuthedRequest, platform: GivenPlatform) -> Data[list[WrittenResource]]:
    """Make up to a thousand rules at once; what became of each sender, in their order."""
    body = await read_body(request, RuleBatchBody)
    async with platform.db.transaction() as conn:
        written = await bulk.make(
            platform, conn, request.user, body.senders, _verdict(request), alias_id=body.alias_id, note=body.note
        )
    return Data(data=[written_resource(one) for one in written])


@get([_BLOCKS + _ONE, _ALLOWS + _ONE], scope="rules:read", for_bound_keys=True)
async def get_rule(request: AuthedRequest, platform: GivenPlatform, rule_id: FromPath[UUID]) -> Data[RuleResource]:
    """One rule."""
    async with platform.db.connection() as conn:
        return Data(data=rule_resource(await _rule(conn, request, rule_id)))


@delete([_BLOCKS + _ONE, _ALLOWS + _ONE], scope="rules:write", for_bound_keys=True)
async def delete_rule(request: AuthedRequest, platform: GivenPlatform, rule_id: FromPath[UUID]) -> None:
    """Delete a rule; for a day it can be restored."""
    async with platform.db.transaction() as conn:
        await _rule(conn, request, rule_id)
        await rules.delete(conn, request.user, rule_id, now=utc_now())


@post(
    [f"{_BLOCKS}{_ONE}/restore", f"{_ALLOWS}{_ONE}/restore"],
    status_code=200,
    scope="rules:write",
    for_bound_keys=True,
    fails=("rule_exists", "too_many_rules"),
)
async def restore_rule(request: AuthedRequest, platform: GivenPlatform, rule_id: FromPath[UUID]) -> Data[RuleResource]:
    """Take a deletion back. 409 says that there is another rule about this sender by now."""
    async with platform.db.transaction() as conn:
        restored = await rules.restore(conn, request.user, rule_id)
        _assert_of_list(request, restored)
    return Data(data=rule_resource(restored))


@post(
    "/messages/{message_id:uuid}/release",
    status_code=200,
    scope="messages:write",
    for_bound_keys=True,
    body=ReleaseBody,
    fails=("too_many_rules",),
)
async def release_message(
    request: AuthedRequest, platform: GivenPlatform, message_id: FromPath[UUID]
) -> Data[ReleasedResource]:
    """Let a held message into the inbox, and with `allow` its sender from now on. 404 for what is not held."""
    body = await read_body(request, ReleaseBody)
    if body.allow:
        request.user.assert_may("rules:write")
    async with platform.db.transaction() as conn:
        settled = await held.release(platform, conn, request.user, [message_id], is_allowed=body.allow, now=utc_now())
    rule = rule_resource(settled.made[0].rule) if settled.made else None
    return Data(data=ReleasedResource(released=settled.count, rule=rule))


@get("/refusals", scope="refusals:read", for_bound_keys=True, tag="refusals")
async def list_refusals(
    request: AuthedRequest,
    platform: GivenPlatform,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    alias_id: FromQuery[UUID | None] = None,
) -> Page[RefusalResource]:
    """What was refused in the last 30 days, newest first."""
    before = read_cursor(cursor)
    async with platform.db.connection() as conn:
        found = await refusals.page(conn, request.user, alias_id=alias_id, before=before, limit=limit + 1)
    page, following = cut_page(found, limit, lambda one: one.refusal_id)
    return Page(data=[refusal_resource(one) for one in page], next=following)


@get("/refusals/{refusal_id:uuid}", scope="refusals:read", for_bound_keys=True, tag="refusals")
async def get_refusal(
    request: AuthedRequest, platform: GivenPlatform, refusal_id: FromPath[UUID]
) -> Data[RefusalResource]:
    """One refusal."""
    async with platform.db.connection() as conn:
        return Data(data=refusal_resource(await refusals.get(conn, request.user, refusal_id)))


async def _make(platform: Platform, conn: Conn, actor: Actor, body: NewRuleBody, verdict: Verdict) -> Made:
    if (body.sender is None) == (body.message_id is None):
        raise Invalid.field("sender", "Give either `sender` or `message_id`.")
    if body.message_id is not None:
        actor.assert_may("messages:read")
        actor.assert_may("messages:write")
        if body.alias_id is not None:
            raise Invalid.field("alias_id", "The message has its alias; give `everywhere` for all of them.")
        judgement = Judgement(
            verdict=verdict, kind=body.kind, is_everywhere=body.everywhere, also=body.also, note=body.note
        )
        settled = await judging.judge(platform, conn, actor, body.message_id, judgement, now=utc_now())
        return settled.made[0]
    if body.everywhere or body.also or body.kind != "address":
        raise Invalid.field("message_id", "`kind`, `everywhere` and `also` go with `message_id`.")
    make = rules.block if verdict == "block" else rules.allow
    try:
        return await make(
            platform, conn, actor, NewRule(text=body.sender or "", alias_id=body.alias_id, note=body.note)
        )
    except Invalid as error:
        raise _renamed(error) from error


def _renamed(error: Invalid) -> Invalid:
    """What core calls the rule's text is `sender` here."""
    fields = [
        FieldError(field="sender" if fault.field == "text" else fault.field, message=fault.message)
        for fault in error.fields
    ]
    return Invalid(error.detail, code=error.code, fields=fields)


async def _rule(conn: Conn, request: AuthedRequest, rule_id: UUID) -> Rule:
    rule = await rules.get(conn, request.user, rule_id)
    _assert_of_list(request, rule)
    return rule


def _assert_of_list(request: AuthedRequest, rule: Rule) -> None:
    if rule.verdict != _verdict(request):
        raise NotFound("There is no such rule.")


def _home(request: AuthedRequest) -> str:
    return _ALLOWS if f"/v1{_ALLOWS}" in request.scope["path"] else _BLOCKS


def _verdict(request: AuthedRequest) -> Verdict:
    return "allow" if _home(request) == _ALLOWS else "block"
