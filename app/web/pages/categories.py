"""The categories of aliases: making, renaming, colouring and deleting them."""

from uuid import UUID

from litestar import Response
from litestar.params import FromPath, FromQuery
from litestar.response.redirect import Redirect

from app.core.categories import service as categories
from app.core.categories.model import COLOURS, CategoryPatch, Colour, NewCategory
from app.core.platform import Platform
from app.errors import Conflict, Invalid, LimitReached
from app.web import forms
from app.web.forms import NO_FAULTS, AnyRequest, Faults, Form
from app.web.notices import Notice
from app.web.session import GivenSession, Session
from app.web.site import GivenPlatform, GivenSite, Site
from app.web.view import see_other

_DONE = {"made": "The category is made.", "saved": "Saved.", "deleted": "The category is deleted. Its aliases stay."}


async def show_categories(
    request: AnyRequest,
    platform: GivenPlatform,
    site: GivenSite,
    session: GivenSession,
    change: FromQuery[UUID | None] = None,
) -> Response[str]:
    """All of them, the form for a new one, and that for changing one where `change` says which."""
    notice = Notice(text=_DONE.get(request.query_params.get("done", ""), ""))
    return await _page(platform, site, session, changed=change, notice=notice)


async def submit_category(
    request: AnyRequest, platform: GivenPlatform, site: GivenSite, session: GivenSession
) -> Response[str] | Redirect:
    """Make one."""
    form, actor = await forms.read(request), session.actor
    try:
        async with platform.db.transaction() as conn:
            new = NewCategory(name=form.get("name", ""), colour=_colour(form))
            await categories.create(conn, actor.account_id, actor.keyring, new)
    except (Invalid, Conflict, LimitReached) as error:
        return await _page(platform, site, session, form=form, faults=Faults.of(error))
    return see_other("/categories?done=made")


async def submit_change(
    request: AnyRequest, platform: GivenPlatform, site: GivenSite, session: GivenSession, category_id: FromPath[UUID]
) -> Response[str] | Redirect:
    """Rename one, give it another colour, or delete it."""
    form, actor = await forms.read(request), session.actor
    try:
        async with platform.db.transaction() as conn:
            if form.get("action") == "delete":
                await categories.delete(conn, actor.account_id, category_id)
            else:
                patch = CategoryPatch(name=form.get("name", ""), colour=_colour(form))
                await categories.update(conn, actor.account_id, actor.keyring, category_id, patch)
    except (Invalid, Conflict) as error:
        faults = Faults.of(error)
        return await _page(platform, site, session, form=form, faults=faults, changed=category_id)
    return see_other(f"/categories?done={'deleted' if form.get('action') == 'delete' else 'saved'}")


def _colour(form: Form) -> Colour:
    return next((one for one in COLOURS if one == form.get("colour")), "grey")


async def _page(
    platform: Platform,
    site: Site,
    session: Session,
    *,
    form: Form | None = None,
    faults: Faults = NO_FAULTS,
    changed: UUID | None = None,
    notice: Notice | None = None,
) -> Response[str]:
    actor = session.actor
    async with platform.db.connection() as conn:
        found = await categories.everything(conn, actor.account_id, actor.keyring)
    return site.view.page(
        "categories.html",
        status=422 if faults.summary else 200,
        session=session,
        categories=found,
        colours=COLOURS,
        changed=changed,
        notice=notice or Notice(text=""),
        form=form,
        faults=faults,
    )
