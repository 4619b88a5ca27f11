"""Which leaves of a message are its text and which its HTML: chosen by the tree, so that nothing written is left out.

Both are renditions of one message (RFC 2046 section 5.1.4): a leaf that exists in one form only stands in both.
"""

import re
from collections.abc import Iterable, Sequence

import msgspec

from app.core.messages.charsets import decode
from app.core.messages.parts import Leaf, decoded, parameter
from app.core.messages.tree import ENCLOSED, FIELDS, Node

_SHOWN = frozenset({"text/plain", "text/html"})
# Text for programs, or in markup of its own: never in the place of words.
_NOT_WORDS = frozenset(
    "text/" + name
    for name in """calendar css directory ecmascript enriched javascript rfc822-headers richtext rtf vcard watch-html
    x-amp-html x-rtf x-vcalendar x-vcard xml""".split()
)
_MAX_BLANK_BYTES = 2048
_TAG = re.compile(r"<[^<>]*>")
_PICTURE = re.compile(r"<(?:img|svg|v:)|background", re.IGNORECASE)
_BODY = re.compile(r"<body\b", re.IGNORECASE)
_INVISIBLE = re.compile(r"(?:[\s\u00ad\u034f\u200b-\u200f\u2060\ufeff]|&nbsp;|&zwnj;|&#8203;|&#160;)*+\Z")


class Body(msgspec.Struct, frozen=True):
    """Leaves to show one below the other: as text, and as HTML. Either may be empty, and both hold either kind."""

    text: tuple[Leaf, ...] = ()
    html: tuple[Leaf, ...] = ()


NOTHING = Body()


def body_of(root: Node) -> Body:
    """What to show of a message. Attachments and enclosed messages are no part of it; a named text only by itself."""
    body = _body(root, is_named_fit=False)
    return body if body != NOTHING else _last_resort(root)


def is_blank(leaf: Leaf) -> bool:
    """Whether there is nothing to see in it. Long ones are taken to hold something."""
    raw = decoded(leaf, limit=_MAX_BLANK_BYTES)
    if raw is None:
        return False
    text = decode(raw, leaf.charset)
    if leaf.content_type == "text/html" and not _INVISIBLE.match(text):
        if _PICTURE.search(text):
            return False
        body = _BODY.search(text)
        text = _TAG.sub("", text[body.start() :] if body else text)
    return _INVISIBLE.match(text) is not None


def _body(node: Node, *, is_named_fit: bool) -> Body:
    if node.leaf is not None:
        return _leaf_body(node.leaf, is_named_fit=is_named_fit)
    if node.kind in ENCLOSED:
        return NOTHING
    if node.kind in FIELDS:
        return Body(text=tuple(leaf for leaf in node.leaves if leaf.content_type == "text/plain"))
    if node.kind == "multipart/alternative":
        return _alternative([_body(child, is_named_fit=True) for child in node.children])
    if node.kind == "multipart/related":
        return _related(node)
    return _side_by_side([_body(child, is_named_fit=False) for child in node.children])


def _leaf_body(leaf: Leaf, *, is_named_fit: bool) -> Body:
    if leaf.is_attachment or (leaf.is_named and not is_named_fit):
        return NOTHING
    if leaf.content_type == "text/html":
        return Body(html=(leaf,))
    is_text = leaf.content_type == "text/plain" if is_named_fit else _is_words(leaf.content_type)
    return Body(text=(leaf,)) if is_text else NOTHING


def _is_words(content_type: str) -> bool:
    """Texts of unknown kinds are to be treated as plain (RFC 2046 section 4.1.4)."""
    if content_type in FIELDS:
        return True
    return content_type.startswith("text/") and content_type != "text/html" and content_type not in _NOT_WORDS


def _alternative(bodies: Sequence[Body]) -> Body:
    """The plainest that says something as text, the last that is HTML as such: the best comes last."""
    plain = [body for body in bodies if body.text]
    pure_first = sorted(plain, key=lambda body: bool(body.html))
    html = next((body.html for body in reversed(bodies) if body.html and not _is_blank(body.html)), ())
    text = next((body.text for body in pure_first if not _is_blank(body.text)), ())
    if not text and not html:
        return Body(pure_first[0].text if plain else (), next((body.html for body in bodies if body.html), ()))
    return Body(text, html)


def _related(node: Node) -> Body:
    """The root's (RFC 2387 section 3.2), or that of the first part that has any."""
    wanted = (parameter(node.part, "start") or "").strip("<> ")
    roots = [child for child in node.children if wanted and child.leaf and child.leaf.content_id == wanted]
    for child in (*roots, *node.children):
        body = _body(child, is_named_fit=child in roots or child is node.children[0])
        if body != NOTHING:
            return body
    return NOTHING


def _side_by_side(bodies: Iterable[Body]) -> Body:
    """One below the other. There is a text only if what stands first in it was written as one."""
    found = [body for body in bodies if body != NOTHING]
    if not any(body.html for body in found):
        return Body(text=tuple(leaf for body in found for leaf in body.text))
    main = next((body for body in found if not _is_blank(body.text or body.html)), found[0])
    return Body(
        text=tuple(leaf for body in found for leaf in body.text or body.html) if main.text else (),
        html=tuple(leaf for body in found for leaf in body.html or body.text),
    )


def _is_blank(leaves: Sequence[Leaf]) -> bool:
    return all(is_blank(leaf) for leaf in leaves)


def _last_resort(root: Node) -> Body:
    """The first named text, or text of another kind, where there is no other."""
    leaves = [leaf for leaf in _own_leaves(root) if not leaf.is_attachment]
    chosen = next((leaf for leaf in leaves if leaf.content_type in _SHOWN), None)
    if chosen is None:
        chosen = next((leaf for leaf in leaves if leaf.content_type in {"text/enriched", "text/richtext"}), None)
    if chosen is None:
        return NOTHING
    return Body(html=(chosen,)) if chosen.content_type == "text/html" else Body(text=(chosen,))


def _own_leaves(node: Node) -> list[Leaf]:
    if node.leaf is not None:
        return [node.leaf]
    return [] if node.kind in ENCLOSED else [leaf for child in node.children for leaf in _own_leaves(child)]
