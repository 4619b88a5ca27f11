"""Links that tell where they lead: to the pointer, to browsers without styles, and to all where the words lie.

Works on what the sanitiser wrote, whose tags have one spelling (HTML standard section 13.3); never on mail as it came.
"""

import re
from html import escape, unescape
from urllib.parse import unquote

from app.core.messages import urls
from app.core.messages.html.hosts import ascii_form, is_deceptive, readable_form

_LINK = re.compile(r'<a((?: [\w-]+="[^"]*")*)>|</a>')
_ATTRIBUTE = re.compile(r' ([\w-]+)="([^"]*)"')
_ORDER = ("href", "target", "rel", "title")
_TOLD = re.compile(r'<span class="mail-(?:target|lie)">[^<]*</span>')
_TAG = re.compile(r"<[^<>]*>")
_ADDRESS = re.compile(r"((?:[\w-]{1,63}\.){1,6}(?:[^\W\d_]{2,24}|xn--[\w-]{2,59}))(?=[/?:#]|\Z)")
_WITH_SCHEME = re.compile(r"https?://([^\s/?#@:<>]{1,253})", re.IGNORECASE)
_FILE = re.compile(
    r"[^/?#]*\.(?:pdf|docx?|xlsx?|pptx?|csv|txt|jpe?g|png|gif|html?|ics|js|eml|json|xml)\Z", re.IGNORECASE
)
_MAILBOX = re.compile(r"[^\s@<>]{1,64}@[^\s@<>]{1,253}\Z")
_NUMBER = re.compile(r"[+()\d][\d\s().\/-]{4,30}\Z")
_LOCAL_DIGITS = 6
"""The digits at the end of a telephone number that are the same with and without the code of a country."""
_MAX_WORDS = 2000


def told(html: str) -> str:
    """The HTML with each link's target as its title, and its goal behind it; telling twice changes nothing.

    The goal (a host, an address, a number) stands in `.mail-target`, which a style may hide, or in `.mail-lie` where
    the link's words name another. Links within the mail stay in their window.
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
                pieces.append(_target_of(target, html[start : found.start()][:_MAX_WORDS]))
            continue
        attributes = dict(_ATTRIBUTE.findall(found[1]))
        target = attributes.get("href", "")
        if target.startswith("#"):
            attributes = {name: value for name, value in attributes.items() if name not in _ORDER[1:]}
        elif target:
            attributes["title"] = target
        pieces.append(f"<a{''.join(_written(attributes))}>")
        opened.append((unescape(target), found.end()))
    return "".join([*pieces, html[end:]])


def _written(attributes: dict[str, str]) -> list[str]:
    """In one order: the sanitiser's own is not always the same."""
    names = [name for name in _ORDER if name in attributes] + sorted(attributes.keys() - set(_ORDER))
    return [f' {name}="{attributes[name]}"' for name in names]


def _target_of(target: str, words: str) -> str:
    """What is written behind a link: loud where its words name another goal or its host is made to be misread."""
    scheme, _, rest = target.partition(":")
    words = " ".join(unescape(_TAG.sub("", words)).split())
    if scheme.lower() == "mailto":
        return _mailto_of(unquote(rest.partition("?")[0]), words)
    if scheme.lower() == "tel":
        return _tel_of(rest, words)
    host = urls.host(target)
    return _host_of(host, words) if host else ""


def _host_of(host: str, words: str) -> str:
    readable, looked_up = readable_form(host), ascii_form(host)
    both = looked_up if readable == looked_up else f"{readable} ({looked_up})"
    named = _named(words)
    if named and not _is_same_site(ascii_form(named), looked_up):
        return _note("lie", f"shown as {named}, leads to {both}")
    return _note("lie", f"leads to {both}") if is_deceptive(host) else _note("target", both)


def _mailto_of(address: str, words: str) -> str:
    if not address or words.lower() == address.lower():
        return ""
    if _MAILBOX.match(words):
        return _note("lie", f"shown as {words}, writes to {address}")
    return _note("target", f"writes to {address}")


def _tel_of(number: str, words: str) -> str:
    if not _NUMBER.match(words):
        return _note("target", f"calls {number}")
    shown, called = re.sub(r"\D", "", words), re.sub(r"\D", "", number)
    return (
        "" if shown[-_LOCAL_DIGITS:] == called[-_LOCAL_DIGITS:] else _note("lie", f"shown as {words}, calls {number}")
    )


def _note(kind: str, words: str) -> str:
    return f'<span class="mail-{kind}"> [{escape(words, quote=False)}]</span>'


def _named(words: str) -> str:
    """The host that a link's words name: in an address anywhere, or as all there is."""
    found = _WITH_SCHEME.search(words) or _ADDRESS.match(words)
    return found[1].lower() if found and not _FILE.match(words) else ""


def _is_same_site(named: str, host: str) -> bool:
    """Whether one is below the other, `www.` aside."""
    named, host = named.removeprefix("www."), host.removeprefix("www.")
    return named == host or named.endswith(f".{host}") or host.endswith(f".{named}")
