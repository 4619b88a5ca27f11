"""Searching mail: the form, what was found with its hits marked, and what was mistyped."""

from collections.abc import Mapping
from uuid import UUID

from litestar import Response
from litestar.params import FromQuery

from app.core.search import grammar
from app.core.search import service as search
from app.core.search.hits import Hits
from app.core.search.model import Found, Query
from app.core.search.passages import passages
from app.errors import Invalid
from app.web.forms import NO_FAULTS, Faults
from app.web.session import GivenSession
from app.web.site import GivenPlatform, GivenSite

PAGE = 50
_NOTHING = Found(lines=[], older=None)


async def show_search(
    platform: GivenPlatform,
    site: GivenSite,
    session: GivenSession,
    q: FromQuery[str] = "",
    before: FromQuery[UUID | None] = None,
) -> Response[str]:
    """Fifty of the messages found, newest first; without `q` the form alone."""
    found, faults, hits = _NOTHING, NO_FAULTS, Hits(Query())
    texts: Mapping[UUID, str] = {}
    try:
        if q.strip():
            query = grammar.parse(q)
            async with platform.db.transaction() as conn:
                found = await search.page(platform, conn, session.actor, query, before=before, limit=PAGE)
            hits = Hits(query)
            texts = await passages(platform, session.actor, hits, found.lines)
    except Invalid as error:
        faults = Faults.of(error)
    return site.view.page(
        "search.html",
        status=422 if faults.summary else 200,
        session=session,
        q=q,
        found=found,
        hits=hits,
        passages=texts,
        faults=faults,
        is_first=before is None,
    )
