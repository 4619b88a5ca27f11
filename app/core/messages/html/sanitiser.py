"""The allow-list of elements and attributes, and the one pass that applies it. Styles and addresses have their own."""

import re
from collections.abc import Mapping
from typing import Literal
from urllib.parse import unquote

import msgspec
import nh3

from app.core.messages import urls
from app.core.messages.html.bombs import is_bomb, words_of
from app.core.messages.html.document import rooted, taken_apart
from app.core.messages.html.fluid import marked
from app.core.messages.html.pictures import replaced
from app.core.messages.html.remote import Hosts, Kinds, wanted, wanted_by_styles
from app.core.messages.html.styles import DARK_SCHEME, PROPERTIES, StyleCleaner
from app.core.messages.html.targets import told

Paper = Literal["reader", "white"]
"""What a mail lies on: the reader's choice of light or dark, or white because its colours count on that."""

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
_TABLE = frozenset({"align", "valign", "background", "bgcolor", "width", "height"})
_ATTRIBUTES = {
    "*": {"style", "dir", "lang", "title", "align", "class", "id"},
    "a": {"href"},
    "bdo": {"dir"},
    "blockquote": {"type"},
    "col": {"span", "width"},
    "colgroup": {"span", "width"},
    "div": {"bgcolor"},
    "font": {"color", "size", "face"},
    "hr": {"size", "width", "color", "noshade"},
    "img": {"alt", "src", "width", "height", "border", "hspace", "vspace"},
    "li": {"value"},
    "ol": {"start", "type", "reversed"},
    "table": {*_TABLE, "border", "bordercolor", "cellpadding", "cellspacing", "frame", "role", "rules"},
    "td": {*_TABLE, "colspan", "rowspan", "nowrap"},
    "th": {*_TABLE, "colspan", "rowspan", "nowrap", "scope"},
    "tr": set(_TABLE),
    "tbody": {"valign"},
    "tfoot": {"valign"},
    "thead": {"valign"},
    "ul": {"type"},
}
_COLOURING = frozenset({"bgcolor", "color"})
# Such a mail counts on a dark ground and light words where it names no colours (CSS Color Adjustment section 2).
_DARK_META = re.compile(r"<meta\s[^<>]{0,200}color-schemes?\b[^<>]{0,200}\bdark\b", re.IGNORECASE)
_DARK_CSS = re.compile(r"color-scheme:[a-z ]{0,40}\bdark\b(?!\))", re.IGNORECASE)
_WITHIN = re.compile(r"#[\w:.-]{1,100}\Z")
_LINES = re.compile(r"<(?:br|p|div|li|tr|h[1-6]|pre|blockquote)\b|\n")
_SHORT_LINES = 12
_SHORT_CHARS = 2500
_LINK_REL = "noreferrer noopener nofollow"
_SCHEMES = frozenset({"http", "https", "mailto", "tel", "cid", "data"})  # the last two only reach the filter


class SafeHtml(msgspec.Struct, frozen=True, kw_only=True):
    """HTML that loads nothing and runs nothing, and which hosts the original wanted to load how many things from."""

    html: str
    css: str
    """Rules for what is inside an element of the class `mail`; fit to stand in a <style> element."""
    paper: Paper
    blocked_hosts: Hosts
    """(host, how many), most first."""
    pixels: Hosts
    """The part of those that only reports that the mail was opened."""
    blocked_kinds: Kinds
    """(what, how many), most first."""

    @property
    def css_for_paper(self) -> str:
        """The rules without those for dark: paper is white whatever the reader's choice."""
        return self.css.replace(DARK_SCHEME, "(max-width:0px)")

    @property
    def is_short(self) -> bool:
        """Whether it takes no more than a dozen lines, as far as can be told without drawing it."""
        if len(self.html) > _SHORT_CHARS or "mail-picture" in self.html:
            return False
        return len(_LINES.findall(self.html)) < _SHORT_LINES

    @property
    def blocked(self) -> int:
        """How many things did not load."""
        return sum(count for _, count in self.blocked_hosts)


