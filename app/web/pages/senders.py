"""Who writes to an alias: everybody with counts, what came by week, strangers who should not know it, and what the
owner does about them.
"""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import FromPath, FromQuery
from litestar.response.redirect import Redirect

from app.core.aliases import service as aliases
from app.core.platform import Platform
from app.core.rules import finding
from app.core.rules import service as rules
from app.core.rules.finding import Asked
from app.core.rules.model import NewRule, Rule
from app.core.senders import overview, service
from app.core.senders.model import SORTS, Leak, Place, Sender, Sort
from app.errors import Invalid
from app.lib.db import Conn
from app.lib.times import utc_today
from app.web import charts, forms, undo
from app.web.fitting import fitting, weight
from app.web.forms import AnyRequest
from app.web.notices import Notice, told
from app.web.paging import address
from app.web.session import GivenSession, Session
from app.web.site import GivenPlatform, GivenSite
from app.web.view import see_other

_PAGE = 50
_ROOM, _SENDER_BYTES = 33_000, 1_450
_LEAKS = 20
_MAX_NUMBER = 1 << 60
_ACTIONS = frozenset({"block", "block_domain", "allow", "expect", "unexpect"})


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A sender, and the rule that decides about his mail."""

    sender: Sender
    rule: Rule | None


async def show_senders(
    request: AnyRequest,
    platform: GivenPlatform,
    site: GivenSite,
    session: GivenSession,
    alias_id: FromPath[UUID],
    sort: FromQuery[str] = "recent",
    after: FromQuery[UUID | None] = None,
    number: FromQuery[int] = 0,
) -> Response[str]:
    """The year in a picture, strangers if there are any, and fifty senders or as many as fit."""
    by: Sort = next((one for one in SORTS if one == sort), "recent")
    place = Place(sender_id=after, number=max(-_MAX_NUMBER, min(number, _MAX_NUMBER))) if after else None
    actor = session.actor
    async with platform.db.connection() as conn:
        alias = await aliases.get(conn, actor.account_id, actor.keyring, alias_id)
        found = await service.page(conn, actor, alias, sort=by, after=place, limit=_PAGE + 1)
        count = fitting(map(_bytes, found[:_PAGE]), _ROOM)
        shown = await _shown(platform, conn, session, alias_id, found[:count])
        statistics = await service.statistics(conn, actor, alias, today=utc_today())
    here = address(f"/aliases/{alias_id}/senders", f"sort={by}")
    following = service.place_of(found[count - 1], by) if count and len(found) > count else None
    return site.view.page(
        "senders.html",
        session=session,
        alias=alias,
        senders=shown,
        leaks=_leaks(found[:count]),
        unreadable=sum(not one.is_readable for one in found[:count]),
        most=max((one.message_count for one in found[:count]), default=1),
        statistics=statistics,
        chart=charts.of_weeks(statistics.weeks),
        sort=by,
        here=here,
        back=address(here, f"after={after}&number={number}") if after else here,
        following=following,
        is_first=after is None,
        notice=Notice.of(request.query_params),
    )


async def submit_sender(
    request: AnyRequest,
    platform: GivenPlatform,
    session: GivenSession,
    alias_id: FromPath[UUID],
    sender_id: FromPath[UUID],
) -> Redirect:
    """Block or allow somebody on the alias, or say that his organisation may or may not write there."""
    form, actor = await forms.read(request), session.actor
    action = form.get("action", "")
    if action not in _ACTIONS:
        raise Invalid.field("action", "Choose one of the buttons.")
    back = form.get("back", "") or f"/aliases/{alias_id}/senders"
    async with platform.db.transaction() as conn:
        alias = await aliases.get(conn, actor.account_id, actor.keyring, alias_id)
        if action in {"expect", "unexpect"}:
            await service.expect(conn, actor, alias, sender_id, is_expected=action == "expect")
            return see_other(told(back, "fine" if action == "expect" else "stranger", 1, ""))
        sender = await service.get(conn, actor, alias, sender_id)
        if not sender.is_readable:
            raise Invalid("This sender cannot be read, so there is nobody to make a rule about.")
        text = sender.organisation if action == "block_domain" else sender.address
        make = rules.allow if action == "allow" else rules.block
        made = await make(platform, conn, actor, NewRule(text=text, alias_id=alias_id, is_as_sent=True))
    done = "known" if made.was == made.rule.verdict else "allowed" if action == "allow" else "blocked"
    return see_other(told(back, done, 1, undo.pack((), undo.of_made([made]))))


async def show_leaks(
    platform: GivenPlatform, site: GivenSite, session: GivenSession, before: FromQuery[UUID | None] = None
) -> Response[str]:
    """The aliases of the account that may have leaked, those with the newest senders first."""
    async with platform.db.connection() as conn:
        found = await overview.newest_leaks(conn, session.actor, before=before, limit=_LEAKS)
    return site.view.page("leaks.html", session=session, found=found, is_first=before is None)


async def _shown(
    platform: Platform, conn: Conn, session: Session, alias_id: UUID, found: Sequence[Sender]
) -> list[Shown]:
    asked = [Asked(alias_id=alias_id, senders=(one.address,)) for one in found]
    decided = await finding.deciding(platform, conn, session.actor, asked)
    return [Shown(sender=one, rule=rule) for one, rule in zip(found, decided, strict=True)]


def _leaks(found: Sequence[Sender]) -> list[tuple[Leak, Sender]]:
    """Each stranger once, by one of his senders."""
    by_stranger = {one.leak.stranger: (one.leak, one) for one in reversed(found) if one.leak}
    return list(by_stranger.values())[::-1][:_LEAKS]


def _bytes(sender: Sender) -> int:
    return _SENDER_BYTES + 4 * min(weight(sender.address), 1600) + min(weight(sender.name), 480)
