"""Plain text as a page shows it: the same words, and no markup but ours."""

from selectolax.lexbor import LexborHTMLParser

from app.web.text import folded_text, linked_text
from tests.fuzz.target import Target

_TAGS = frozenset({"html", "head", "body", "a", "span", "details", "summary", "div", "pre", "-text"})


def check(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    for markup in (linked_text(text), folded_text(text)):
        body = LexborHTMLParser(f"<!DOCTYPE html><html><head></head><body><div>{markup}</div></body></html>").body
        assert body is not None
        for node in body.traverse(include_text=False):
            assert node.tag in _TAGS, f"there is an element <{node.tag}>"
            for name, value in node.attributes.items():
                assert name in {"href", "target", "rel", "class"}, f"there is an attribute {name}"
                assert name != "href" or (value or "").lower().startswith(("http://", "https://"))
    if "://" not in text and "\x00" not in text:
        lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
        body = LexborHTMLParser(f"<body><div>{linked_text(text)}</div>").body
        assert body is not None
        assert body.text() == lines + "\n"


TARGET = Target(
    check=check,
    seeds=(
        b"See https://shop.example/a?b=c&d=e. (or http://x.example/y)\n> quoted <b>\n>> twice & more\n\nBye",
        b"https://www.google.com/url?q=https%3A%2F%2Fshop.example%22onclick%3Dx\r\n> a\r> b",
        "\u202ehttps://a.example/\u200b x\n>>>>>>> deep".encode(),
    ),
    tokens=(
        b"https://",
        b"http://",
        b"\n",
        b"\r",
        b"> ",
        b">>",
        b"<",
        b"&",
        b'"',
        b"'",
        b"(",
        b")",
        b".",
        b"&lt;",
        b"\x00",
    ),
    max_len=800,
)
