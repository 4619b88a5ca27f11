"""Hostile HTML of mail made safe to show: a tight allow-list, nothing remote, and a count of what did not load.

The page that shows it adds its own walls (sandbox, a policy of its own); neither relies on the other.
"""

import re
from collections import Counter
from html import escape, unescape

import msgspec
import nh3

_TAGS = frozenset(
    """a abbr acronym address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del
    details dfn div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark nav
    ol p pre q rp rt ruby s samp section small span strike strong sub summary sup table tbody td tfoot th thead time
    tr tt u ul var wbr""".split()
)
_DROPPED_WITH_CONTENT = frozenset(
    """script style title template noscript noembed noframes iframe object embed applet svg math audio video canvas
    select textarea button""".split()
)
_TABLE = frozenset({"align", "valign", "bgcolor", "width", "height"})
_ATTRIBUTES = {
    "*": {"style", "dir", "lang", "title", "align"},
    "a": {"href"},
    "bdo": {"dir"},
    "blockquote": {"type"},
    "col": {"span", "width"},
    "colgroup": {"span", "width"},
    "font": {"color", "size", "face"},
    "hr": {"size", "width", "color"},
    "img": {"alt"},  # no source: the browser writes the alternative text
    "li": {"value"},
    "ol": {"start", "type", "reversed"},
    "table": {*_TABLE, "border", "cellpadding", "cellspacing", "role"},
    "td": {*_TABLE, "colspan", "rowspan", "nowrap"},
    "th": {*_TABLE, "colspan", "rowspan", "nowrap", "scope"},
    "tr": set(_TABLE),
    "tbody": {"valign"},
    "ul": {"type"},
}
_STYLE_PROPERTIES = frozenset(
    """background-color border border-bottom border-bottom-color border-bottom-style border-bottom-width
    border-collapse border-color border-left border-left-color border-left-style border-left-width border-radius
    border-right border-right-color border-right-style border-right-width border-spacing border-style border-top
    border-top-color border-top-style border-top-width border-width box-sizing clear color direction display
    empty-cells float font-family font-size font-style font-variant font-weight height letter-spacing line-height
    list-style-type margin margin-bottom margin-left margin-right margin-top max-width min-width mso-hide overflow
    overflow-wrap padding padding-bottom padding-left padding-right padding-top table-layout text-align
    text-decoration text-indent text-transform unicode-bidi vertical-align white-space width word-break
    word-wrap""".split()
)
_LINK_REL = "noreferrer noopener nofollow"
_LINK_SCHEMES = frozenset({"http", "https", "mailto"})

_LOADING_TAGS = frozenset(
    "audio embed iframe image img input link object script source svg table td th track tr use video".split()
)
_LOADING_ATTRIBUTES = frozenset({"background", "data", "href", "poster", "src", "srcset", "xlink:href"})
_REMOTE = re.compile(r"(?:https?:)?[\\/]{2,}+([^\s/\\?#,;&\"'()<>]+)", re.IGNORECASE)
_STYLE_LOADS = re.compile(
    r"(?:\burl\(|@import\s)(?:[\s\"']|&quot;|&#39;|&apos;){0,9}(?!url\()([^\s\"'()]+)", re.IGNORECASE
)
_BODY = re.compile(r"<body(?=[\s/>])", re.IGNORECASE)
_PORT = re.compile(r":\d*\Z")
_NO_WORD = re.compile(r"[^\w-]")
_STYLE_FUNCTIONS = frozenset({"rgb", "rgba", "hsl", "hsla"})
_ESCAPES = re.compile(r"\\|/\*|<|@")
_MAX_HOST_CHARS = 253


# Elements that another of their kind closes: open ones of these do not add up.
_CLOSED_BY_THEIR_LIKE = frozenset("p li dd dt option tr td th tbody thead tfoot".split())
_VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
_REOPENED = frozenset("a b big code em font i nobr s small strike strong tt u".split())
_A_TAG = re.compile(r"<(/?)([a-z][^\s/>]{0,20})", re.IGNORECASE)
_MARKUP = re.compile(r"<[^<>]*>")
_SEPARATOR = re.compile(r"[\s/\"']")
_MAX_DEPTH = 400
_MAX_ATTRIBUTE_STEPS = 300_000_000
_MAX_REOPENED = 1_000_000


