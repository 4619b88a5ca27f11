"""The list of aliases: making them, finding them, and doing things to many at once. One alias is in `alias`."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from litestar import Response
from litestar.params import FromQuery
from litestar.response.redirect import Redirect

from app.core.aliases import expiry, listing
from app.core.aliases import service as aliases
from app.core.aliases.bulk import service as bulk
from app.core.aliases.limits import service as limits
from app.core.aliases.model import BULK_ACTIONS, Alias, Bulk, BulkAction, Listing
from app.core.categories import service as categories
from app.core.categories.model import Category
from app.core.domains import service as domains
from app.core.platform import Platform
from app.errors import Conflict, Invalid, LimitReached, NotFound
from app.lib.db import Conn
from app.lib.ids import parse_id
from app.lib.times import utc_now
from app.web import alias_forms, alias_lists, forms
from app.web.alias_lists import AliasQuery
from app.web.fitting import fitting, weight
from app.web.forms import NO_FAULTS, AnyRequest, Faults, Form
from app.web.notices import told
from app.web.paging import address
from app.web.session import GivenSession, Session
from app.web.site import GivenPlatform, GivenSite, Site
from app.web.view import see_other

PAGE = 50
PINNED = 20
_ROOM, _LEAST_ROOM, _ALIAS_BYTES, _OPTION_BYTES = 34_000, 8_000, 950, 75
"""Bytes of the list, of one alias without its texts, of one category in one of the three places where one is chosen."""
_MAX_SHOWN_CHARS = 300


async def show_aliases(
    request: AnyRequest,
    platform: GivenPlatform,
    site: GivenSite,
    session: GivenSession,
    made: FromQuery[UUID | None] = None,
) -> Response[str]:
    """The form for a new alias, then fifty of them or as many as fit; `made` is shown on top."""
    return await _page(request, platform, site, session, made=made)


async def submit_alias(
    request: AnyRequest, platform: GivenPlatform, site: GivenSite, session: GivenSession
) -> Response[str] | Redirect:
    """Make an alias: by hand, or at random where the name is left empty."""
    form = await forms.read(request)
    actor = session.actor
    try:
        new, wrong = alias_forms.new_alias(form)
        async with platform.db.transaction() as conn:
            alias = await aliases.create(conn, actor.account_id, actor.keyring, new, now=utc_now(), faults=wrong)
    except (Invalid, Conflict, LimitReached) as error:
        return await _page(request, platform, site, session, form=form, faults=Faults.of(error))
    return see_other(f"/aliases?made={alias.alias_id}")


async def submit_action(
    request: AnyRequest, platform: GivenPlatform, site: GivenSite, session: GivenSession
) -> Redirect | Response[str]:
    """Do one thing to the aliases ticked, or to all of the list, and go back there, where it can be undone."""
    fields = await forms.read_all(request)
    form = dict(fields)
    asked, ids = _asked(form), [alias_id for name, text in fields if name == "id" and (alias_id := parse_id(text))]
    single = form.get("one", "").partition(":")[2]
    is_everything = bool(form.get("everything")) and not single
    actor, now = session.actor, utc_now()
    async with platform.db.transaction() as conn:
        if is_everything:
            wanted = alias_lists.of_query(form.get("list", "")).listing
            ids = await listing.ids_of(conn, actor.account_id, actor.keyring, wanted, limit=bulk.MAX_AT_ONCE, now=now)
            if not form.get("sure"):
                return _ask(site, session, form, len(ids), asked)
        elif single:
            ids = [alias_id] if (alias_id := parse_id(single)) else []
        count, steps = await bulk.apply(conn, actor.account_id, asked, ids, now=now)
    return see_other(told(form.get("back", "/aliases"), asked.action, count, alias_lists.pack(steps)))


async def submit_undo(request: AnyRequest, platform: GivenPlatform, session: GivenSession) -> Redirect:
    """Take the last action back."""
    form = await forms.read(request)
    count, now = 0, utc_now()
    async with platform.db.transaction() as conn:
        for step in alias_lists.unpack(form.get("steps", "")):
            changed, _ = await bulk.apply(conn, session.actor.account_id, step.bulk, step.alias_ids, now=now)
            count += changed
    return see_other(told(form.get("back", "/aliases"), "undo", count, ""))


def _asked(form: Form) -> Bulk:
    """What the button says. Raises Invalid."""
    name = form.get("one", "").partition(":")[0] or form.get("action", "")
    action: BulkAction | None = next((one for one in BULK_ACTIONS if one == name), None)
    if action is None:
        raise Invalid.field("action", "Choose one of the buttons.")
    until = alias_forms.read_day(form.get("until", ""), "until") if action == "expiry" else None
    return Bulk(
        action=action,
        category_id=parse_id(form.get("category", "")) if action == "category" else None,
        expires_at=alias_forms.end_of(until),
        trashes_mail=form.get("mail") == "trash",
    )


def _ask(site: Site, session: Session, form: Form, count: int, asked: Bulk) -> Response[str]:
    """Make sure before all aliases of a list are changed: that cannot be undone in one step."""
    kept = {name: form.get(name, "") for name in ("list", "back", "category", "until")}
    most = bulk.MAX_AT_ONCE
    return site.view.page("aliases_sure.html", session=session, count=count, most=most, action=asked.action, kept=kept)


async def _page(
    request: AnyRequest,
    platform: Platform,
    site: Site,
    session: Session,
    *,
    made: UUID | None = None,
    form: Form | None = None,
    faults: Faults = NO_FAULTS,
) -> Response[str]:
    actor, query, now = session.actor, AliasQuery.of(request.query_params), utc_now()
    after = alias_lists.read_place(request.query_params.get("after", ""))
    is_plain = after is None and not query.is_narrowed
    async with platform.db.connection() as conn:
        found = await listing.page(
            conn, actor.account_id, actor.keyring, query.listing, after=after, limit=PAGE + 1, now=now
        )
        pinned = await _pinned(conn, session, query) if is_plain else []
        sorts = await categories.everything(conn, actor.account_id, actor.keyring)
        context: dict[str, Any] = {
            "domains": await domains.offered(conn, actor.account_id),
            "made": await _made(conn, session, made),
            "allowance": await limits.allowance(conn, actor.account_id),
        }
    names = {category.category_id: category for category in sorts}
    room = max(_LEAST_ROOM, _ROOM - 3 * sum(_OPTION_BYTES + weight(one.name) for one in sorts))
    pinned = pinned[: fitting((_bytes(alias, names) for alias in pinned), room // 2)]
    room -= sum(_bytes(alias, names) for alias in pinned)
    count = fitting((_bytes(alias, names) for alias in found[:PAGE]), max(_LEAST_ROOM, room))
    last = listing.place_of(found[count - 1], query.listing) if len(found) > count else None
    here = address("/aliases", query.query)
    return site.view.page(
        "aliases.html",
        status=422 if faults.summary else 200,
        session=session,
        groups=_groups(pinned, found[:count]),
        ended={one.alias_id: expiry.ending_of(one, now=now) for one in [*pinned, *found[:count]]},
        older=alias_lists.write_place(last) if last else None,
        is_first=after is None,
        query=query,
        here=here,
        back=address(here, f"after={alias_lists.write_place(after)}" if after else ""),
        categories=names,
        notice=alias_lists.notice(request.query_params),
        form=form or {},
        faults=faults,
        **context,
    )


def _groups(pinned: Sequence[Alias], found: Sequence[Alias]) -> list[tuple[str, Sequence[Alias]]]:
    """The pinned ones stand above the rest, and not twice."""
    shown = {alias.alias_id for alias in pinned}
    rest = [alias for alias in found if alias.alias_id not in shown]
    if not pinned:
        return [("", rest)] if rest else []
    return [("Pinned", pinned)] + ([("All others", rest)] if rest else [])


async def _pinned(conn: Conn, session: Session, query: AliasQuery) -> list[Alias]:
    wanted = Listing(is_pinned=True, sort=query.sort)
    actor = session.actor
    return await listing.page(conn, actor.account_id, actor.keyring, wanted, limit=PINNED, now=utc_now())


def _bytes(alias: Alias, names: Mapping[UUID, Category]) -> int:
    """What it weighs in the list."""
    category = names.get(alias.category_id) if alias.category_id else None
    texts = min(5 * _MAX_SHOWN_CHARS, weight(alias.description)) + weight(alias.site)
    return _ALIAS_BYTES + 6 * weight(alias.address) + texts + (60 + weight(category.name) if category else 0)


async def _made(conn: Conn, session: Session, alias_id: UUID | None) -> Alias | None:
    if alias_id is None:
        return None
    actor = session.actor
    try:
        return await aliases.get(conn, actor.account_id, actor.keyring, alias_id)
    except NotFound:
        return None
