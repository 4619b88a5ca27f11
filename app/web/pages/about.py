"""What the service is and promises, for anybody: papers, promises with what shows them, and files for machines."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from app.core.privacy.retention import RULES
from app.lib.times import utc_now
from app.web.claims import PRIVACY, SECURITY
from app.web.papers import of_docs
from app.web.site import GivenPlatform, GivenSite

_A_DAY = "public, max-age=86400"
_SECURITY_TXT_DAYS = 180
"""RFC 9116 section 2.5.5 asks for less than a year."""
_PAPERS = frozenset({"search", "domains", "leaks"})
_PUBLIC: Sequence[str] = (
    "/",
    "/pricing",
    "/security",
    "/privacy",
    "/threat-model",
    "/terms",
    "/docs",
    *(f"/docs/{name}" for name in sorted(_PAPERS)),
    "/docs/password-managers",
    "/docs/terminal",
    "/docs/api",
)


async def show_docs(site: GivenSite) -> Response[str]:
    """What there is to read."""
    return site.view.page("docs.html", at="/docs")


async def show_paper(site: GivenSite, slug: FromPath[str]) -> Response[str]:
    """A text of docs/ that is for those who use the service."""
    if slug not in _PAPERS:
        raise NotFoundException
    return site.view.page("paper.html", paper=of_docs(f"{slug}.md"), at="/docs")


async def show_threat_model(site: GivenSite) -> Response[str]:
    """docs/threat-model.md, word for word."""
    return site.view.page("paper.html", paper=of_docs("threat-model.md"), at="/security")


async def show_security(site: GivenSite) -> Response[str]:
    """What is promised, and by which tests that is shown."""
    return site.view.page("promises.html", chapters=SECURITY, contact=site.operator.security_contact, at="/security")


async def show_privacy(site: GivenSite) -> Response[str]:
    """The same of what is asked for and kept, with the table that deletion goes by."""
    return site.view.page("privacy.html", chapters=PRIVACY, rules=RULES, at="/privacy")


async def show_terms(site: GivenSite) -> Response[str]:
    """The operator's, or that there are none."""
    return site.view.page("terms.html", paper=site.operator.terms, at="/terms")


async def show_security_txt(site: GivenSite, platform: GivenPlatform) -> Response[str]:
    """Whom to tell of a hole (RFC 9116); 404 where the operator has not said."""
    contact = site.operator.security_contact
    if contact is None:
        raise NotFoundException
    today = datetime.combine(utc_now().date(), datetime.min.time(), UTC)
    expires = today + timedelta(days=_SECURITY_TXT_DAYS)
    url = platform.public_url
    lines = (
        f"Contact: {contact}",
        f"Expires: {expires:%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages: en",
        f"Canonical: {url}/.well-known/security.txt",
        f"Policy: {url}/security#report",
    )
    text = "".join(f"{line}\n" for line in lines)
    return Response(text, media_type="text/plain", headers={"Cache-Control": _A_DAY})


async def show_sitemap(platform: GivenPlatform) -> Response[str]:
    """The pages for anybody (sitemaps.org's protocol)."""
    urls = "".join(f"<url><loc>{platform.public_url}{path}</loc></url>\n" for path in _PUBLIC)
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{urls}</urlset>\n'
    )
    return Response(text, media_type="application/xml", headers={"Cache-Control": _A_DAY})
