"""The headers of every answer: what a browser may do with a page, and who may keep it."""

from litestar.types import Message, Scope

CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
MAIL_CSP = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)
"""Of a mail's HTML in its frame: inline styles, our own pictures and links that open a new window, nothing else."""
PRINT_CSP = MAIL_CSP.replace("frame-ancestors 'self'", "frame-ancestors 'none'")
"""Of a message for paper: the same, and in no frame."""
FILE_CSP = "default-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; sandbox"
"""Of originals and attachments."""

_ALWAYS = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": (
        "accelerometer=(), browsing-topics=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
        "magnetometer=(), microphone=(), midi=(), payment=(), usb=()"
    ),
    "cache-control": "no-store",
}
_HSTS = "max-age=63072000; includeSubDomains"


class SecurityHeaders:
    """A hook for every answer the application sends, errors too; a header that a handler has set stays."""

    def __init__(self, *, is_https: bool) -> None:
        always = _ALWAYS | ({"strict-transport-security": _HSTS} if is_https else {})
        self._always = tuple((name.encode(), value.encode()) for name, value in always.items())

    async def __call__(self, message: Message, _scope: Scope) -> None:
        """Add what is missing to the start of an HTTP answer."""
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", ()))
            present = {name.lower() for name, _ in headers}
            message["headers"] = headers + [pair for pair in self._always if pair[0] not in present]
