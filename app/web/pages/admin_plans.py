"""What administrators sell: plans, and vouchers made by hand."""

from decimal import Decimal, InvalidOperation
from uuid import UUID

from litestar import Response
from litestar.params import FromPath
from litestar.response.redirect import Redirect

from app.core.administration import audit
from app.core.administration.model import Action
from app.core.billing import money, plans, sheets, vouchers
from app.core.billing.model import NewPlan, Plan
from app.core.platform import Platform
from app.errors import FieldError, Invalid, LimitReached
from app.lib.times import utc_today
from app.web import forms
from app.web.administration import GivenAdmin
from app.web.forms import NO_FAULTS, AnyRequest, Faults, Form
from app.web.session import GivenFreshSession, Session
from app.web.site import GivenPlatform, GivenSite, Site
from app.web.view import see_other

_GB = 10**9
_MAX_ON_A_SHEET = 150
"""What a page has room for."""
_FIRST: Form = {"currency": "EUR", "storage": "10", "aliases": "1000", "domains": "3", "position": "1", "sale": "yes"}
_NUMBERS = {"aliases": "alias_limit", "domains": "domain_limit", "position": "position"}
_FIELDS = {limit: name for name, limit in _NUMBERS.items()} | {"storage_limit": "storage", "is_on_sale": "sale"}


async def show_plans(request: AnyRequest, platform: GivenPlatform, site: GivenSite, admin: GivenAdmin) -> Response[str]:
    """All plans with their vouchers, and the form for a new one."""
    return await _page(platform, site, admin, is_saved="saved" in request.query_params)


async def submit_plan(
    request: AnyRequest, platform: GivenPlatform, site: GivenSite, admin: GivenAdmin, fresh: GivenFreshSession
) -> Response[str] | Redirect:
    """Make one."""
    form = await forms.read(request)
    try:
        async with platform.db.transaction() as conn:
            made = await plans.make(conn, _plan_of(form))
            await audit.note(conn, fresh.actor, "plan_created", subject=made.name)
    except (Invalid, LimitReached) as error:
        return await _page(platform, site, admin, form=form, faults=_beside(Faults.of(error)))
    return see_other("/admin/plans?saved=1")


async def show_plan(
    platform: GivenPlatform, site: GivenSite, admin: GivenAdmin, plan_id: FromPath[UUID]
) -> Response[str]:
    """One, to be changed, and vouchers for it."""
    return await _one(platform, site, admin, plan_id)


async def submit_change(
    request: AnyRequest,
    platform: GivenPlatform,
    site: GivenSite,
    admin: GivenAdmin,
    fresh: GivenFreshSession,
    plan_id: FromPath[UUID],
) -> Response[str] | Redirect:
    """Change one, or take it off sale."""
    form = await forms.read(request)
    try:
        async with platform.db.transaction() as conn:
            before = await plans.get(conn, plan_id)
            changed = await plans.change(conn, plan_id, _plan_of(form))
            is_retired = before.is_on_sale and not changed.is_on_sale
            action: Action = "plan_retired" if is_retired else "plan_changed"
            await audit.note(conn, fresh.actor, action, subject=changed.name)
    except Invalid as error:
        return await _one(platform, site, admin, plan_id, form=form, faults=_beside(Faults.of(error)))
    return see_other("/admin/plans?saved=1")


async def submit_vouchers(
    request: AnyRequest,
    platform: GivenPlatform,
    site: GivenSite,
    admin: GivenAdmin,
    fresh: GivenFreshSession,
    plan_id: FromPath[UUID],
) -> Response[str]:
    """Make some. They are on the page that answers, to be printed, and on none after that."""
    form = await forms.read(request)
    count = form.get("count", "")
    try:
        async with platform.db.transaction() as conn:
            plan = await plans.get(conn, plan_id)
            codes = await vouchers.make(conn, plan_id, _number_of(count), today=utc_today())
            await audit.note(conn, fresh.actor, "vouchers_created", subject=plan.name, details=str(len(codes)))
    except Invalid as error:
        return await _one(platform, site, admin, plan_id, counted=count, faults=Faults.of(error))
    return site.view.page(
        "admin_vouchers.html",
        session=admin,
        plan=plan,
        codes=codes,
        holds=sheets.contents(plan),
        directions=sheets.directions(platform.public_url, platform.joining),
    )


