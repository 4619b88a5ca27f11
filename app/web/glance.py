"""Whether anybody sees a page that is asked for: only then a message counts as read."""

from app.web.forms import AnyRequest

_AHEAD = ("sec-purpose", "purpose", "x-purpose", "x-moz")
"""What browsers say of a page that they fetch before somebody asks for it; the first is the standard's."""


def is_seen(request: AnyRequest) -> bool:
    """Not for HEAD, which is safe and shows nothing (RFC 9110 sections 9.2.1 and 9.3.2), nor for prefetching."""
    if request.method == "HEAD":
        return False
    said = " ".join(request.headers.get(name, "").lower() for name in _AHEAD)
    return not any(word in said for word in ("prefetch", "prerender", "preview"))
