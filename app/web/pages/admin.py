"""The administrator's overview, the queue of jobs, and the audit log."""

from uuid import UUID

from litestar import Response
from litestar.params import FromPath, FromQuery
from litestar.response.redirect import Redirect

from app.core.administration import audit
from app.core.administration.model import AuditEntry
from app.core.administration.overview import service as overviews
from app.lib.times import utc_now
from app.web.administration import GivenAdmin, GivenFreshAdmin
from app.web.forms import AnyRequest
from app.web.notices import Notice
from app.web.pages.public import GivenReadiness
from app.web.paging import Turn, turned
from app.web.site import GivenPlatform, GivenSite
from app.web.view import see_other

_LOG_PAGE = 50
_ROOM = 40_000
_ENTRY_BYTES = 700
_JOBS = 60


async def show_overview(
    platform: GivenPlatform, site: GivenSite, admin: GivenAdmin, readiness: GivenReadiness
) -> Response[str]:
    """How the service does, in numbers."""
    failing = await readiness.failing()
    overview = await overviews.overview(platform, now=utc_now())
    return site.view.page("admin_overview.html", session=admin, overview=overview, failing=failing)


async def show_jobs(request: AnyRequest, platform: GivenPlatform, site: GivenSite, admin: GivenAdmin) -> Response[str]:
    """Jobs that failed, run or wait."""
    async with platform.db.connection() as conn:
        jobs = await overviews.jobs(conn, limit=_JOBS)
    text = "The job waits for a worker now, which takes it within seconds." if "retried" in request.query_params else ""
    return site.view.page("admin_jobs.html", session=admin, jobs=jobs, notice=Notice(text=text))


async def submit_retry(platform: GivenPlatform, fresh_admin: GivenFreshAdmin, job_id: FromPath[int]) -> Redirect:
    """Have a failed job done now."""
    async with platform.db.transaction() as conn:
        await overviews.retry(conn, fresh_admin.actor, job_id, now=utc_now())
    return see_other("/admin/jobs?retried=1")


async def show_log(
    platform: GivenPlatform,
    site: GivenSite,
    admin: GivenAdmin,
    before: FromQuery[UUID | None] = None,
    after: FromQuery[UUID | None] = None,
) -> Response[str] | Redirect:
    """What administrators and the operator did, newest first."""
    turn = Turn(before=before, after=after)
    async with platform.db.connection() as conn:
        found = await audit.page(conn, before=turn.before, after=turn.after, limit=_LOG_PAGE + 1)
    page = turned(found, turn, _LOG_PAGE, _entry_id, room=_ROOM, weigh=lambda _: _ENTRY_BYTES)
    if page is None:
        return see_other("/admin/log")
    return site.view.page("admin_log.html", session=admin, page=page)


def _entry_id(entry: AuditEntry) -> UUID:
    return entry.entry_id
