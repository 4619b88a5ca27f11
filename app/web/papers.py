"""Texts for people to read, as pages: those of docs/, and the operator's own. Markdown (CommonMark, with tables), made
into HTML once. HTML within it is shown as text, pictures as their words, and links lead to our pages or a web site.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markupsafe import Markup, escape

DOCS = Path(__file__).resolve().parents[2] / "docs"

PAGES: Mapping[str, str] = {
    "threat-model.md": "/threat-model",
    "search.md": "/docs/search",
    "domains.md": "/docs/domains",
    "leaks.md": "/docs/leaks",
    "password-managers.md": "/docs/password-managers",
    "api.md": "/docs/api",
}
"""Where texts of docs/ are as pages. Links to the other ones stay words."""

_PATH = re.compile(r"/(?![/\\])|#")
_SITE = re.compile(r"https?://[^\s/]+|mailto:")
_NOT_SLUG = re.compile(r"[^\w\- ]")


class Paper(msgspec.Struct, frozen=True, kw_only=True):
    """A text, and the one heading that stands above it."""

    title: str
    html: Markup


@cache
def of_docs(name: str) -> Paper:
    """A file of docs/, read once. Raises OSError."""
    return read((DOCS / name).read_text("utf-8"))


def read(text: str) -> Paper:
    """The text of a Markdown file, whose first line is its title."""
    first, _, rest = text.lstrip("\ufeff\n ").partition("\n")
    title = first.strip("# \r")
    parser = MarkdownIt("commonmark", {"html": False}, renderer_cls=_Renderer).enable("table")
    html = parser.render(rest, {"about": title, "ends": []})
    return Paper(title=title, html=Markup(html))  # noqa: S704 - the parser escapes what it does not make itself


class _Renderer(RendererHTML):
    """What is unlike the library's own: `env` has the heading that stands above, and how open links end."""

    def heading_open(self, tokens: Sequence[Token], idx: int, _options: object, env: dict[str, Any]) -> str:
        words = tokens[idx + 1].content.replace("`", "")
        env["about"] = words
        return f'<{_below_title(tokens[idx].tag)} id="{escape(_slug(words))}">'

    def heading_close(self, tokens: Sequence[Token], idx: int, _options: object, _env: object) -> str:
        return f"</{_below_title(tokens[idx].tag)}>\n"

    def table_open(self, _tokens: object, _idx: int, _options: object, env: dict[str, Any]) -> str:
        label = escape(env["about"])
        return f'<div class="wide" tabindex="0" role="region" aria-label="{label}"><table class="headers" role="table">'

    def table_close(self, *_: object) -> str:
        return "</table></div>\n"

    # Phones show a row as a card, and what is no table by its style needs to be told as one.
    def thead_open(self, *_: object) -> str:
        return '<thead role="rowgroup">\n'

    def tbody_open(self, *_: object) -> str:
        return '<tbody role="rowgroup">\n'

    def tr_open(self, *_: object) -> str:
        return '<tr role="row">\n'

    def th_open(self, *_: object) -> str:
        return '<th scope="col" role="columnheader">'

    def td_open(self, *_: object) -> str:
        return '<td role="cell">'

    def image(self, tokens: Sequence[Token], idx: int, _options: object, _env: object) -> str:
        return str(escape(tokens[idx].content))

    def link_open(self, tokens: Sequence[Token], idx: int, _options: object, env: dict[str, Any]) -> str:
        opening, ending = _link(str(tokens[idx].attrs.get("href", "")))
        env["ends"].append(ending)
        return opening

    def link_close(self, _tokens: object, _idx: int, _options: object, env: dict[str, Any]) -> str:
        end: str = env["ends"].pop()
        return end


def _below_title(tag: str) -> str:
    return "h2" if tag == "h1" else tag


def _link(target: str) -> tuple[str, str]:
    """How a link begins and ends; both empty where it leads to none of our pages and to no web site."""
    name, hash_sign, part = target.partition("#")
    if name in PAGES:
        target = PAGES[name] + hash_sign + part
    if _PATH.match(target):
        return f'<a href="{escape(target)}">', "</a>"
    if _SITE.match(target):
        return f'<a href="{escape(target)}" rel="noreferrer noopener nofollow" target="_blank">', "</a>"
    return "", ""


def _slug(words: str) -> str:
    """As code forges make it of a heading, so that links work there and here."""
    return _NOT_SLUG.sub("", words.lower()).replace(" ", "-")