class SafeHtml(msgspec.Struct, frozen=True, kw_only=True):
    """HTML that loads nothing and runs nothing, and which hosts the original wanted to load how many things from."""

    html: str
    blocked_hosts: tuple[tuple[str, int], ...]
    """(host, how many), most first."""


def sanitise(html: str) -> SafeHtml:
    """Make the HTML of a mail safe. Never raises for any input; takes about 30 ms for 100 KB, so use a thread."""
    if is_bomb(html):
        return SafeHtml(html=_words_of(html), blocked_hosts=_sorted(Counter(_style_hosts(html))))
    clean = nh3.clean(
        html,
        tags=set(_TAGS),
        clean_content_tags=set(_DROPPED_WITH_CONTENT),
        attributes=_ATTRIBUTES,
        attribute_filter=_keep_attribute,
        link_rel=_LINK_REL,
        set_tag_attribute_values={"a": {"target": "_blank"}},
        url_schemes=set(_LINK_SCHEMES),
        url_relative="deny",
        filter_style_properties=set(_STYLE_PROPERTIES),
    )
    return SafeHtml(html=clean, blocked_hosts=_blocked_hosts(html))


def is_bomb(html: str) -> bool:
    """Whether parsing would cost far more than the length says.

    Parsers walk all open elements at each tag, all attributes at each attribute, and open a font that was never closed
    anew in each paragraph (HTML standard section 13.2.4.3): a megabyte of that takes minutes and gigabytes.
    """
    if sum(len(_SEPARATOR.findall(piece)) ** 2 for piece in html.split("<")) > _MAX_ATTRIBUTE_STEPS:
        return True
    depth = deepest = fonts = most_fonts = tags = 0
    for slash, name in _A_TAG.findall(html):
        tag, step = name.lower(), -1 if slash else 1
        tags += 1
        if tag in _REOPENED:
            fonts = max(0, fonts + step)
            most_fonts = max(most_fonts, fonts)
        if tag not in _VOID and tag not in _CLOSED_BY_THEIR_LIKE:
            depth = max(0, depth + step)
            deepest = max(deepest, depth)
    return deepest > _MAX_DEPTH or most_fonts * tags > _MAX_REOPENED


def _words_of(html: str) -> str:
    text = escape(unescape(_MARKUP.sub(" ", html)))
    return (
        f"<p><strong>This mail's HTML is too deeply nested to be shown. These are its words.</strong></p><p>{text}</p>"
    )


def _keep_attribute(_tag: str, name: str, value: str) -> str | None:
    return _safe_style(value) if name == "style" else value


def _safe_style(style: str) -> str | None:
    """The declarations without functions but colours. Escapes and comments hide what is meant: then nothing is kept."""
    if _ESCAPES.search(style):
        return None
    return ";".join(part for part in style.split(";") if _is_plain(part)) or None


def _is_plain(declaration: str) -> bool:
    for before in declaration.split("(")[:-1]:
        if _NO_WORD.split(before[-20:])[-1].lower() not in _STYLE_FUNCTIONS:
            return False
    name, _, value = declaration.partition(":")
    return not ("-" in value and name.strip().lower().startswith("margin"))  # negative: drawn over its surroundings


def _blocked_hosts(html: str) -> tuple[tuple[str, int], ...]:
    """Found by a real HTML parser, so that what a browser would load is what is counted."""
    hosts = Counter(_style_hosts(html))

    def count(tag: str, name: str, value: str) -> None:
        if tag in _LOADING_TAGS and name in _LOADING_ATTRIBUTES:
            hosts.update(filter(None, map(_host, re.split(r"[\s,]+", value))))

    nh3.clean(
        _BODY.sub("<object", html),  # a fragment has no body: its attributes would be dropped unseen
        tags=set(_LOADING_TAGS),
        clean_content_tags=set(),
        attributes={tag: set(_LOADING_ATTRIBUTES) for tag in _LOADING_TAGS},
        attribute_filter=count,
        link_rel=None,
        url_schemes={"http", "https"},
    )
    return _sorted(hosts)


def _style_hosts(html: str) -> list[str]:
    return [host for host in map(_host, _STYLE_LOADS.findall(html)) if host]


def _host(url: str) -> str | None:
    found = _REMOTE.match(url)
    return _PORT.sub("", found[1].rpartition("@")[2]).lower()[:_MAX_HOST_CHARS] or None if found else None


def _sorted(hosts: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(hosts.items(), key=lambda item: (-item[1], item[0])))
