"""What the API can do, for anybody: a first page, and one a group of calls, made from the API's own description."""

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from app.web.site import GivenSite


async def show_reference(site: GivenSite) -> Response[str]:
    """How to begin, and what holds for all calls."""
    return site.view.page("reference.html", reference=site.reference, at="")


async def show_chapter(site: GivenSite, slug: FromPath[str]) -> Response[str]:
    """The calls of one group."""
    chapter = site.reference.chapter(slug)
    if chapter is None:
        raise NotFoundException
    return site.view.page("reference_chapter.html", reference=site.reference, chapter=chapter, at=slug)
