"""The sanitiser, judged by another HTML parser (Lexbor) and another reading of CSS than those that wrote the output."""

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

from app.core.messages import plain
from app.core.messages.html import SafeHtml, sanitise
from app.core.messages.html.sanitiser import data_images
from tests.fuzz import samples
from tests.fuzz.target import Target

IMAGES = {"cid:logo": "/pictures/1"}
_ALLOWED = frozenset(
    """a abbr acronym address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del
    details dfn div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark nav
    ol p pre q rp rt ruby s samp section small span strike strong sub summary sup table tbody td tfoot th thead time
    tr tt u ul var wbr""".split()
)
_ATTRIBUTES = frozenset(
    """align alt bgcolor border cellpadding cellspacing class color colspan dir face height href id lang noshade nowrap
    rel reversed role rowspan scope size span src start style target title type valign value width""".split()
)
_LINK = re.compile(r"(?:https?|mailto|tel):", re.IGNORECASE)
_IN_STYLE = re.compile(
    r"url|image-set|cross-fade|image\s*\(|src\s*\(|expression|behavior|position\s*:|@|\\|<|>|/\*|-moz|var\s*\(|attr\s*\(|[{}]",
    re.IGNORECASE,
)
_PROPERTY = re.compile(r"\s*(?:[a-z][a-z-]*\s*:[^;]*)?\Z", re.IGNORECASE)


def check(data: bytes) -> None:
    html = data.decode("utf-8", "replace")
    safe = sanitise(html, IMAGES)
    judge(safe)
    if _written_by_another(safe.html) == safe.html:
        # Else elements overlap, which no parser puts back as they were.
        again = sanitise(safe.html, IMAGES).html
        assert again == safe.html, f"sanitising twice changes something: {again}, not {safe.html}"
    judge(sanitise(safe.html, IMAGES))
    plain.from_html(html).encode()
    data_images(html)


def _written_by_another(html: str) -> str | None:
    body = LexborHTMLParser(f"<!DOCTYPE html><html><head></head><body>{html}</body></html>").body
    return body.inner_html if body is not None else None


def judge(safe: SafeHtml) -> None:
    """Raises when a browser that shows this would run, load or leave anything."""
    safe.html.encode()
    page = f"<!DOCTYPE html><html><head><style>{safe.css}</style></head><body>{safe.html}</body></html>"
    tree = LexborHTMLParser(page)
    assert tree.body is not None
    for node in tree.body.traverse(include_text=False):
        _judge_node(node)
    assert "</" not in safe.css
    assert "<!--" not in safe.css


def _judge_node(node: LexborNode) -> None:
    tag = node.tag
    if tag in {"body", "-text"}:
        return
    assert tag in _ALLOWED, f"there is an element <{tag}>"
    for name, value in node.attributes.items():
        assert name in _ATTRIBUTES, f"there is an attribute {name}"
        given = value or ""
        if name == "href":
            assert _LINK.match(given), "a link has another scheme"
        elif name == "src":
            assert given in IMAGES.values(), "a picture comes from elsewhere"
        elif name == "style":
            assert not _IN_STYLE.search(given), "a style loads or leaves"
            assert all(_PROPERTY.match(one) for one in given.split(";"))


TARGET = Target(
    check=check,
    seeds=samples.HTML,
    tokens=(
        *(
            b"<a href=",
            b"<img src=",
            b"<p style='",
            b"<svg>",
            b"<math>",
            b"<style>",
            b"</style>",
            b"<title>",
            b"<template>",
        ),
        *(
            b"<noscript>",
            b"<mtext>",
            b"<mglyph>",
            b"<foreignObject>",
            b"<annotation-xml encoding=text/html>",
            b"<select>",
        ),
        *(
            b"<table>",
            b"<td>",
            b"<tr>",
            b"<caption>",
            b"<form>",
            b"<iframe srcdoc=",
            b"<script>",
            b"</script>",
            b"<plaintext>",
        ),
        *(
            b"<!--",
            b"-->",
            b"--!>",
            b"<![CDATA[",
            b"]]>",
            b"<?",
            b"<!doctype html>",
            b"<body ",
            b"<html ",
            b"</p>",
            b"</br>",
        ),
        *(b" onerror=x", b" onload=x", b" class='a b'", b" id=x", b" background=//a.example", b" alt=", b" width=9"),
        *(
            b"javascript:",
            b"data:image/png;base64,AA",
            b"cid:logo",
            b"https://b.example",
            b"//a.example/x",
            b"url(",
            b"@import ",
        ),
        *(
            b"&lt;",
            b"&gt;",
            b"&quot;",
            b"&#x",
            b"&NewLine;",
            b"&Tab;",
            b"\x00",
            b"\x0c",
            b"`",
            b"'",
            b'"',
            b"\\",
            b"/",
            b"=",
        ),
        *(
            b"<a ",
            b"</a>",
            b"<xmp>",
            b"<frameset>",
            b"<image src=",
            b"<isindex>",
            b"<rp>",
            b"<option>",
            b"<nobr>",
            b"<font ",
        ),
        *(
            b"<span class=mail-target>",
            b"<span class=mail-picture>",
            b"<div class=mail-body>",
            b"/pictures/1",
            b"<details>",
        ),
        *(
            b"color:red;",
            b"position:fixed;",
            b"expression(",
            b"/*",
            b"*/",
            b"!important",
            b"<picture>",
            b"<dialog>",
            b"<hr>",
        ),
    ),
    max_len=2048,
)
