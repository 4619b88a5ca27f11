"""Tricks that have got past sanitisers, in a real Chromium with scripts on: nothing may be asked for, nothing may run.

`tricks/*.txt` hold them, a line `--- name` before each; SINK stands for the address of a server that writes down
whoever asks, SINKHOST for its host and port, REPEAT(n,x) for x n times.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, Dialog, Page

from app.core.messages.html import sanitise
from app.web.view import View
from tests.web.conftest import CHROMIUM, Browser, Owner

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]

FILES = sorted((Path(__file__).parent / "tricks").glob("*.txt"))
_REPEAT = re.compile(r"REPEAT\((\d+),([^)]*)\)")


class Sink:
    """A server at the loopback address that gives nothing and keeps the first line of every request."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.host = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked.append((await reader.readline()).decode("latin-1").strip())
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        writer.close()

    def aimed(self, trick: str) -> str:
        return trick.replace("SINKHOST", self.host).replace("SINK", f"http://{self.host}")


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    sink = Sink()
    server = await asyncio.start_server(sink.serve, "127.0.0.1", 0)
    sink.host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield sink
    server.close()


@pytest.fixture
def dialogs(chromium: BrowserContext) -> list[str]:
    """The dialogs that any page of the browser has raised."""
    raised: list[str] = []

    async def note(dialog: Dialog) -> None:
        raised.append(dialog.message)
        await dialog.dismiss()

    chromium.on("dialog", note)
    return raised


@pytest.fixture
async def page(origin: str, chromium: BrowserContext, signed_in: Browser) -> Page:
    cookie = next(one for one in signed_in.client.cookies.jar if "known" not in one.name)
    assert cookie.value is not None
    await chromium.add_cookies([{"name": cookie.name, "value": cookie.value, "url": origin}])
    return await chromium.new_page()


def tricks(path: Path) -> list[str]:
    parts = re.split(r"^--- ", path.read_text(), flags=re.MULTILINE)[1:]
    return [_REPEAT.sub(lambda piece: piece[2] * int(piece[1]), part.partition("\n")[2]) for part in parts]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
async def test_tricks_reach_nobody_and_run_nothing(
    path: Path, origin: str, page: Page, sink: Sink, dialogs: list[str], ada: Owner
) -> None:
    head = b"Subject: Look\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    for trick in tricks(path):
        message_id = await ada.deliver(head + sink.aimed(trick).replace("\n", "\r\n").encode())
        await page.goto(f"{origin}/messages/{message_id}", wait_until="load")
        assert len(page.frames) == 2
        await page.goto(f"{origin}/messages/{message_id}/html", wait_until="load")
        assert (sink.asked, dialogs) == ([], []), trick


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
async def test_the_sanitiser_stands_without_the_walls_around_it(
    path: Path, page: Page, sink: Sink, dialogs: list[str]
) -> None:
    view = View({})
    for trick in tricks(path):
        mail = view.page("mail.html", safe=sanitise(sink.aimed(trick)), subject="").content
        await page.set_content(mail, wait_until="load")
        assert (sink.asked, dialogs) == ([], []), trick


async def test_the_sink_sees_and_the_browser_runs_what_is_not_cleaned(
    page: Page, sink: Sink, dialogs: list[str]
) -> None:
    await page.set_content(sink.aimed("<img src=SINK/seen><script>alert('run')</script>"), wait_until="load")
    assert sink.asked == ["GET /seen HTTP/1.1"]
    assert dialogs == ["run"]
