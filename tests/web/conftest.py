"""The pages in a browser's place: the real application, a real database, received messages, no network."""

import re
import shutil
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from html.parser import HTMLParser
from typing import Any, cast
from uuid import UUID

import httpx
import pytest
import uvicorn
from litestar import Litestar
from playwright.async_api import BrowserContext, async_playwright

from app.api.router import api_router, description_of
from app.core.aliases import service as aliases
from app.core.aliases.model import Alias, NewAlias
from app.core.auth.model import Actor
from app.core.messages import service as messages
from app.core.messages.model import MessageLine
from app.core.messages.store import Committer
from app.core.platform import Platform
from app.lib.times import utc_now
from app.web.app import create_app
from app.web.headers import CSP
from tests.conftest import PASSWORD, MakeAccount
from tests.mail import deliver

CHROMIUM = shutil.which("chromium")
ORIGIN = "http://restante.test"
_ALLOWED_TARGETS = re.compile(r"(/(?!/)|#)")


def describe() -> Mapping[str, Any]:
    """The API's description, which the pages about it show."""
    return description_of(ORIGIN).document


MakeOwner = Callable[[str], Awaitable["Owner"]]


class Page(HTMLParser):
    """What a browser would make of a page: its tags, and each form's hidden fields."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.words = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.words += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def hidden(self, action: str) -> dict[str, str]:
        """The hidden fields of the form that is sent to `action`."""
        fields: dict[str, str] = {}
        is_inside = False
        for tag, attributes in self.tags:
            if tag == "form":
                is_inside = attributes.get("action") == action
            elif is_inside and tag == "input" and attributes.get("type") == "hidden":
                fields[attributes["name"]] = attributes["value"]
        return fields


def check_page(response: httpx.Response) -> Page:
    """Every page: strict headers, no script, no handler, no style attribute, nothing of another origin, few bytes."""
    headers = response.headers
    assert headers["content-security-policy"] == CSP
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert len(response.content) < 50_000
    page = Page(response.text)
    for tag, attributes in page.tags:
        assert tag not in {"script", "style", "object", "embed", "base"}
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        for name in ("src", "srcset", "action", "poster", "data", "formaction"):
            assert name not in attributes or _ALLOWED_TARGETS.match(attributes[name])
        if tag in {"link", "a"} and not _ALLOWED_TARGETS.match(attributes["href"]):
            assert tag == "a"
            assert attributes["rel"] == "noreferrer noopener nofollow"
            assert attributes["target"] == "_blank"
    assert [tag for tag, _ in page.tags].count("h1") == 1
    assert page.all("html") == [{"lang": "en"}]
    return page


class Browser:
    """A browser with cookies; every page that it is shown is checked."""

    def __init__(self, platform: Platform, client: httpx.AsyncClient) -> None:
        self.platform = platform
        self.client = client

    async def page(self, path: str, status: int = 200) -> Page:
        response = await self.client.get(path)
        assert response.status_code == status
        return check_page(response)

    @staticmethod
    def checked(response: httpx.Response) -> Page:
        return check_page(response)

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        return await self.client.get(path, headers=headers)

    async def post(
        self, path: str, form: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        return await self.client.post(path, data=dict(form), headers=headers)

    async def send(self, page_path: str, action: str, form: Mapping[str, str] | None = None) -> httpx.Response:
        """Open a page and send the form on it, hidden fields included."""
        hidden = (await self.page(page_path)).hidden(action)
        return await self.post(action, hidden | dict(form or {}))

    async def sign_in(self, login: str = "ada") -> None:
        response = await self.send("/login", "/login", {"login": login, "password": PASSWORD})
        assert response.status_code == 303
        assert response.headers["location"] == "/inbox"


class Owner:
    """Somebody with an account and an alias, to whom mail can be delivered."""

    def __init__(self, platform: Platform, actor: Actor, alias: Alias) -> None:
        self.platform = platform
        self.actor = actor
        self.alias = alias

    async def deliver(self, raw: bytes) -> UUID:
        """Receive a message as SMTP does; its id."""
        await deliver(Committer(self.platform.db, shard=0), self.platform, raw, self.alias.address)
        return (await self.newest()).message_id

    async def lines(self, limit: int = 200) -> list[MessageLine]:
        async with self.platform.db.connection() as conn:
            return await messages.page(conn, self.actor, folder=None, before=None, limit=limit)

    async def newest(self) -> MessageLine:
        (line,) = await self.lines(1)
        return line


def client_of(app: Litestar, origin: str) -> httpx.AsyncClient:
    """A browser's requests, handed to the application in this process."""
    # Litestar and httpx describe the same ASGI interface by types of their own.
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=cast("Any", app)), base_url=origin)


@pytest.fixture
def app(platform: Platform) -> Litestar:
    return create_app(platform, is_https=False, api=api_router(platform), describe=describe)


@pytest.fixture
async def browser(platform: Platform, app: Litestar) -> AsyncIterator[Browser]:
    async with client_of(app, ORIGIN) as client:
        yield Browser(platform, client)


@pytest.fixture
def make_owner(platform: Platform, make_account: MakeAccount, actor_of: Callable[..., Awaitable[Actor]]) -> MakeOwner:
    async def make(login: str) -> Owner:
        actor = await actor_of(await make_account(login))
        async with platform.db.transaction() as conn:
            new = NewAlias(description="a shop")
            alias = await aliases.create(conn, actor.account_id, actor.keyring, new, now=utc_now())
        return Owner(platform, actor, alias)

    return make


@pytest.fixture
async def ada(make_owner: MakeOwner) -> Owner:
    return await make_owner("ada")


@pytest.fixture
async def signed_in(browser: Browser, ada: Owner) -> Browser:
    await browser.sign_in(ada.actor.login)
    return browser


@pytest.fixture
async def origin(app: Litestar) -> AsyncIterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(app, http="httptools", ws="none", lifespan="off", log_config=None)
        config.load()
        server = uvicorn.Server(config)
        server.lifespan = config.lifespan_class(config)
        await server.startup(sockets=[listener])
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        await server.shutdown(sockets=[listener])


@pytest.fixture
async def chromium() -> AsyncIterator[BrowserContext]:
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        context = await browser.new_context(viewport={"width": 360, "height": 740}, color_scheme="dark")
        context.set_default_timeout(20_000)
        yield context
        await browser.close()
