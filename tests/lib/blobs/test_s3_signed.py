"""The bucket as a server sees it that checks everything: each signature, date, digest and rule of the protocol."""

import asyncio
import http.client
import random
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest

from app.errors import NotFound, Unavailable
from app.lib.blobs import BlobStore
from app.lib.blobs.disposition import attachment
from app.lib.blobs.s3 import S3Store
from app.lib.blobs.s3_upload import PART
from tests.lib.blobs.sigv4 import Credentials
from tests.lib.blobs.strict_s3 import StrictS3

NOISE = random.Random(12).randbytes(2 * PART + 7)
DAY = timedelta(days=1)
Serve = Callable[..., tuple[StrictS3, S3Store]]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """`server, store = serve(region="auto", token=…, base_path=…, bucket=…, addressing=…)`."""
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    found = socket.getaddrinfo
    # Names of virtual hosts lead to loopback.
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *rest, **named: found("127.0.0.1" if host.endswith(".test") else host, *rest, **named),
    )
    servers: list[StrictS3] = []
    stores: list[S3Store] = []

    def start(
        *,
        region: str = "auto",
        token: str | None = None,
        base_path: str = "",
        bucket: str = "shelf",
        addressing: Any = None,  # noqa: ANN401 - passed on
        **changes: str,
    ) -> tuple[StrictS3, S3Store]:
        keys = Credentials(access_key="AKIDTEST", secret_key="hush/+=hush", region=region, token=token)
        server = StrictS3(bucket, keys, base_path=base_path)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        servers.append(server)
        settings = {
            "bucket": bucket,
            "access_key": keys.access_key,
            "secret_key": keys.secret_key,
            "session_token": token,
            "endpoint": f"http://s3.test:{server.port}" if addressing == "virtual" else server.url,
            "region": region,
            "addressing": addressing,
        }
        stores.append(S3Store(**{**settings, **changes}))
        return server, stores[-1]

    yield start
    for store in stores:
        asyncio.run(store.close())
    for server in servers:
        server.released.set()
        server.shutdown()
        server.server_close()


async def put(store: BlobStore, name: str, data: bytes) -> None:
    writer = await store.open_writer(name)
    await writer.write(data)
    await writer.commit()


async def read(store: BlobStore, name: str, **span: int) -> bytes:
    return b"".join([chunk async for chunk in store.read(name, **span)])


@contextmanager
def unavailable(code: str) -> Iterator[None]:
    with pytest.raises(Unavailable) as caught:
        yield
    assert caught.value.code == code


async def everything(store: S3Store) -> None:
    """Every request that the store knows to make."""
    await store.check()
    await put(store, "owner/small", b"x")
    await put(store, "owner/empty", b"")
    await put(store, "owner/large", NOISE)
    await store.copy("owner/large", "other/large.copy_1")
    assert await read(store, "other/large.copy_1") == NOISE
    assert await read(store, "owner/large", offset=PART - 3, length=9) == NOISE[PART - 3 : PART + 6]
    assert await read(store, "owner/small", offset=5) == b""
    names = {info.name for info in [info async for info in store.list("o")]}
    assert names == {"owner/small", "owner/empty", "owner/large", "other/large.copy_1"}
    writer = await store.open_writer("owner/given-up")
    await writer.write(NOISE)
    await writer.abort()
    abandoned = await store.open_writer("owner/abandoned")
    await abandoned.write(NOISE)
    assert await store.sweep_partial(older_than=datetime.now(UTC) - DAY) == 0
    assert await store.sweep_partial(older_than=datetime.now(UTC) + DAY) == 1
    await store.delete(sorted(names))
    assert [info async for info in store.list()] == []
    with pytest.raises(NotFound):
        await read(store, "owner/small")


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"region": "eu-central-1"},
        {"token": "a/session+token=="},
        {"base_path": "/storage/v1/s3"},
        {"bucket": "shelf.of.dots"},
        {"addressing": "virtual"},
        {"addressing": "virtual", "bucket": "shelf.of.dots"},
    ],
)
def test_every_request_is_signed_as_the_specification_says(serve: Serve, settings: dict[str, str]) -> None:
    server, store = serve(**settings)
    server.page_size = 3
    asyncio.run(everything(store))
    assert set(server.refused) <= {"InvalidRange", "NoSuchKey", "NoSuchUpload"}
    assert server.uploads == {}
    assert set(server.done) >= {
        "PutObject",
        "CopyObject",
        "GetObject",
        "DeleteObjects",
        "CreateMultipartUpload",
        "UploadPart",
        "CompleteMultipartUpload",
        "AbortMultipartUpload",
        "ListObjectsV2",
        "ListMultipartUploads",
    }


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"secret_key": "other"}, "SignatureDoesNotMatch"),
        ({"access_key": "OTHER"}, "InvalidAccessKeyId"),
        ({"region": "eu-central-1"}, "AuthorizationHeaderMalformed"),
        ({"session_token": "x"}, "AuthorizationHeaderMalformed"),
    ],
)
def test_wrong_keys_are_refused_and_told(serve: Serve, changes: dict[str, str], refusal: str) -> None:
    keys = {"access_key": "AKIDTEST", "secret_key": "hush/+=hush", "region": "auto", "session_token": None, **changes}
    server, _ = serve()
    store = S3Store(bucket="shelf", endpoint=server.url, **keys)  # type: ignore[arg-type]
    with pytest.raises(Unavailable, match="S3_SECRET_ACCESS_KEY") as caught:
        asyncio.run(store.check())
    asyncio.run(store.close())
    assert caught.value.code == "storage_refused"
    assert refusal in server.refused


