"""What a mail's HTML would make a browser load, counted by host, tracking pixels apart; known without loading any."""

import re
from collections import Counter
from html import unescape

import msgspec
import nh3

Hosts = tuple[tuple[str, int], ...]
"""(host, how many), most first."""

_LOADING_TAGS = frozenset(
    "audio embed iframe image img input link object script source svg table td th track tr use video".split()
)
_LOADING_ATTRIBUTES = frozenset({"background", "data", "href", "poster", "src", "srcset", "xlink:href"})
_SIZE_ATTRIBUTES = frozenset({"width", "height", "style"})
_REMOTE = re.compile(r"(?:https?:)?[\\/]{2,}+([^\s/\\?#,;&\"'()<>]+)", re.IGNORECASE)
_STYLE_LOADS = re.compile(
    r"(?:\burl\(|@import\s)(?:[\s\"']|&quot;|&#39;|&apos;){0,9}(?!url\()([^\s\"'()]+)", re.IGNORECASE
)
_BODY = re.compile(r"<body(?=[\s/>])", re.IGNORECASE)
_PORT = re.compile(r":\d*\Z")
_MAX_HOST_CHARS = 253
# What the HTML serialisation algorithm (HTML standard section 13.3) writes: quoted values without quotes in them.
_ELEMENT = re.compile(r'<([a-z]+)((?: [\w:-]+="[^"]*")+)>')
_ATTRIBUTE = re.compile(r' ([\w:-]+)="([^"]*)"')
_TINY = re.compile(r"\s*0*[0-2](?:\.\d+)?(?:px)?\s*\Z", re.IGNORECASE)
_HIDDEN_STYLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|opacity\s*:\s*0?(?:\.0+)?\s*(?:;|!|\Z)"
    r"|(?:^|;)\s*(?:max-)?(?:width|height)\s*:\s*[0-2](?:\.\d+)?(?:px)?\s*(?:;|!|\Z)",
    re.IGNORECASE,
)
_PIXEL_PATH = re.compile(
    r"/wf/open\b|/track/open\b|/open\.(?:aspx|php|gif|png)\b|/o\.gif\b|/pixel(?:\.gif|\.png|/|\?)|/beacon\b"
    r"|[/_-](?:track(?:er|ing)?|spacer|blank|clear)\.gif\b|/e/o/|/ss/o/|/trk(?:_open)?\b|/collect\?|/imp\?|/q/[\w~-]+~~",
    re.IGNORECASE,
)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a mail tried to load: everything by host, and how much of that only reports that it was opened."""

    hosts: Hosts
    pixels: Hosts


def wanted(html: str) -> Wanted:
    """Found by a real HTML parser, so that what a browser would load is what is counted. Not for bombs."""
    found = Counter(_style_hosts(html))
    pixels: Counter[str] = Counter()
    # A fragment has no body: its attributes would be dropped unseen.
    for tag, attributes in _loading_elements(_BODY.sub("<object", html)):
        for name in attributes.keys() & _LOADING_ATTRIBUTES:
            hosts = [host for host in map(_host, re.split(r"[\s,]+", attributes[name])) if host]
            found.update(hosts)
            if name == "src" and tag in {"img", "image"} and _is_pixel(attributes):
                pixels.update(hosts)
    return Wanted(hosts=_sorted(found), pixels=_sorted(pixels))


def wanted_by_styles(html: str) -> Wanted:
    """What the text alone tells, for HTML that no parser should touch."""
    return Wanted(hosts=_sorted(Counter(_style_hosts(html))), pixels=())


def _loading_elements(html: str) -> list[tuple[str, dict[str, str]]]:
    kept = set(_LOADING_ATTRIBUTES | _SIZE_ATTRIBUTES)
    clean = nh3.clean(
        html,
        tags=set(_LOADING_TAGS),
        clean_content_tags=set(),
        attributes=dict.fromkeys(_LOADING_TAGS, kept),
        link_rel=None,
        url_schemes={"http", "https"},
    )
    return [
        (tag, {name: unescape(value) for name, value in _ATTRIBUTE.findall(attributes)})
        for tag, attributes in _ELEMENT.findall(clean)
    ]


def _is_pixel(attributes: dict[str, str]) -> bool:
    """Too small or too hidden to be looked at, or of an address that senders' services use for nothing else."""
    sizes = [attributes[name] for name in ("width", "height") if name in attributes]
    if sizes and all(map(_TINY.match, sizes)):
        return True
    return bool(_HIDDEN_STYLE.search(attributes.get("style", "")) or _PIXEL_PATH.search(attributes["src"]))


def _style_hosts(html: str) -> list[str]:
    return [host for host in map(_host, _STYLE_LOADS.findall(html)) if host]


def _host(url: str) -> str | None:
    found = _REMOTE.match(url)
    return _PORT.sub("", found[1].rpartition("@")[2]).lower()[:_MAX_HOST_CHARS] or None if found else None


def _sorted(hosts: Counter[str]) -> Hosts:
    return tuple(sorted(hosts.items(), key=lambda item: (-item[1], item[0])))
