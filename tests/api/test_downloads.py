"""Downloads over the API, by a real HTTP server: ranges, length, tags, and headers that let nothing run."""

import random
from email.message import EmailMessage
from uuid import UUID

import pytest

from tests.api.conftest import Api, User

PHOTO = random.Random(5).randbytes(400_000)


def letter() -> bytes:
    message = EmailMessage()
    message["From"] = "shop@shop.example"
    message.set_content("see below")
    message.add_attachment(PHOTO, maintype="video", subtype="mp4", filename="film.mp4")
    return message.as_bytes().replace(b"\n", b"\r\n")


RAW = letter()


@pytest.fixture
async def base(api: Api, ada: User) -> str:
    message_id: UUID = await api.deliver(ada, RAW)
    return f"/api/v1/messages/{message_id}"


@pytest.mark.parametrize(("tail", "whole"), [("/source", RAW), ("/attachments/1", PHOTO)])
async def test_ranges_lengths_and_tags(api: Api, ada: User, base: str, tail: str, whole: bytes) -> None:
    size = len(whole)
    answer = await api.get(base + tail, ada)
    tag = answer.headers["etag"]
    assert (answer.status_code, answer.content, answer.headers["accept-ranges"]) == (200, whole, "bytes")
    head = await api.request("HEAD", base + tail, ada, headers={"Range": "bytes=5-9"})
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-length", "etag", "content-type", "content-disposition"):
        assert head.headers[name] == answer.headers[name]

    async def ask(**asked: str) -> tuple[int, bytes, str]:
        fields = {name.replace("_", "-"): value for name, value in asked.items()}
        got = await api.get(base + tail, ada, headers=fields)
        return got.status_code, got.content, got.headers.get("content-range", "")

    assert await ask(range="bytes=-100") == (206, whole[-100:], f"bytes {size - 100}-{size - 1}/{size}")
    assert await ask(range="bytes=5-9", if_range=tag) == (206, whole[5:10], f"bytes 5-9/{size}")
    assert await ask(range="bytes=5-9", if_range='"other"') == (200, whole, "")
    assert await ask(range="bytes=5-9,20-29") == (200, whole, "")
    assert await ask(if_none_match=tag) == (304, b"", "")


async def test_what_lies_beyond_the_end_is_a_problem_that_tells_the_size(api: Api, ada: User, base: str) -> None:
    asked = {"Range": f"bytes={len(PHOTO)}-"}
    problem = await api.refused("GET", f"{base}/attachments/1", ada, headers=asked)
    assert (problem["status"], problem["code"]) == (416, "range_not_satisfiable")
    answer = await api.get(f"{base}/attachments/1", ada, headers=asked)
    assert answer.headers["content-range"] == f"bytes */{len(PHOTO)}"
    problem = await api.refused("GET", f"{base}/attachments/1", ada, headers={"If-Match": '"other"'})
    assert (problem["status"], problem["code"]) == (412, "precondition_failed")


async def test_downloads_run_nowhere(api: Api, ada: User, base: str) -> None:
    for tail in ("/source", "/attachments/1"):
        headers = (await api.get(base + tail, ada)).headers
        assert headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["content-disposition"].startswith("attachment;")


async def test_a_lost_attachment_is_a_problem(api: Api, ada: User, base: str) -> None:
    (info,) = [info async for info in api.platform.blobs.list()]
    await api.platform.blobs.delete([info.name])
    for tail in ("/source", "/attachments/1"):
        problem = await api.refused("GET", base + tail, ada)
        assert (problem["status"], problem["code"]) == (404, "content_missing")
