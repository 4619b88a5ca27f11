"""What was refused in the last 30 days, and what can be done about it from there."""

from collections.abc import Sequence
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import FromPath, FromQuery
from litestar.response.redirect import Redirect

from app.core.aliases import service as aliases
from app.core.platform import Platform
from app.core.refusals import service as refusals
from app.core.refusals.model import Refusal
from app.core.rules import finding, senders
from app.core.rules import service as rules
from app.core.rules.finding import Asked
from app.core.rules.model import NewRule, Rule
from app.errors import Invalid
from app.lib.db import Conn
from app.web import forms, undo
from app.web.fitting import fitting, weight
from app.web.forms import AnyRequest
from app.web.notices import Notice, told
from app.web.paging import address
from app.web.session import GivenSession, Session
from app.web.site import GivenPlatform, GivenSite
from app.web.view import see_other

_PAGE = 50
_ROOM, _REFUSAL_BYTES = 40_000, 1_500


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A refusal, whether its sender can be allowed, and the rule that would block it today."""

    refusal: Refusal
    can_be_allowed: bool
    rule: Rule | None


async def show_refusals(
    request: AnyRequest,
    platform: GivenPlatform,
    site: GivenSite,
    session: GivenSession,
    before: FromQuery[UUID | None] = None,
    alias: FromQuery[str] = "",
) -> Response[str]:
    """Fifty refusals or as many as fit, of all aliases or of one, newest first."""
    alias = alias.strip()[:320]
    async with platform.db.connection() as conn:
        found = await _found(conn, session, alias, before)
        count = fitting(map(_bytes, found[:_PAGE]), _ROOM)
        shown = await _shown(platform, conn, session, found[:count])
    here = address("/refusals", urlencode({"alias": alias}) if alias else "")
    return site.view.page(
        "refusals.html",
        session=session,
        refusals=shown,
        older=found[count - 1].refusal_id if len(found) > count else None,
        is_first=before is None,
        alias=alias,
        here=here,
        back=address(here, f"before={before}") if before else here,
        notice=Notice.of(request.query_params),
    )


async def submit_allow(
    request: AnyRequest, platform: GivenPlatform, session: GivenSession, refusal_id: FromPath[UUID]
) -> Redirect:
    """Allow the sender of what was refused, on the alias that it was for."""
    form = await forms.read(request)
    async with platform.db.transaction() as conn:
        refusal = await refusals.get(conn, session.actor, refusal_id)
        new = NewRule(text=refusal.sender, alias_id=refusal.alias_id, is_as_sent=True)
        made = await rules.allow(platform, conn, session.actor, new)
    done = "known" if made.was == made.rule.verdict else "allowed"
    return see_other(told(form.get("back", "") or "/refusals", done, 1, undo.pack((), undo.of_made([made]))))


async def _found(conn: Conn, session: Session, alias: str, before: UUID | None) -> Sequence[Refusal]:
    alias_id = None
    if alias:
        alias_id = await aliases.find(conn, session.actor.account_id, alias)
        if alias_id is None:
            return []
    return await refusals.page(conn, session.actor, alias_id=alias_id, before=before, limit=_PAGE + 1)


async def _shown(platform: Platform, conn: Conn, session: Session, found: Sequence[Refusal]) -> list[Shown]:
    """All rules that decide about these senders now are looked for at once."""
    asked = [Asked(alias_id=one.alias_id, senders=_senders(one)) for one in found]
    deciding = await finding.deciding(platform, conn, session.actor, asked)
    return [
        Shown(refusal=one, can_be_allowed=_is_address(one.sender), rule=rule)
        for one, rule in zip(found, deciding, strict=True)
    ]


def _senders(one: Refusal) -> tuple[str, ...]:
    if one.details is None:
        return ()
    return tuple(filter(None, dict.fromkeys((*one.details.header_from, one.details.envelope_from))))


def _is_address(text: str) -> bool:
    try:
        return senders.subject(text).kind == "address"
    except Invalid:
        return False


def _bytes(one: Refusal) -> int:
    return _REFUSAL_BYTES + 3 * weight(one.sender) + 2 * weight(one.alias_address)