@pytest.mark.parametrize("minutes", [-16, 16])
def test_a_clock_that_is_far_off_is_told(serve: Serve, minutes: int) -> None:
    server, store = serve()
    server.skew = timedelta(minutes=minutes)
    with pytest.raises(Unavailable, match="clock is right") as caught:
        asyncio.run(store.check())
    assert caught.value.code == "storage_refused"


@pytest.mark.parametrize("seconds", [-150, 150, 400])
def test_a_clock_that_only_links_notice_is_told_too(serve: Serve, seconds: int) -> None:
    server, store = serve()
    server.skew = timedelta(seconds=seconds)
    with pytest.raises(Unavailable, match="clock differs") as caught:
        asyncio.run(store.check_clock())
    assert caught.value.code == "storage_refused"
    asyncio.run(store.check())


def test_a_clock_that_is_nearly_right_will_do(serve: Serve) -> None:
    server, store = serve()
    server.skew = timedelta(seconds=30)
    asyncio.run(store.check_clock())


# Links


class Fetched:
    """What a plain HTTP client gets, without any rewriting of the address."""

    def __init__(self, url: str, headers: dict[str, str] | None = None, method: str = "GET") -> None:
        parts = urlsplit(url)
        connection = http.client.HTTPConnection("127.0.0.1", parts.port)
        connection.request(method, f"{parts.path}?{parts.query}", headers={"Host": parts.netloc, **(headers or {})})
        answer = connection.getresponse()
        self.status, self.headers, self.body = answer.status, answer.headers, answer.read()
        connection.close()


def link(store: S3Store, name: str = "owner/object", *, filename: str = "ü.pdf", expires_in: int = 300) -> str:
    return store.presigned_url(name, filename=filename, content_type="application/pdf", expires_in=expires_in)


NAMES = [
    "plain.pdf",
    "two words (1).pdf",
    'say "hello".pdf',
    "50 % off & more + even more.pdf",
    "a;b=c,d.pdf",
    "grüße 請求書 🎉.pdf",
    "a\r\nSet-Cookie: x=1.pdf",
    "semi;colon\\back/slash.pdf",
    "'single'*~!.pdf",
    "x" * 400 + ".pdf",
    "%2e%2e%2f.pdf",
    "",
]


@pytest.mark.parametrize(
    "settings", [{}, {"token": "a/session+token=="}, {"bucket": "a.b.c", "base_path": "/s3"}, {"addressing": "virtual"}]
)
def test_a_link_opens_whatever_the_name(serve: Serve, settings: dict[str, str]) -> None:
    server, store = serve(**settings)
    asyncio.run(put(store, "owner/object", b"%PDF-1.7"))
    for filename in NAMES:
        fetched = Fetched(link(store, filename=filename))
        assert (fetched.status, fetched.body) == (200, b"%PDF-1.7")
        assert fetched.headers["Content-Type"] == "application/pdf"
        assert fetched.headers["Content-Disposition"] == attachment(filename)
    assert server.refused == []


def test_a_link_gives_ranges(serve: Serve) -> None:
    _, store = serve()
    asyncio.run(put(store, "owner/object", NOISE))
    fetched = Fetched(link(store), {"Range": "bytes=1000000-1000009"})
    assert (fetched.status, fetched.body) == (206, NOISE[1_000_000:1_000_010])


def altered() -> dict[str, Callable[[dict[str, str]], dict[str, str]]]:
    """Each parameter of a link changed by somebody who wants more of it."""
    return {
        "longer": lambda query: query | {"X-Amz-Expires": "3600"},
        "later": lambda query: query | {"X-Amz-Date": f"{datetime.now(UTC) + timedelta(minutes=9):%Y%m%dT%H%M%SZ}"},
        "inline": lambda query: query | {"response-content-disposition": "inline"},
        "html": lambda query: query | {"response-content-type": "text/html"},
        "no type": lambda query: {name: value for name, value in query.items() if name != "response-content-type"},
        "no name": lambda query: {
            name: value for name, value in query.items() if name != "response-content-disposition"
        },
        "more": lambda query: query | {"response-cache-control": "public"},
        "other key": lambda query: query | {"X-Amz-Credential": query["X-Amz-Credential"].replace("AKID", "OTHER")},
        "unsigned": lambda query: {name: value for name, value in query.items() if name != "X-Amz-Signature"},
        "flipped": lambda query: query | {"X-Amz-Signature": query["X-Amz-Signature"][::-1]},
    }


