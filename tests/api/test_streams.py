from collections.abc import AsyncIterator

import httpx
import pytest
from litestar import Litestar, Router, get
from litestar.params import FromPath
from litestar.response import Stream

from app.api.auth import AuthedRequest
from app.api.errors import HANDLERS
from app.api.streams import streamed
from app.core.messages.model import Content
from app.errors import Unavailable
from tests.api.conftest import Serve

SECRET = "a line of the letter"


async def _chunks(count: int) -> AsyncIterator[bytes]:
    """So many chunks, then a failure."""
    for _ in range(count):
        yield b"x" * 1000
    raise Unavailable(SECRET)


@get("/{count:int}")
async def download(request: AuthedRequest, count: FromPath[int]) -> Stream:
    """Break off after `count` chunks of four."""
    return await streamed(request, Content(filename="a", content_type="text/plain", size=4000, stream=_chunks(count)))


@pytest.fixture
async def url(serve: Serve) -> str:
    router = Router("/", route_handlers=[download], exception_handlers=HANDLERS)
    return str((await serve(Litestar([router], openapi_config=None, logging_config=None))).client.base_url)


async def test_a_failure_before_the_first_byte_is_a_problem(url: str) -> None:
    async with httpx.AsyncClient(base_url=url) as client:
        assert (await client.get("/0")).status_code == 503
        assert (await client.get("/1")).status_code == 503


async def test_a_failure_on_the_way_breaks_off_and_is_logged_without_its_text(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with httpx.AsyncClient(base_url=url) as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get("/2")
    logged = capsys.readouterr().out
    assert "download_broke_off" in logged
    assert "Unavailable" in logged
    assert SECRET not in logged
