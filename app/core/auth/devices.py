"""The mark of a browser that has signed in to an account: by it the owner comes in while strangers guess the password.

After OWASP's "device cookies": a name made at random, a day, and a signature over both and the login. The mark tells
nobody whose it is, opens nothing by itself, and is stored nowhere but in that browser.
"""

import hashlib
import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from datetime import date, timedelta

from app.core.accounts.service import normal_login
from app.vault.instance import InstanceKey
from app.vault.tokens import secrets_equal

LIFETIME = timedelta(days=180)
_SHAPE = re.compile(r"([0-9]{6})\.([0-9A-Za-z_-]{22})\.([0-9A-Za-z_-]{43})")
_NAME_SIZE = 16


def new_mark(instance: InstanceKey, login: str, *, name: str = "", today: date) -> str:
    """The mark of a browser that has just signed in to this login, 73 characters; good for 180 days.

    A browser that was known keeps its `name`, or signing in again and again would never come to its limit.
    """
    name = name or secrets.token_urlsafe(_NAME_SIZE)
    return f"{today.toordinal():06}.{name}.{_signature(instance, today.toordinal(), name, login)}"


def name_in(instance: InstanceKey, login: str, mark: str, *, today: date) -> str:
    """The browser's name, 22 characters, if the mark is one of ours for this login and not too old; else empty."""
    match = _SHAPE.fullmatch(mark)
    if match is None:
        return ""
    day, name = int(match[1]), match[2]
    is_ours = secrets_equal(match[3], _signature(instance, day, name, login))
    return name if is_ours and 0 <= today.toordinal() - day < LIFETIME.days else ""


def _signature(instance: InstanceKey, day: int, name: str, login: str) -> str:
    said = f"{day}.{name}.{normal_login(login)}".encode("utf-8", "surrogatepass")
    digest = hmac.new(instance.subkey("device cookie"), said, hashlib.sha256).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()
