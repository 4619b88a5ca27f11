"""Reads the service as its users do: through the API with a key, through the pages with a session."""

import json
import re
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

from bench import http_load

PAGE = 100
SIGN_IN = "/login"


class ReadingFailed(Exception):
    """The service answered otherwise than it should."""


class Api:
    """The few calls of the API that the bench needs, over one connection."""

    def __init__(self, client: http_load.Client) -> None:
        self._client = client

    async def message_count(self) -> int:
        """How many messages the account holds."""
        return int((await self._get("/api/v1/account"))["data"]["message_count"])

    async def newest(self, limit: int = 1) -> list[dict[str, Any]]:
        """The newest messages, newest first; at most 100."""
        found: list[dict[str, Any]] = (await self._get(f"/api/v1/messages?limit={limit}"))["data"]
        return found

    async def found(self, query: str) -> list[dict[str, Any]]:
        """The first 50 messages that a search finds."""
        found: list[dict[str, Any]] = (await self._get(f"/api/v1/messages?{urlencode({'q': query})}"))["data"]
        return found

    async def missing(self, subjects: set[str]) -> set[str]:
        """Those of `subjects` that are not among the account's messages: walks the list until it has seen them all."""
        missing, cursor = set(subjects), ""
        while missing:
            page = await self._get(f"/api/v1/messages?limit={PAGE}{cursor}")
            missing -= {message["subject"] for message in page["data"]}
            if not page["next"]:
                break
            cursor = "&" + urlencode({"cursor": page["next"]})
        return missing

    async def _get(self, path: str) -> dict[str, Any]:
        answer = await self._client.get(path)
        if answer.status != 200:
            raise ReadingFailed(f"GET {path} answered {answer.status}: {answer.body[:300]!r}")
        parsed: dict[str, Any] = json.loads(answer.body)
        return parsed


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """A signed-in browser: its Cookie header, and the paths of the inbox page and of one message page."""

    cookie: str
    inbox: str
    message: str


async def sign_in(host: str, port: int, *, login: str, password: str, message_ids: list[str]) -> Session:
    """Sign in and find one of the messages. Raises ReadingFailed where the way from the form to it breaks off."""
    cookie, inbox = await enter(host, port, login=login, password=password)
    async with http_load.connected(host, port, {"Cookie": cookie}) as browser:
        listed = (await browser.get(inbox)).body.decode()
    links = re.findall(r'href="([^"?#]+)', listed)
    found = next((link for link in links if any(name in link for name in message_ids)), None)
    if found is None:
        raise ReadingFailed(f"{inbox} links to none of the newest messages")
    return Session(cookie=cookie, inbox=inbox, message=found)


async def enter(host: str, port: int, *, login: str, password: str) -> tuple[str, str]:
    """Fill in the sign-in form as a browser would, whatever its fields are called: (Cookie header, path led to).

    Raises ReadingFailed.
    """
    async with http_load.connected(host, port) as browser:
        page = await browser.get(SIGN_IN)
    form, jar = _Form(page.body.decode()), _cookies(page)
    fields = form.hidden | {form.text: login, form.password: password}
    sent = {"Cookie": _cookie_header(jar), "Origin": f"http://{host}:{port}"}
    async with http_load.connected(host, port, sent) as browser:
        answer = await browser.post(
            form.action or SIGN_IN, urlencode(fields).encode(), "application/x-www-form-urlencoded"
        )
    jar |= _cookies(answer)
    location = answer.header("location")
    if answer.status != 303 or location is None:
        raise ReadingFailed(f"signing in answered {answer.status}: {answer.body[:300]!r}")
    return _cookie_header(jar), re.sub(r"^https?://[^/]+", "", location)


def _cookie_header(jar: dict[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in jar.items())


def _cookies(answer: http_load.Answer) -> dict[str, str]:
    set_cookies = (value.partition(";")[0] for name, value in answer.headers if name == "set-cookie")
    return dict(pair.split("=", 1) for pair in set_cookies)


class _Form(HTMLParser):
    """The first form of a page that asks for a password."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action = self.text = self.password = ""
        self.hidden: dict[str, str] = {}
        self._is_inside = False
        self.feed(page)
        if not self.password:
            raise ReadingFailed(f"{SIGN_IN} has no form that asks for a password")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form" and not self.password:
            self._is_inside, self.hidden = True, {}
            self.action = given.get("action", "")
        elif tag == "input" and self._is_inside and given.get("name"):
            self._note(given["name"], given.get("type", "text"), given.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._is_inside = False

    def _note(self, name: str, kind: str, value: str) -> None:
        if kind == "hidden":
            self.hidden[name] = value
        elif kind == "password":
            self.password = name
        elif kind in {"text", "email"}:
            self.text = name