@pytest.mark.parametrize("change", altered())
def test_a_link_that_was_altered_opens_nothing(serve: Serve, change: str) -> None:
    server, store = serve()
    asyncio.run(put(store, "owner/object", b"secret"))
    url, _, query = link(store).partition("?")
    changed = urlencode(altered()[change](dict(parse_qsl(query))), quote_via=quote)
    assert Fetched(f"{url}?{urlencode(dict(parse_qsl(query)), quote_via=quote)}").status == 200
    fetched = Fetched(f"{url}?{changed}")
    assert fetched.status == 403
    assert b"secret" not in fetched.body
    assert len(server.refused) == 1


def test_a_link_opens_one_object_by_one_method(serve: Serve) -> None:
    _, store = serve()
    asyncio.run(put(store, "owner/object", b"secret"))
    asyncio.run(put(store, "owner/other", b"secret"))
    url = link(store)
    assert Fetched(url.replace("/object", "/other")).status == 403
    for method in ("PUT", "DELETE", "HEAD"):
        assert Fetched(url, method=method).status == 403
    assert asyncio.run(read(store, "owner/object")) == b"secret"


def test_a_link_ends_when_it_says(serve: Serve) -> None:
    server, store = serve()
    asyncio.run(put(store, "owner/object", b"x"))
    url = link(store)
    statuses = []
    for seconds in (0, 280, 310, 3600, -280, -3600):
        server.skew = timedelta(seconds=seconds)
        statuses.append(Fetched(url).status)
    assert statuses == [200, 200, 403, 403, 200, 403]


def test_a_link_to_what_is_gone_is_not_found(serve: Serve) -> None:
    _, store = serve()
    assert Fetched(link(store)).status == 404


# Faults


STEPS = ["PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"]


@pytest.mark.parametrize("fault", ["slow_down", "reset", "done_and_reset"])
@pytest.mark.parametrize("step", STEPS)
def test_an_upload_outlives_a_fault(serve: Serve, step: str, fault: Any) -> None:  # noqa: ANN401 - a Fault
    server, store = serve()
    size = 10 if step == "PutObject" else len(NOISE)
    server.faults += [(step, fault)] * 2
    asyncio.run(put(store, "owner/object", NOISE[:size]))
    assert server.faults == [] or (fault, step) == ("done_and_reset", "CompleteMultipartUpload")
    assert server.objects["owner/object"].data == NOISE[:size]


def test_an_error_that_calls_itself_a_success_is_tried_again(serve: Serve) -> None:
    server, store = serve()
    server.faults += [("CompleteMultipartUpload", "error_in_200"), ("CopyObject", "error_in_200")]

    async def flow() -> None:
        await put(store, "owner/object", NOISE)
        await store.copy("owner/object", "owner/copy")

    asyncio.run(flow())
    assert server.faults == []
    assert server.objects["owner/copy"].data == NOISE


@pytest.mark.parametrize("fault", ["slow_down", "error_in_200", "reset"])
def test_a_commit_that_never_succeeds_stores_nothing(serve: Serve, fault: Any) -> None:  # noqa: ANN401 - a Fault
    server, store = serve()
    server.faults += [("CompleteMultipartUpload", fault)] * 10

    async def flow() -> None:
        writer = await store.open_writer("owner/object")
        await writer.write(NOISE)
        with pytest.raises(Unavailable):
            await writer.commit()
        await writer.abort()

    asyncio.run(flow())
    assert (server.objects, server.uploads) == ({}, {})


def test_a_server_that_stalls_in_a_part_is_given_up(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.lib.blobs.s3_connection._READ_SECONDS", 0.5)
    monkeypatch.setattr("app.lib.blobs.s3_connection._CONNECT_SECONDS", 0.5)  # also the wait for room to send
    monkeypatch.setattr("app.lib.blobs.s3_connection._ATTEMPTS", 2)
    server, store = serve()
    server.faults += [("UploadPart", "stall")] * 20

    async def flow() -> None:
        writer = await store.open_writer("owner/object")
        await writer.write(NOISE)
        with unavailable("storage_unreachable"):
            await writer.commit()
        await writer.abort()

    asyncio.run(asyncio.wait_for(flow(), 60))
    assert (server.objects, server.uploads) == ({}, {})
