"""Aliases as a file: handed out, taken in, looked at before they are made, and what became of each line."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from uuid import UUID

from litestar import Response
from litestar.params import FromPath, FromQuery
from litestar.response import Stream
from litestar.response.redirect import Redirect

from app.core.aliases.files import importing, reading, waiting, writing
from app.core.aliases.files.exporting import export
from app.core.aliases.files.model import OTHER_DOMAINS, Choice, LineReport, Outcome
from app.core.aliases.limits import service as limits
from app.core.aliases.preferences import service as preferences
from app.core.platform import Platform
from app.errors import Invalid
from app.lib.blobs.disposition import attachment
from app.lib.times import utc_now
from app.web import forms
from app.web.fitting import part as part_of
from app.web.fitting import weight
from app.web.forms import NO_FAULTS, AnyRequest, Faults, Form
from app.web.headers import FILE_CSP
from app.web.session import GivenSession, Session
from app.web.site import GivenPlatform, GivenSite, Site
from app.web.view import see_other

MAX_FORM_BYTES = 4 * 1024 * 1024 + 64 * 1024
"""A file and what stands around it in the form."""
TOO_LARGE = "The file is larger than 4 MiB. Divide it, and bring its parts one after the other; nothing was made of it."
_ROOM, _LINE_BYTES = 30_000, 120
_ORDER: Mapping[Outcome, int] = {"made": 1, "exists": 2, "gone": 2}
"""What asks for attention comes first."""


async def show_files(platform: GivenPlatform, site: GivenSite, session: GivenSession) -> Response[str]:
    """Where a file comes in or goes out."""
    return await _files(platform, site, session)


async def show_export(platform: GivenPlatform, session: GivenSession) -> Stream:
    """All aliases as CSV."""
    headers = {"Content-Security-Policy": FILE_CSP, "Content-Disposition": attachment("aliases.csv")}
    content = export(platform.db, session.actor.account_id, session.actor.keyring)
    return Stream(content, media_type=writing.MEDIA_TYPE, headers=headers)


async def submit_file(
    request: AnyRequest, platform: GivenPlatform, site: GivenSite, session: GivenSession
) -> Response[str] | Redirect:
    """Read a file and keep it until its owner has looked at what would become of it."""
    actor = session.actor
    try:
        data = await forms.read_file(request, "file")
        if not data:
            raise Invalid.field("file", "Choose a file that is not empty.")
        file = await asyncio.to_thread(reading.read, data)
    except Invalid as error:
        return await _files(platform, site, session, faults=Faults.of(error))
    async with platform.db.transaction() as conn:
        import_id = await waiting.put(conn, actor.account_id, actor.keyring, file)
    return see_other(f"/aliases/import/{import_id}")


async def show_import(
    platform: GivenPlatform,
    site: GivenSite,
    session: GivenSession,
    import_id: FromPath[UUID],
    others: FromQuery[str] = "skip",
    domain: FromQuery[str] = "",
    part: FromQuery[int] = 1,
) -> Response[str]:
    """What would become of each line of the file, or what did."""
    form = {"others": others, "domain": domain}
    return await _import(platform, site, session, import_id, form=form, number=part)


async def submit_import(
    request: AnyRequest,
    platform: GivenPlatform,
    site: GivenSite,
    session: GivenSession,
    import_id: FromPath[UUID],
) -> Response[str] | Redirect:
    """Make the aliases of the file, once."""
    form, actor = await forms.read(request), session.actor
    try:
        async with platform.db.transaction() as conn:
            await waiting.make(conn, actor.account_id, actor.keyring, import_id, _choice(form), now=utc_now())
    except Invalid as error:
        return await _import(platform, site, session, import_id, form=form, faults=Faults.of(error))
    return see_other(f"/aliases/import/{import_id}")


async def _files(platform: Platform, site: Site, session: Session, *, faults: Faults = NO_FAULTS) -> Response[str]:
    async with platform.db.connection() as conn:
        allowance = await limits.allowance(conn, session.actor.account_id)
    status = 422 if faults.summary else 200
    return site.view.page("alias_files.html", status=status, session=session, allowance=allowance, faults=faults)


async def _import(
    platform: Platform,
    site: Site,
    session: Session,
    import_id: UUID,
    *,
    form: Form,
    number: int = 1,
    faults: Faults = NO_FAULTS,
) -> Response[str]:
    actor, now = session.actor, utc_now()
    async with platform.db.connection() as conn:
        kept = await waiting.get(conn, actor.account_id, actor.keyring, import_id)
        offered = await preferences.offered(conn, actor.account_id)
        report = kept.report
        if report is None:
            try:
                report = await importing.preview(conn, actor.account_id, kept.file, _choice(form), now=now)
            except Invalid as error:
                faults, form = Faults.of(error), {"others": "skip"}
                report = await importing.preview(conn, actor.account_id, kept.file, Choice(), now=now)
    lines = sorted(report, key=lambda one: (_ORDER.get(one.outcome, 0), one.line))
    return site.view.page(
        "alias_import.html",
        status=422 if faults.summary else 200,
        session=session,
        import_id=import_id,
        file=kept.file,
        is_done=kept.report is not None,
        counts=Counter(one.outcome for one in report),
        shown=part_of(lines, max(1, number), room=_ROOM, weigh=_bytes),
        domains=offered,
        form=form,
        faults=faults,
    )


def _choice(form: Form) -> Choice:
    """What is to become of other domains' addresses. Raises Invalid."""
    others = next((one for one in OTHER_DOMAINS if one == form.get("others", "skip")), None)
    if others is None:
        raise Invalid.field("others", "Choose what becomes of these addresses.")
    return Choice(others=others, domain=form.get("domain") or None)


def _bytes(one: LineReport) -> int:
    return _LINE_BYTES + weight(one.written) + weight(one.address) + weight(one.detail)
