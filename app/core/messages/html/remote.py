"""What a mail's HTML would make a browser load, counted by host, tracking pixels apart; known without loading any."""

import re
from collections import Counter
from html import unescape

import msgspec
import nh3

from app.core.messages.html.document import Document

Hosts = tuple[tuple[str, int], ...]
"""(host, how many), most first."""

Kinds = tuple[tuple[str, int], ...]
"""(picture, style sheet, font, frame, script, recording or other; how many), most first."""

_KINDS = {
    "picture": "amp-anim amp-img amp-pixel div image img input source svg table td th tr use",
    "frame": "amp-iframe amp-list embed iframe object",
    "recording": "amp-audio amp-video audio track video",
    "script": "script",
    "style sheet": "link",
}
_KIND_OF = {tag: kind for kind, tags in _KINDS.items() for tag in tags.split()}
_PICTURE_ATTRIBUTES = frozenset({"background", "poster", "srcset"})
_LOADING_ATTRIBUTES = frozenset({"background", "data", "href", "poster", "src", "srcset", "xlink:href"})
_SIZE_ATTRIBUTES = frozenset({"width", "height", "style"})
_PIXEL_TAGS = frozenset({"amp-pixel", "image", "img"})
_NOT_LOADED = re.compile(r"\b(?:canonical|alternate|author|license|next|prev|shortlink|me)\b", re.IGNORECASE)
_STYLE = re.compile(r"\sstyle\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)
_FONT_FACE = re.compile(r"@font-face\s*\{[^{}]{0,4000}\}?", re.IGNORECASE)
_REMOTE = re.compile(r"(?:https?:)?[\\/]{2,}+([^\s/\\?#,;&\"'()<>]+)", re.IGNORECASE)
_STYLE_LOADS = re.compile(
    r"(\burl\(|@import\s|\b(?:image-set|src)\()(?:[\s\"']|&quot;|&#39;|&apos;){0,9}(?!url\()([^\s\"'()]+)",
    re.IGNORECASE,
)
_PORT = re.compile(r":\d*\Z")
_MAX_HOST_CHARS = 253
# What the HTML serialisation algorithm (HTML standard section 13.3) writes: quoted values without quotes in them.
_ELEMENT = re.compile(r'<([a-z-]+)((?: [\w:-]+="[^"]*")+)>')
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
    kinds: Kinds


def wanted(document: Document) -> Wanted:
    """Found by a real HTML parser, so that what a browser would load is what is counted. Not for bombs."""
    styles = [first or second for first, second in _STYLE.findall(document.content)]
    found = _style_loads("\n".join([document.sheets, *styles]))
    pixels: Counter[str] = Counter()
    for tag, attributes in _loading_elements(document.content):
        if tag == "link" and _NOT_LOADED.search(attributes.get("rel", "")):
            continue
        for name in attributes.keys() & _LOADING_ATTRIBUTES:
            hosts = [host for host in map(_host, re.split(r"[\s,]+", attributes[name])) if host]
            kind = "picture" if name in _PICTURE_ATTRIBUTES else _KIND_OF[tag]
            found += [(kind, host) for host in hosts]
            if name == "src" and tag in _PIXEL_TAGS and _is_pixel(tag, attributes):
                pixels.update(hosts)
    return _counted(found, pixels)


def wanted_by_styles(html: str) -> Wanted:
    """What the text alone tells, for HTML that no parser should touch."""
    return _counted(_style_loads(html), Counter())


def _counted(found: list[tuple[str, str]], pixels: Counter[str]) -> Wanted:
    return Wanted(
        hosts=_sorted(Counter(host for _, host in found)),
        pixels=_sorted(pixels),
        kinds=_sorted(Counter(kind for kind, _ in found)),
    )


def _loading_elements(html: str) -> list[tuple[str, dict[str, str]]]:
    kept = set(_LOADING_ATTRIBUTES | _SIZE_ATTRIBUTES)
    clean = nh3.clean(
        html,
        tags=set(_KIND_OF),
        clean_content_tags=set(),
        attributes=dict.fromkeys(_KIND_OF, kept) | {"link": {"href", "rel"}},
        link_rel=None,
        url_schemes={"http", "https"},
    )
    return [
        (tag, {name: unescape(value) for name, value in _ATTRIBUTE.findall(attributes)})
        for tag, attributes in _ELEMENT.findall(clean)
        if tag in _KIND_OF  # what stands in an <iframe> is text, and written as it came
    ]


def _is_pixel(tag: str, attributes: dict[str, str]) -> bool:
    """Too small or too hidden to be looked at, or of an address that senders' services use for nothing else."""
    if tag == "amp-pixel":
        return True
    sizes = [attributes[name] for name in ("width", "height") if name in attributes]
    if sizes and all(map(_TINY.match, sizes)):
        return True
    return bool(_HIDDEN_STYLE.search(attributes.get("style", "")) or _PIXEL_PATH.search(attributes["src"]))


def _style_loads(css: str) -> list[tuple[str, str]]:
    """(kind, host) of what the styles would load."""
    fonts = " ".join(_FONT_FACE.findall(css))
    found = [("font", url) for _, url in _STYLE_LOADS.findall(fonts)]
    for how, url in _STYLE_LOADS.findall(_FONT_FACE.sub(" ", css)):
        found.append(("style sheet" if how.startswith("@") else "picture", url))
    return [(kind, host) for kind, host in ((kind, _host(url)) for kind, url in found) if host]


def _host(url: str) -> str | None:
    found = _REMOTE.match(url)
    return _PORT.sub("", found[1].rpartition("@")[2]).lower()[:_MAX_HOST_CHARS] or None if found else None


def _sorted(hosts: Counter[str]) -> Hosts:
    return tuple(sorted(hosts.items(), key=lambda item: (-item[1], item[0])))
