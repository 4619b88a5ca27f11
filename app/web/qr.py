"""QR codes as SVG in the page itself: dark on light whatever the page's colours, or no camera reads them."""

import segno
from markupsafe import Markup


def svg(text: str, *, title: str) -> Markup:
    """An `<svg>` of the text with a quiet border, which is named `title` to who cannot see it."""
    code = segno.make(text, error="m", micro=False)
    drawn = code.svg_inline(border=4, dark="#000", light="#fff", omitsize=True, title=title, svgclass="qr")
    return Markup(drawn.replace("<svg ", '<svg role="img" ', 1))  # noqa: S704 - made by segno, which escapes the title
