"""Pictures that are not shown: their alternative text in a calm box of their size, which no broken picture is drawn in.

Works on what the sanitiser wrote, whose tags have one spelling (HTML standard section 13.3); never on mail as it came.
"""

import re

_IMAGE = re.compile(r'<img((?: [\w-]+="[^"]*")*)>')
_ATTRIBUTE = re.compile(r' ([\w-]+)="([^"]*)"')
_PIXELS = re.compile(r"([1-9]\d{0,3})(?:px)?\Z")
_KEPT = ("id", "lang", "dir", "title")
_SMALL = 96
"""Pixels; a box of that width holds hardly a word."""
_SPACER = 48
"""Pixels; a picture without words that is as low or narrow is there for the space it takes."""
_TINY = 2


def replaced(html: str) -> str:
    """The HTML with a `.mail-picture` for each picture without a source; those without words and size go."""
    return _IMAGE.sub(_box, html)


def _box(image: re.Match[str]) -> str:
    attributes = dict(_ATTRIBUTE.findall(image[1]))
    if "src" in attributes:
        return image[0]
    words = attributes.get("alt", "").replace("&quot;", '"')
    width, height = _pixels(attributes, "width"), _pixels(attributes, "height")
    if not words.strip():
        return _space(attributes, width, height)
    side = [f"float:{attributes['align']}"] if attributes.get("align") in {"left", "right"} else []
    if width and width < _SMALL:
        return _written(attributes, "mail-picture mail-small", side, words)
    size = side if width is None else [*side, f"width:{width}px", f"max-width:min(100%, {width}px)"]
    if width and height:
        size.append(f"aspect-ratio:{width} / {height}")
    return _written(attributes, "mail-picture", size, words)


def _space(attributes: dict[str, str], width: int | None, height: int | None) -> str:
    """What is left of a picture without words: its space, unless that is hardly any or it was told to be no content."""
    if width is None or height is None or max(width, height) <= _TINY:
        return ""
    if min(width, height) <= _SPACER:
        return _written(attributes, "mail-space", [f"width:{width}px", f"height:{height}px"], "")
    if "alt" in attributes:
        return ""
    size = [f"width:{width}px", f"max-width:min(100%, {width}px)", f"aspect-ratio:{width} / {height}"]
    return _written(attributes, "mail-picture", size, "")


def _pixels(attributes: dict[str, str], name: str) -> int | None:
    found = _PIXELS.match(attributes.get(name, ""))
    return int(found[1]) if found else None


def _written(attributes: dict[str, str], classes: str, size: list[str], words: str) -> str:
    """The declarations of `size` go behind the picture's own, where those do not say the same."""
    own = attributes.get("style", "")
    named = {declaration.partition(":")[0] for declaration in own.split(";")}
    style = ";".join([own] * bool(own) + [part for part in size if part.partition(":")[0] not in named])
    kept = "".join(f' {name}="{attributes[name]}"' for name in _KEPT if name in attributes)
    styled = f' style="{style}"' if style else ""
    return f'<span class="{" ".join([classes, *attributes.get("class", "").split()])}"{kept}{styled}>{words}</span>'