def sanitise(html: str, images: Mapping[str, str] | None = None) -> SafeHtml:
    """Make the HTML of a mail safe. Never raises for any input; takes about 30 ms for 100 KB, so use a thread.

    `images` are the pictures that may be shown: the address as the mail gives it (`cid:…`, without percent encoding,
    or `data:…`) and the path it is replaced by. Others show their alternative text.
    """
    if is_bomb(html):
        found = wanted_by_styles(html)
        return SafeHtml(
            html=words_of(html),
            css="",
            paper="reader",
            blocked_hosts=found.hosts,
            pixels=found.pixels,
            blocked_kinds=found.kinds,
        )
    document, styles = taken_apart(html), StyleCleaner()
    css = styles.sheet(document.sheets)
    keeper = _Keeper(styles, images or {})
    clean = rooted(_clean(document.content, keeper))
    found = wanted(document)
    has_colours = styles.has_colours or keeper.has_colours
    is_dark_too = DARK_SCHEME in css and (_DARK_CSS.search(css) or _DARK_META.search(html))
    return SafeHtml(
        html=told(marked(replaced(clean))),
        css=css,
        paper="white" if has_colours and not is_dark_too else "reader",
        blocked_hosts=found.hosts,
        pixels=found.pixels,
        blocked_kinds=found.kinds,
    )


def data_images(html: str) -> list[str]:
    """The `data:` addresses of a mail's pictures, each once, in their order; none of a bomb's."""
    if "data:" not in html or is_bomb(html):
        return []
    found: dict[str, None] = {}

    def note(_tag: str, _name: str, value: str) -> None:
        if value.startswith("data:image/"):
            found[value] = None

    nh3.clean(html, tags={"img"}, attributes={"img": {"src"}}, attribute_filter=note, url_schemes={"data"})
    return list(found)


class _Keeper:
    """What becomes of each attribute that the allow-list names."""

    def __init__(self, styles: StyleCleaner, images: Mapping[str, str]) -> None:
        self.has_colours = False
        self._styles = styles
        self._images = images
        self._paths = frozenset(images.values())

    def attribute(self, tag: str, name: str, value: str) -> str | None:
        """The value to show, or None for none."""
        if name == "style":
            return self._styles.attribute(value)
        if name == "src":
            return self._source(value)
        if name == "href":
            return value if _WITHIN.match(value) else urls.clean(value)
        if name == "title" and tag == "a":
            return None  # the real target stands there
        if name == "background":
            return ""  # only that a picture lay there
        if name in _COLOURING:
            self.has_colours = True
        return value

    def safe_attribute(self, tag: str, name: str, value: str) -> str | None:
        """As `attribute`; what it fails on goes. nh3 would keep it, and write it to the standard error output."""
        try:
            return self.attribute(tag, name, value)
        except Exception:  # noqa: BLE001 - whatever it is, the attribute is not known to be harmless
            return None

    def path(self, value: str) -> str | None:
        """Of addresses of this site only the pictures' own, and places in the mail."""
        return value if value in self._paths or _WITHIN.match(value) else None

    def _source(self, value: str) -> str | None:
        if value in self._paths:
            return value
        scheme, _, rest = value.strip().partition(":")
        return self._images.get(f"cid:{unquote(rest)}" if scheme.lower() == "cid" else value)


def _clean(html: str, keeper: _Keeper) -> str:
    return nh3.clean(
        html,
        tags=set(_TAGS),
        clean_content_tags=set(_DROPPED_WITH_CONTENT),
        attributes=_ATTRIBUTES,
        attribute_filter=keeper.safe_attribute,
        link_rel=_LINK_REL,
        set_tag_attribute_values={"a": {"target": "_blank"}},
        url_schemes=set(_SCHEMES),
        url_relative=keeper.path,
        filter_style_properties=set(PROPERTIES),
    )
