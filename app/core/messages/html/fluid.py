"""Elements as wide as a desktop made to give way on a phone, and light words kept readable where a picture lay below.

Works on what the sanitiser wrote, whose tags have one spelling (HTML standard section 13.3); never on mail as it came.
"""

import re

WIDE = 200
"""Pixels; what is wider may fill a narrow frame instead."""
_BLOCK = re.compile(r"<(table|tbody|tr|td|th|div|center|section|article|p|pre|h[1-6])((?: [\w-]+=\"[^\"]*\")+)>")
_ATTRIBUTE = re.compile(r' ([\w-]+)="([^"]*)"')
_WIDE_ATTRIBUTE = re.compile(r"(\d{1,4})(?:px)?\Z")
_WIDE_STYLE = re.compile(r"(?:^|;)(?:min-)?width: ?(\d{1,4})(?:\.\d+)?(px|pt)")
PICTURE_BELOW = "background-image:none"
"""Stands in a style whose background was a picture, without a colour."""
_COLOUR = re.compile(r"(?<![\w-])color(?::|=\") ?(#[0-9a-f]{3,6}|white|rgba?\([\d., ]+\))", re.IGNORECASE)
_MAX_LOOK_AHEAD = 1500
_LIGHT = 160
_POINTS = 4 / 3


def marked(html: str) -> str:
    """The HTML with the class `mail-fluid` on what is wide and `mail-backdrop` below light words."""
    pieces: list[str] = []
    end = 0
    for found in _BLOCK.finditer(html):
        attributes = dict(_ATTRIBUTE.findall(found[2]))
        classes = attributes.get("class", "").split()
        new = [name for name in _marks(attributes, html, found.start()) if name not in classes]
        if new or "background" in attributes:
            attributes.pop("background", None)
            attributes["class"] = " ".join([*classes, *new])
            if not attributes["class"]:
                del attributes["class"]
            written = "".join(f' {name}="{value}"' for name, value in attributes.items())
            pieces += [html[end : found.start()], f"<{found[1]}{written}>"]
            end = found.end()
    return "".join([*pieces, html[end:]])


def _marks(attributes: dict[str, str], html: str, start: int) -> list[str]:
    style = attributes.get("style", "")
    marks = ["mail-fluid"] if _is_wide(attributes.get("width", ""), style) else []
    has_colour = "bgcolor" in attributes or "background-color" in style
    has_picture = "background" in attributes or PICTURE_BELOW in style
    if has_picture and not has_colour and _is_light(html[start : start + _MAX_LOOK_AHEAD]):
        marks.append("mail-backdrop")
    return marks


def _is_wide(width: str, style: str) -> bool:
    found = _WIDE_ATTRIBUTE.match(width)
    if found and int(found[1]) > WIDE:
        return True
    return any(int(number) * (_POINTS if unit == "pt" else 1) > WIDE for number, unit in _WIDE_STYLE.findall(style))


def _is_light(html: str) -> bool:
    """Whether the first colour of words that is named is a light one."""
    found = _COLOUR.search(html)
    if found is None:
        return False
    colour = found[1].lower()
    if colour == "white":
        return True
    if colour.startswith("#"):
        digits = colour[1:]
        pairs = [digit * 2 for digit in digits[:3]] if len(digits) < len("rrggbb") else re.findall("..", digits)
        return min(int(pair, 16) for pair in pairs) > _LIGHT
    return min(int(number) for number in re.findall(r"\d+", colour)[:3]) > _LIGHT
