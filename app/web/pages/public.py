"""What anybody may ask for: the front page, the files around the pages, and whether the service is well."""

from litestar import Response
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, SkipValidation
from litestar.response.redirect import Redirect

from app.core.joining import service as joining
from app.lib.readiness import Readiness
from app.web.site import GivenPlatform, GivenSite

ROBOTS = """User-agent: *
Disallow: /aliases
Disallow: /api/
Disallow: /archive
Disallow: /attachments/
Disallow: /feed/
Disallow: /inbox
Disallow: /leaving
Disallow: /login
Disallow: /messages/
Disallow: /settings
Disallow: /setup/
Disallow: /shop/
Disallow: /spam
Disallow: /starred
Disallow: /trash
Disallow: /welcome
"""
_FOR_EVER = "public, max-age=31536000, immutable"
_A_DAY = "public, max-age=86400"

GivenReadiness = NamedDependency[SkipValidation[Readiness]]


async def show_home(platform: GivenPlatform, site: GivenSite) -> Response[str]:
    """The front page."""
    return site.view.page("home.html", is_open=await joining.is_open(platform))


async def show_static(site: GivenSite, name: FromPath[str]) -> Response[bytes]:
    """A file whose path changes with its content."""
    asset = site.assets.find(name)
    if asset is None:
        raise NotFoundException
    return Response(asset.content, media_type=asset.content_type, headers={"Cache-Control": _FOR_EVER})


async def show_icon(site: GivenSite) -> Response[bytes]:
    """Where browsers look for an icon unasked."""
    asset = site.assets.find(site.assets.urls["icon.svg"].rpartition("/")[2])
    if asset is None:
        raise NotFoundException
    return Response(asset.content, media_type=asset.content_type, headers={"Cache-Control": _A_DAY})


async def show_retention() -> Redirect:
    """What is kept how long is a part of the page of privacy."""
    return Redirect("/privacy#kept", status_code=301)


async def show_robots(platform: GivenPlatform) -> Response[str]:
    """What crawlers leave alone (RFC 9309), and what there is for them."""
    text = f"{ROBOTS}Sitemap: {platform.public_url}/sitemap.xml\n"
    return Response(text, media_type="text/plain", headers={"Cache-Control": _A_DAY})


async def show_health() -> Response[str]:
    """Alive, whatever else is not."""
    return Response("ok\n", media_type="text/plain")


async def show_readiness(readiness: GivenReadiness) -> Response[dict[str, str]]:
    """Whether to send visitors here: 200, or 503 with the part that fails."""
    failing = await readiness.failing()
    if failing is None:
        return Response({"status": "ready"})
    return Response({"status": "not ready", "failing": failing}, status_code=503)
