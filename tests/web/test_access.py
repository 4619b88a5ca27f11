"""The access log: one line a request, with nothing by which anybody or anything could be found."""

import json
from pathlib import Path

import httpx
import pytest
from litestar import Litestar

from app.lib import logs
from app.web.access import logged
from tests.web.conftest import ORIGIN

pytestmark = pytest.mark.anyio

ID = "01970000-0000-7000-8000-000000000000"
CANARY = "flibbertigibbet"


async def test_a_line_holds_the_route_and_never_the_path(app: Litestar, tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    served = logged(app, logs.access_logger(folder))
    transport = httpx.ASGITransport(app=served, client=("203.0.113.77", 4321))  # type: ignore[arg-type]
    headers = {"User-Agent": CANARY, "Referer": f"https://{CANARY}.example/", "Cookie": f"restante={CANARY}"}
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers=headers) as client:
        await client.get(f"/?q={CANARY}")
        await client.get(f"/feed/{CANARY}")
        await client.get(f"/{CANARY}")
        await client.get(f"/api/v1/messages/{ID}")
        await client.post("/login", data={"login": CANARY, "password": CANARY})
        await client.request(CANARY.upper(), "/")
    (path,) = folder.iterdir()
    text = path.read_text()
    assert CANARY not in text.lower()
    assert ID not in text
    assert "203.0.113" not in text
    found = [json.loads(line) for line in text.splitlines()]
    assert all(line.keys() == {"event", "timestamp", "method", "route", "status", "ms", "bytes"} for line in found), (
        found
    )
    told = [(line["method"], line["route"], line["status"]) for line in found]
    assert told == [
        ("GET", "/", 200),
        ("GET", "/feed/{name}", 404),
        ("GET", "none", 404),
        ("GET", "/api/v1/messages/{message_id}", 401),
        ("POST", "/login", 422),
        ("other", "none", 405),
    ]
    assert found[0]["bytes"] > 1000
