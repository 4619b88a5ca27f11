"""What the API can do, for anybody: a first page, and one a group of calls, made from the API's own description."""

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from app.web.site import GivenSite, Site


async def show_reference(site: GivenSite) -> Response[str]:
    """How to begin, and what holds for all calls."""
    return site.view.page("reference.html", reference=site.reference, at="")


async def show_password_managers(site: GivenSite) -> Response[str]:
    """How to have a password manager make aliases here."""
    return site.view.page(
        "reference_managers.html", reference=site.reference, address=_address(site), at="password-managers"
    )


async def show_terminal(site: GivenSite) -> Response[str]:
    """What the program `restante` does for who has a key."""
    return site.view.page("reference_terminal.html", reference=site.reference, address=_address(site), at="terminal")


async def show_chapter(site: GivenSite, slug: FromPath[str]) -> Response[str]:
    """The calls of one group."""
    chapter = site.reference.chapter(slug)
    if chapter is None:
        raise NotFoundException
    return site.view.page("reference_chapter.html", reference=site.reference, chapter=chapter, at=slug)


def _address(site: Site) -> str:
    """What clients are given as the server's address."""
    return site.reference.base.removesuffix("/api/v1")
