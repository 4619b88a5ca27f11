"""gzip and zstd on the wire."""

import gzip

import pytest
import zstandard

from app.api.compression import Coding, chosen
from tests.api.conftest import Api, User


async def raw(api: Api, user: User, path: str, accepted: str) -> tuple[dict[str, str], bytes]:
    """The answer's fields and its body as it came."""
    headers = user.headers | {"Accept-Encoding": accepted}
    async with api.client.stream("GET", path, headers=headers) as response:
        assert response.status_code == 200
        return dict(response.headers), b"".join([chunk async for chunk in response.aiter_raw()])


@pytest.fixture
async def many(api: Api, ada: User) -> User:
    for number in range(10):
        await api.make_alias(ada.actor, f"number {number}")
    return ada


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
async def test_lists_are_compressed_for_who_accepts_it(api: Api, many: User, coding: str) -> None:
    plain_fields, plain = await raw(api, many, "/api/v1/aliases", "identity")
    fields, packed = await raw(api, many, "/api/v1/aliases", coding)
    assert "content-encoding" not in plain_fields
    assert plain_fields["vary"] == fields["vary"] == "Accept-Encoding"
    assert fields["content-encoding"] == coding
    assert int(fields["content-length"]) == len(packed) < len(plain) / 3
    assert plain == (gzip.decompress(packed) if coding == "gzip" else zstandard.ZstdDecompressor().decompress(packed))
    assert fields["etag"] == plain_fields["etag"].removesuffix('"') + f'-{coding}"'
    again = await api.get("/api/v1/aliases", many, headers={"If-None-Match": fields["etag"]})
    assert again.status_code == 304


async def test_lengths_tell_little(api: Api, many: User) -> None:
    """The same answer is as long as before, give or take a field of random length."""
    seen = {
        sum(len(name) + len(value) for name, value in fields.items()) + len(body)
        for fields, body in [await raw(api, many, "/api/v1/aliases", "zstd") for _ in range(20)]
    }
    assert len(seen) > 5


async def test_what_is_small_or_an_answer_to_a_change_is_sent_as_it_is(api: Api, many: User) -> None:
    fields, _ = await raw(api, many, "/api/v1/categories", "zstd, gzip")
    assert "content-encoding" not in fields
    everything = {"senders": [f"{number}@shop.example" for number in range(100)]}
    made = await api.request("POST", "/api/v1/blocks/batch", many, json=everything)
    assert len(made.content) > 5000
    assert "content-encoding" not in made.headers
    assert "vary" not in made.headers


async def test_originals_are_streamed_as_they_are(api: Api, ada: User) -> None:
    message_id = await api.deliver(ada, b"Subject: one\r\n\r\n" + b"Text, and more text.\r\n" * 500)
    fields, body = await raw(api, ada, f"/api/v1/messages/{message_id}/source", "gzip")
    assert "content-encoding" not in fields
    assert body.startswith(b"Subject: one")


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ("", None),
        ("identity", None),
        ("gzip", "gzip"),
        ("x-gzip", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("GZIP;q=1.0, zstd;q=0.5", "gzip"),
        ("zstd;q=0, gzip;q=0", None),
        ("gzip;q=0.2, identity;q=0.9", None),
        ("*", "zstd"),
        ("*;q=0.5, zstd;q=0", "gzip"),
        ("br", None),
        ("gzip;q=nonsense", None),
        ("gzip;q=7", None),
        ("gzip;q=nan", None),
        ("gzip;level=9", None),
        (";;;,,,=", None),
    ],
)
def test_what_is_accepted_is_chosen(accepted: str, expected: Coding | None) -> None:
    assert chosen(accepted) == expected