async def submit_void(
    request: AnyRequest, platform: GivenPlatform, site: GivenSite, admin: GivenAdmin, fresh: GivenFreshSession
) -> Response[str] | Redirect:
    """Make a code worthless."""
    form = await forms.read(request)
    try:
        async with platform.db.transaction() as conn:
            plan = await vouchers.void(conn, form.get("voucher", ""))
            await audit.note(conn, fresh.actor, "voucher_revoked", subject=plan.name)
    except Invalid as error:
        return await _page(platform, site, admin, form=dict(_FIRST) | dict(form), faults=Faults.of(error))
    return see_other("/admin/plans?saved=1")


def _plan_of(form: Form) -> NewPlan:
    """What the form says. Raises Invalid for what is no number or price; the rest is checked by core."""
    faults = []
    numbers = {}
    for name, limit in _NUMBERS.items():
        text = form.get(name, "").strip().replace(",", "")
        if not (text.isascii() and text.isdigit() and len(text) < len("10000000")):
            faults.append(FieldError(field=name, message="Write a whole number."))
        else:
            numbers[limit] = int(text)
    currency = money.currency_of(form.get("currency", ""))
    price = money.amount_of(form.get("price", ""), currency) if currency else None
    storage = _bytes_of(form.get("storage", ""))
    if currency is None:
        faults.append(FieldError(field="currency", message=money.NOT_A_CURRENCY))
    elif price is None:
        faults.append(FieldError(field="price", message="Write a price above zero, as in 29 or 29.50."))
    if storage is None:
        faults.append(FieldError(field="storage", message="Write a number of GB, as in 10 or 0.5."))
    if faults or currency is None or price is None or storage is None:
        raise Invalid("The plan cannot be kept like this.", fields=faults)
    return NewPlan(
        name=form.get("name", "").strip(),
        price=price,
        currency=currency,
        storage_limit=storage,
        lines=tuple(line.strip() for line in form.get("lines", "").splitlines() if line.strip()),
        is_on_sale=form.get("sale") == "yes",
        **numbers,
    )


def _number_of(count: str) -> int:
    number = int(count) if count.isascii() and count.isdigit() and len(count) < len("10000") else 0
    if not 1 <= number <= _MAX_ON_A_SHEET:
        text = f"Choose a number from 1 to {_MAX_ON_A_SHEET}; `restante voucher create` makes up to 1,000 at once."
        raise Invalid.field("count", text)
    return number


def _bytes_of(gigabytes: str) -> int | None:
    try:
        value = Decimal(gigabytes.strip().replace(",", ".")) * _GB
    except InvalidOperation:
        return None
    return int(value) if value.is_finite() and 0 <= value < 1 << 60 else None


def _form_of(plan: Plan) -> Form:
    storage = Decimal(plan.storage_limit) / _GB
    return {
        "name": plan.name,
        "price": money.plain(plan.price, plan.currency),
        "currency": plan.currency.upper(),
        "storage": f"{storage.normalize():f}",
        "aliases": str(plan.alias_limit),
        "domains": str(plan.domain_limit),
        "position": str(plan.position),
        "lines": "\n".join(plan.lines),
        "sale": "yes" if plan.is_on_sale else "",
    }


def _beside(faults: Faults) -> Faults:
    """What core found, by the names of the fields here."""
    return Faults(faults.summary, {_FIELDS.get(name, name): text for name, text in faults.fields.items()})


async def _page(
    platform: Platform,
    site: Site,
    admin: Session,
    *,
    is_saved: bool = False,
    form: Form = _FIRST,
    faults: Faults = NO_FAULTS,
) -> Response[str]:
    async with platform.db.connection() as conn:
        found = await plans.everything(conn)
        left = {stock.plan_id: stock.voucher_count for stock in await vouchers.stocks(conn)}
    return site.view.page(
        "admin_plans.html",
        status=422 if faults.summary else 200,
        session=admin,
        plans=[(plan, money.shown(plan.price, plan.currency), left.get(plan.plan_id, 0)) for plan in found],
        can_buy=platform.shop is not None,
        is_saved=is_saved,
        form=form,
        faults=faults,
    )


async def _one(
    platform: Platform,
    site: Site,
    admin: Session,
    plan_id: UUID,
    *,
    form: Form | None = None,
    counted: str = "10",
    faults: Faults = NO_FAULTS,
) -> Response[str]:
    async with platform.db.connection() as conn:
        plan = await plans.get(conn, plan_id)
        left = {stock.plan_id: stock.voucher_count for stock in await vouchers.stocks(conn)}
    return site.view.page(
        "admin_plan.html",
        status=422 if faults.summary else 200,
        session=admin,
        plan=plan,
        voucher_count=left.get(plan_id, 0),
        form=form or _form_of(plan),
        count=counted,
        faults=faults,
    )
