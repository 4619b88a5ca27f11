"""Which server, and with which key: from the environment, else from the file that `restante login` writes."""

import ipaddress
import json
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from app.errors import Invalid, NotFound, Unauthenticated

URL, KEY, INSECURE = "RESTANTE_URL", "RESTANTE_API_KEY", "RESTANTE_INSECURE"
_API = "/api/v1"
_NO_LOGIN = f"You are not logged in. Run `restante login`, or set {URL} and {KEY}."


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """A server's address, without a slash at its end, and an API key."""

    url: str
    key: str

    def __repr__(self) -> str:
        return f"Login({self.url})"


def path(environ: Mapping[str, str]) -> Path:
    """Where the login is kept (XDG Base Directory Specification)."""
    home = environ.get("XDG_CONFIG_HOME", "")
    folder = Path(home) if home.startswith("/") else Path("~/.config").expanduser()
    return folder / "restante" / "client.toml"


def current(environ: Mapping[str, str]) -> Login:
    """The login to use. Raises Unauthenticated where there is none, Invalid for one that is damaged or readable by
    others.
    """
    url, key = environ.get(URL, ""), environ.get(KEY, "")
    if url and key:
        return Login(url=checked_url(url, is_insecure=environ.get(INSECURE) == "1"), key=checked_key(key))
    if url:
        raise Unauthenticated(f"{URL} is set, but not {KEY}: a stored key is sent to its own server alone.")
    stored = _stored(path(environ))
    return Login(url=stored.url, key=checked_key(key)) if key else stored


def save(environ: Mapping[str, str], login: Login) -> Path:
    """Keep the login where only its owner can read it; where that is. Raises Invalid."""
    place = path(environ)
    # A JSON string is a TOML basic string.
    text = f"url = {json.dumps(login.url)}\nkey = {json.dumps(login.key)}\n"
    fresh = place.with_name(f"{place.name}.{os.getpid()}")
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
        fresh.replace(place)
    except OSError as error:
        raise Invalid(f"{place} cannot be written: {error.strerror}.", code="login_unwritable") from error
    return place


def forget(environ: Mapping[str, str]) -> None:
    """Delete what `save` has kept. Raises NotFound where there is nothing."""
    try:
        path(environ).unlink()
    except FileNotFoundError:
        raise NotFound("There is no login to forget.", code="no_login") from None


def checked_url(text: str, *, is_insecure: bool = False) -> str:
    """A server's address as we keep it; without a scheme https, or http on this machine.

    Raises Invalid for what is no address, and for http to another machine unless `is_insecure`.
    """
    written = text.strip()
    if "://" not in written:
        written = f"{'http' if _is_loopback(_host(f'//{written}')) else 'https'}://{written}"
    host = _host(written)
    parts = urlsplit(written)
    if parts.scheme not in {"http", "https"} or not host or parts.username or parts.query or parts.fragment:
        raise Invalid("Give the server's address as in https://mail.example.org.", code="bad_url")
    if parts.scheme == "http" and not is_insecure and not _is_loopback(host):
        raise Invalid(
            "Over http:// everybody on the way can read the key and the mail. Use https://; "
            f"if you have to, log in with --insecure, or set {INSECURE}=1.",
            code="insecure_url",
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/').removesuffix(_API)}".rstrip("/")


def checked_key(text: str) -> str:
    """A key that can stand in a header field. Raises Invalid."""
    key = text.strip()
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise Invalid("This is no API key. Keys begin with rst_ and are made on the page Keys.", code="bad_key")
    return key


def _stored(place: Path) -> Login:
    try:
        if place.stat().st_mode & 0o077:
            raise Invalid(f"Others can read {place}; run `chmod 600` on it.", code="login_readable")
        kept = msgspec.convert(tomllib.loads(place.read_text()), Login)
    except FileNotFoundError:
        raise Unauthenticated(_NO_LOGIN, code="no_login") from None
    except (OSError, ValueError) as error:  # tomllib's, msgspec's and Unicode's are ValueErrors
        raise Invalid(f"{place} cannot be read. Run `restante login` again.", code="login_damaged") from error
    return kept


def _host(url: str) -> str:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return ""
    return parts.hostname or ""


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
