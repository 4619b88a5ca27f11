"""The log of a webhook: what was told, how it was answered, and telling it again."""

from datetime import UTC, datetime
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import FromPath, FromQuery
from litestar.response.redirect import Redirect
from markupsafe import escape

from app.core.platform import Platform
from app.core.webhooks import deliveries
from app.core.webhooks import service as webhooks
from app.core.webhooks.model import DELIVERY_STATES, Attempt, Replayable
from app.errors import Conflict, Invalid, NotFound
from app.lib.ids import made_at
from app.lib.times import utc_now
from app.web import endpoints, forms
from app.web.fitting import fitting
from app.web.forms import NO_FAULTS, AnyRequest, Faults, Form
from app.web.notices import Notice, counted, number_in
from app.web.paging import address
from app.web.session import GivenSession, Session
from app.web.site import GivenPlatform, GivenSite, Site
from app.web.view import see_other

_PAGE = 50
_ROOM, _ATTEMPT_BYTES = 30_000, 400
_REPLAYED: dict[str, tuple[Replayable, ...]] = {
    "failed": ("failed",),
    "missed": ("failed", "missed"),
    "sent": ("failed", "missed", "delivered"),
}
_NO_FORM: Form = {"states": "failed"}


class Try(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt and the text of its answer."""

    attempt: Attempt
    made_at: datetime
    answer: str


async def show_deliveries(
    request: AnyRequest,
    platform: GivenPlatform,
    site: GivenSite,
    session: GivenSession,
    webhook_id: FromPath[UUID],
    before: FromQuery[UUID | None] = None,
) -> Response[str]:
    """Fifty of them, newest event first, of all kinds or of one; and the form that tells a span of time again."""
    return await _page(request, platform, site, session, webhook_id, before=before)


async def submit_replay(
    request: AnyRequest, platform: GivenPlatform, site: GivenSite, session: GivenSession, webhook_id: FromPath[UUID]
) -> Response[str] | Redirect:
    """Tell it again what happened in a span of time."""
    form = await forms.read(request)
    try:
        done = await deliveries.replay_span(
            platform,
            session.actor,
            webhook_id,
            first=_moment(form, "from"),
            last=_moment(form, "to"),
            states=_REPLAYED.get(form.get("states", ""), _REPLAYED["failed"]),
            now=utc_now(),
        )
    except (Invalid, Conflict) as error:
        return await _page(request, platform, site, session, webhook_id, form=form, faults=Faults.of(error))
    told = {"replayed": str(done.replayed), "gone": str(done.gone)}
    more = {"next": f"{done.next_from:%Y-%m-%dT%H:%M}"} if done.next_from else {}
    return see_other(f"/webhooks/{webhook_id}/deliveries?{urlencode(told | more)}")


async def show_delivery(
    request: AnyRequest,
    platform: GivenPlatform,
    site: GivenSite,
    session: GivenSession,
    webhook_id: FromPath[UUID],
    event_id: FromPath[UUID],
) -> Response[str]:
    """One event and each attempt to tell of it, the newest first."""
    text = "It is being sent again, under the same id." if "again" in request.query_params else ""
    return await _one(platform, site, session, webhook_id, event_id, notice=Notice(text=text))


async def submit_again(
    platform: GivenPlatform,
    site: GivenSite,
    session: GivenSession,
    webhook_id: FromPath[UUID],
    event_id: FromPath[UUID],
) -> Response[str] | Redirect:
    """Tell it of one event again."""
    try:
        await deliveries.replay(platform, session.actor, webhook_id, event_id, now=utc_now())
    except Conflict as error:
        return await _one(platform, site, session, webhook_id, event_id, faults=Faults.of(error))
    except NotFound as error:
        if error.code != "event_gone":
            raise
        return await _one(platform, site, session, webhook_id, event_id, faults=Faults(error.detail, {}))
    return see_other(f"/webhooks/{webhook_id}/deliveries/{event_id}?again=1")


async def _page(
    request: AnyRequest,
    platform: Platform,
    site: Site,
    session: Session,
    webhook_id: UUID,
    *,
    before: UUID | None = None,
    form: Form | None = None,
    faults: Faults = NO_FAULTS,
) -> Response[str]:
    query = request.query_params
    state = next((one for one in DELIVERY_STATES if one == query.get("state")), None)
    kind = next((one for one in endpoints.EVENTS if one == query.get("type")), None)
    async with platform.db.connection() as conn:
        webhook = await webhooks.get(platform, conn, session.actor, webhook_id)
        found = await deliveries.page(
            platform, conn, session.actor, webhook_id, state=state, event_type=kind, before=before, limit=_PAGE + 1
        )
    narrowed = {name: value for name, value in (("state", state), ("type", kind)) if value}
    return site.view.page(
        "deliveries.html",
        status=422 if faults.summary else 200,
        session=session,
        webhook=webhook,
        deliveries=found[:_PAGE],
        here=address(f"/webhooks/{webhook_id}/deliveries", urlencode(narrowed)),
        is_first=before is None,
        older=found[_PAGE - 1].event_id if len(found) > _PAGE else None,
        state=state or "",
        kind=kind or "",
        states=endpoints.STATES,
        events=endpoints.EVENTS,
        notice=Notice(
            text=_told(query.get("next", ""), *(number_in(query, one, 9999) for one in ("replayed", "gone")))
        ),
        form=form or dict(_NO_FORM) | {"from": query.get("next", "")[:16]},
        faults=faults,
    )


async def _one(
    platform: Platform,
    site: Site,
    session: Session,
    webhook_id: UUID,
    event_id: UUID,
    *,
    faults: Faults = NO_FAULTS,
    notice: Notice | None = None,
) -> Response[str]:
    async with platform.db.connection() as conn:
        webhook = await webhooks.get(platform, conn, session.actor, webhook_id)
        delivery, attempts = await deliveries.get(platform, conn, session.actor, webhook_id, event_id)
    tries = [
        Try(attempt=one, made_at=made_at(one.attempt_id), answer=endpoints.answer_text(one.answer or b""))
        for one in reversed(attempts)
    ]
    count = fitting([_ATTEMPT_BYTES + len(str(escape(one.answer)).encode()) for one in tries], _ROOM)
    return site.view.page(
        "delivery.html",
        status=422 if faults.summary else 200,
        session=session,
        webhook=webhook,
        delivery=delivery,
        tries=tries[:count],
        states=endpoints.STATES,
        events=endpoints.EVENTS,
        attempt_words=endpoints.attempt_words,
        notice=notice or Notice(text=""),
        faults=faults,
    )


def _moment(form: Form, name: str) -> datetime:
    """A time in UTC, as browsers write it or with a space. Raises Invalid."""
    try:
        moment = datetime.fromisoformat(form.get(name, "").strip())
    except ValueError:
        raise Invalid.field(name, "Give a day and a time, such as 2026-11-21 09:30.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _told(following: str, replayed: int | None, gone: int | None) -> str:
    if replayed is None:
        return ""
    text = f"{counted(replayed, 'event')} being sent again."
    if gone:
        text += f" {counted(gone, 'event')} left out: what they told is deleted."
    return text + (" That was not all; go on below." if following else "")
