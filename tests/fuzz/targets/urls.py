"""Addresses in mail: a scheme that is allowed or nothing, and cleaning twice changes nothing."""

import re

from app.core.messages import urls
from tests.fuzz.target import Target

_ALLOWED = re.compile(r"(?:https?|mailto|tel):", re.IGNORECASE)


def check(data: bytes) -> None:
    url = data.decode("utf-8", "replace")
    host = urls.host(url)
    assert host == host.lower()
    clean = urls.clean(url)
    if clean is None:
        return
    assert _ALLOWED.match(clean)
    assert not re.search(r"[\t\r\n]", clean)
    assert urls.clean(clean) == clean


TARGET = Target(
    check=check,
    seeds=(
        b"https://shop.example/a?utm_source=x&id=1#part",
        b"https://www.google.com/url?q=https%3A%2F%2Fshop.example%2F%3Futm_medium%3Dmail&sa=D",
        b"https://urldefense.proofpoint.com/v2/url?u=https-3A__shop.example_&d=x",
        b"https://urldefense.com/v3/__https://shop.example/*a**Bb*__;4pyTIQ!!abc",
        b"https://click.mail.example/redirect?url=https%3A%2F%2Fl.facebook.com%2Fl.php%3Fu%3Dhttps%253A%252F%252Fa.example",
        b"mailto:ada@example.org?subject=hi",
        b"https://[::1]:99/x",
    ),
    tokens=(
        *(
            b"https://",
            b"http:",
            b"//",
            b"mailto:",
            b"tel:",
            b"?",
            b"&",
            b"#",
            b"=",
            b"%3A",
            b"%2F",
            b"%00",
            b"%ff",
            b";",
        ),
        *(b"utm_source=x", b"fbclid=", b"url=", b"u=", b"q=", b"www.google.com/url?q=", b"l.facebook.com/l.php?u="),
        *(b"urldefense.com/v3/__", b"__;", b"**", b"*", b"@", b"[", b"]", b":80", b"\t", b"\x1f", b"\xc2\xa0", b"%25"),
        *("\uff0f".encode(), "\u2100".encode(), b"__s=", b"youtube.com/redirect?q=", b"a.b/track/click?url="),
    ),
    max_len=800,
)
