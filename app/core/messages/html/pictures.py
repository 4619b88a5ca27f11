"""Pictures that are not shown: their alternative text in a calm box, which browsers do not draw a broken picture in.

Works on what the sanitiser wrote, whose tags have one spelling (HTML standard section 13.3); never on mail as it came.
"""

import re

_IMAGE = re.compile(r'<img((?: [\w-]+="[^"]*")*)>')
_ATTRIBUTE = re.compile(r' ([\w-]+)="([^"]*)"')
_PIXELS = re.compile(r"[1-9]\d{0,3}(?:px)?\Z")
_KEPT = ("id", "lang", "dir", "title")


def replaced(html: str) -> str:
    """The HTML with a `.mail-picture` for each picture without a source; those without words go."""
    return _IMAGE.sub(_box, html)


def _box(image: re.Match[str]) -> str:
    attributes = dict(_ATTRIBUTE.findall(image[1]))
    if "src" in attributes:
        return image[0]
    words = attributes.get("alt", "").replace("&quot;", '"')
    if not words.strip():
        return ""
    style, width = attributes.get("style", ""), attributes.get("width", "")
    if "width" not in style and _PIXELS.match(width):
        style += f"{';' * bool(style)}width:100%;max-width:{width.removesuffix('px')}px"
    kept = "".join(f' {name}="{attributes[name]}"' for name in _KEPT if name in attributes)
    classes = " ".join(["mail-picture", *attributes.get("class", "").split()])
    styled = f' style="{style}"' if style else ""
    return f'<span class="{classes}"{kept}{styled}>{words}</span>'
