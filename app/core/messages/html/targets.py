"""Links that tell where they lead: to the pointer, to browsers without styles, and to all where the words lie.

Works on what the sanitiser wrote, whose tags have one spelling (HTML standard section 13.3); never on mail as it came.
"""

import re
from html import escape, unescape

from app.core.messages import urls

_LINK = re.compile(r'<a((?: [\w-]+="[^"]*")*)>|</a>')
_ATTRIBUTE = re.compile(r' ([\w-]+)="([^"]*)"')
_ORDER = ("href", "target", "rel", "title")
_TOLD = re.compile(r'<span class="mail-(?:target|lie)">[^<]*</span>')
_TAG = re.compile(r"<[^<>]*>")
_ADDRESS = re.compile(r"(?:https?://)?((?:[a-z0-9-]{1,63}\.){1,6}[a-z]{2,24})(?=[/?:#]|\Z)", re.IGNORECASE)
_MAX_WORDS = 2000


def told(html: str) -> str:
    """The HTML with each link's target as its title, and its host behind it; telling twice changes nothing.

    The host stands in `.mail-target`, which a style may hide, or in `.mail-lie` where the link's words name another.
    """
    html = _TOLD.sub("", html)
    pieces: list[str] = []
    end = 0
    opened: list[tuple[str, int]] = []
    for found in _LINK.finditer(html):
        pieces.append(html[end : found.start()])
        end = found.end()
        if found[1] is None:
            pieces.append("</a>")
            if opened:
                target, start = opened.pop()
                pieces.append(_host_of(target, html[start : found.start()][:_MAX_WORDS]))
            continue
        attributes = dict(_ATTRIBUTE.findall(found[1]))
        target = attributes.get("href", "")
        attributes |= {"title": target} if target else {}
        pieces.append(f"<a{''.join(_written(attributes))}>")
        opened.append((unescape(target), found.end()))
    return "".join([*pieces, html[end:]])


def _written(attributes: dict[str, str]) -> list[str]:
    """In one order: the sanitiser's own is not always the same."""
    names = [name for name in _ORDER if name in attributes] + sorted(attributes.keys() - set(_ORDER))
    return [f' {name}="{attributes[name]}"' for name in names]


def _host_of(target: str, words: str) -> str:
    host = urls.host(target) if target[:4].lower() == "http" else ""
    if not host:
        return ""
    named = _ADDRESS.match(unescape(_TAG.sub("", words)).strip())
    is_lie = named is not None and not _is_same_site(named[1].lower(), host)
    return f'<span class="mail-{"lie" if is_lie else "target"}"> [{escape(host)}]</span>'


def _is_same_site(named: str, host: str) -> bool:
    """Whether one is below the other, `www.` aside."""
    named, host = named.removeprefix("www."), host.removeprefix("www.")
    return named == host or named.endswith(f".{host}") or host.endswith(f".{named}")
