"""Webhooks: which there are, making one, whose secret is shown once, changing, testing and deleting them."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import FromPath
from litestar.response.redirect import Redirect

from app.core.aliases import service as aliases
from app.core.platform import Platform
from app.core.webhooks import service as webhooks
from app.core.webhooks.model import NewWebhook, Webhook, WebhookPatch
from app.errors import Conflict, Invalid, LimitReached
from app.lib.db import Conn
from app.lib.times import utc_now
from app.web import endpoints, forms
from app.web.forms import NO_FAULTS, AnyRequest, Faults, Form
from app.web.notices import Notice
from app.web.session import GivenSession, Session
from app.web.site import GivenPlatform, GivenSite, Site
from app.web.view import see_other

_FIRST: Form = {"content": "thin", "event_types": "message.received"}
_DONE = {
    "saved": "Saved.",
    "on": "Switched on. What has waited is being sent now.",
    "off": "Paused. Nothing more is sent. What it misses can be sent later, from its log.",
    "tested": "A test is on its way. The log says how it was answered; open it in a moment.",
}


async def show_webhooks(
    request: AnyRequest, platform: GivenPlatform, site: GivenSite, session: GivenSession
) -> Response[str]:
    """All of them, and the form for a new one."""
    text = "The webhook is deleted." if "deleted" in request.query_params else ""
    return await _list(platform, site, session, notice=Notice(text=text))


async def submit_webhook(
    request: AnyRequest, platform: GivenPlatform, site: GivenSite, session: GivenSession
) -> Response[str]:
    """Make one. Its secret is on the page that answers, and on none after that."""
    form = await _form(request)
    try:
        async with platform.db.transaction() as conn:
            new = await _new(conn, session, form)
            made = await webhooks.create(platform, conn, session.actor, new, now=utc_now())
    except (Invalid, LimitReached) as error:
        return await _list(platform, site, session, form=form, faults=Faults.of(error))
    return await _page(platform, site, session, made.webhook_id, secret=made.secrets[0].secret)


async def show_webhook(
    request: AnyRequest, platform: GivenPlatform, site: GivenSite, session: GivenSession, webhook_id: FromPath[UUID]
) -> Response[str]:
    """How it is, and all that can be done with it."""
    text = _DONE.get(request.query_params.get("done", ""), "")
    return await _page(platform, site, session, webhook_id, notice=Notice(text=text))


async def submit_change(
    request: AnyRequest, platform: GivenPlatform, site: GivenSite, session: GivenSession, webhook_id: FromPath[UUID]
) -> Response[str] | Redirect:
    """Change what it is told, and where."""
    form = await _form(request)
    try:
        async with platform.db.transaction() as conn:
            patch = WebhookPatch(**msgspec.structs.asdict(await _new(conn, session, form)))
            await webhooks.update(platform, conn, session.actor, webhook_id, patch, now=utc_now())
    except Invalid as error:
        return await _page(platform, site, session, webhook_id, form=form, faults=Faults.of(error))
    return see_other(f"/webhooks/{webhook_id}?done=saved")


async def submit_switch(
    request: AnyRequest, platform: GivenPlatform, session: GivenSession, webhook_id: FromPath[UUID]
) -> Redirect:
    """Pause it, or switch it on again."""
    is_on = (await forms.read(request)).get("to") == "on"
    async with platform.db.transaction() as conn:
        patch = WebhookPatch(is_enabled=is_on)
        await webhooks.update(platform, conn, session.actor, webhook_id, patch, now=utc_now())
    return see_other(f"/webhooks/{webhook_id}?done={'on' if is_on else 'off'}")


async def submit_test(
    platform: GivenPlatform, site: GivenSite, session: GivenSession, webhook_id: FromPath[UUID]
) -> Response[str] | Redirect:
    """Send it a test."""
    try:
        async with platform.db.transaction() as conn:
            await webhooks.test(platform, conn, session.actor, webhook_id, now=utc_now())
    except Conflict as error:
        return await _page(platform, site, session, webhook_id, faults=Faults.of(error))
    return see_other(f"/webhooks/{webhook_id}?done=tested")


async def submit_rotation(
    platform: GivenPlatform, site: GivenSite, session: GivenSession, webhook_id: FromPath[UUID]
) -> Response[str]:
    """Give it a new secret, which is on the page that answers alone."""
    async with platform.db.transaction() as conn:
        changed = await webhooks.rotate(platform, conn, session.actor, webhook_id, now=utc_now())
    return await _page(platform, site, session, webhook_id, secret=changed.secrets[0].secret)


async def submit_delete(
    request: AnyRequest, platform: GivenPlatform, site: GivenSite, session: GivenSession, webhook_id: FromPath[UUID]
) -> Response[str] | Redirect:
    """Delete it, once that is ticked."""
    if (await forms.read(request)).get("is_sure") != "yes":
        text = "Tick that you want this, and press the button again."
        return await _page(platform, site, session, webhook_id, faults=Faults(text, {"is_sure": text}))
    async with platform.db.transaction() as conn:
        await webhooks.delete(conn, session.actor, webhook_id)
    return see_other("/webhooks?deleted=1")


async def _form(request: AnyRequest) -> Form:
    fields = await forms.read_all(request)
    return dict(fields) | {"event_types": " ".join(value for name, value in fields if name == "event_types")}


async def _new(conn: Conn, session: Session, form: Form) -> NewWebhook:
    """What the form asks for. Raises Invalid."""
    place = form.get("alias", "").strip()
    alias_id = await aliases.find(conn, session.actor.account_id, place) if place else None
    if place and alias_id is None:
        raise Invalid.field("alias", "You have no such alias. Write its whole address, or leave this empty for all.")
    ticked = form["event_types"].split()
    return NewWebhook(
        url=form.get("url", ""),
        event_types=tuple(one for one in webhooks.SELECTABLE if one in ticked),
        description=form.get("description", ""),
        alias_id=alias_id,
        content="full" if form.get("content") == "full" else "thin",
        accepts_exposure=form.get("accepts_exposure") == "yes",
    )


def _as_form(webhook: Webhook) -> Form:
    return {
        "url": webhook.url,
        "description": webhook.description,
        "alias": webhook.alias_address or "",
        "event_types": " ".join(webhook.event_types),
        "content": webhook.content,
    }


async def _list(
    platform: Platform,
    site: Site,
    session: Session,
    *,
    form: Form = _FIRST,
    faults: Faults = NO_FAULTS,
    notice: Notice | None = None,
) -> Response[str]:
    async with platform.db.connection() as conn:
        found: Sequence[Webhook] = await webhooks.listed(platform, conn, session.actor)
    return site.view.page(
        "webhooks.html",
        status=422 if faults.summary else 200,
        session=session,
        webhooks=found,
        disabled=endpoints.DISABLED,
        events=[(one, endpoints.EVENTS[one]) for one in webhooks.SELECTABLE],
        notice=notice or Notice(text=""),
        form=form,
        faults=faults,
    )


async def _page(
    platform: Platform,
    site: Site,
    session: Session,
    webhook_id: UUID,
    *,
    form: Form | None = None,
    faults: Faults = NO_FAULTS,
    notice: Notice | None = None,
    secret: str = "",
) -> Response[str]:
    async with platform.db.connection() as conn:
        webhook = await webhooks.get(platform, conn, session.actor, webhook_id)
    return site.view.page(
        "webhook.html",
        status=422 if faults.summary else 200,
        session=session,
        webhook=webhook,
        secret=secret,
        old_until=next((one.until for one in webhook.secrets if one.until and one.until > utc_now()), None),
        disabled=endpoints.DISABLED,
        events=[(one, endpoints.EVENTS[one]) for one in webhooks.SELECTABLE],
        notice=notice or Notice(text=""),
        form=form or _as_form(webhook),
        faults=faults,
    )
