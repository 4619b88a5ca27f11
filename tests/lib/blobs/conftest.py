"""A real S3 wire server (moto) on loopback, a relay in front of it that can break, and both stores."""

import asyncio
import selectors
import socket
import socketserver
import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from moto.server import ThreadedMotoServer

from app.lib.blobs import BlobStore
from app.lib.blobs.local import LocalStore
from app.lib.blobs.s3 import S3Store

Connect = Callable[..., S3Store]


class Relay(socketserver.ThreadingTCPServer):
    """Passes bytes on to `target`; `budgets` says after how many bytes answered each next connection is cut."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, target: tuple[str, int]) -> None:
        super().__init__(("127.0.0.1", 0), _Relayed)
        self.target = target
        self.budgets: list[int] = []
        self.open: set[socket.socket] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def vanish(self) -> None:
        """As when the server dies: nothing listens any more, and open connections are reset."""
        self.shutdown()
        self.server_close()
        for connection in list(self.open):
            connection.shutdown(socket.SHUT_RDWR)


class _Relayed(socketserver.BaseRequestHandler):
    server: Relay

    def handle(self) -> None:
        budget = self.server.budgets.pop(0) if self.server.budgets else None
        self.server.open.add(self.request)
        with socket.create_connection(self.server.target) as upstream, selectors.DefaultSelector() as ready:
            ready.register(self.request, selectors.EVENT_READ, upstream)
            ready.register(upstream, selectors.EVENT_READ, self.request)
            while True:
                for key, _ in ready.select():
                    source: socket.socket = key.fileobj  # type: ignore[assignment]
                    data = source.recv(65536)
                    if source is upstream and budget is not None:
                        data, budget = data[:budget], max(0, budget - len(data))
                    if not data:
                        self.server.open.discard(self.request)
                        return
                    key.data.sendall(data)


@pytest.fixture(scope="session")
def s3_url() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def relay(s3_url: str) -> Iterator[Relay]:
    url = httpx.URL(s3_url)
    server = Relay((url.host, url.port or 80))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.vanish()
    thread.join()


@pytest.fixture
def bucket(s3_url: str) -> str:
    name = f"test-{uuid4().hex}"
    credential = "AKIDTEST/20260101/us-east-1/s3/aws4_request"
    headers = {"Authorization": f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0"}
    assert httpx.put(f"{s3_url}/{name}", headers=headers).is_success
    return name


@pytest.fixture
def connect(s3_url: str, bucket: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connect]:
    """Stores on the test's own bucket, with anything of their settings changed; closed at the end."""
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    stores: list[S3Store] = []

    def connect(**changes: str) -> S3Store:
        settings = {"bucket": bucket, "access_key": "AKIDTEST", "secret_key": "hush-hush", "endpoint": s3_url}
        stores.append(S3Store(**{**settings, "region": "auto", **changes}))  # type: ignore[arg-type]
        return stores[-1]

    yield connect
    for store in stores:
        asyncio.run(store.close())


@pytest.fixture
def s3(connect: Connect) -> S3Store:
    return connect()


@pytest.fixture
def local(tmp_path: Path) -> Iterator[LocalStore]:
    store = LocalStore(tmp_path / "blobs")
    yield store
    asyncio.run(store.close())


@pytest.fixture(params=["local", "s3"])
def store(request: pytest.FixtureRequest) -> BlobStore:
    found: BlobStore = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def put() -> Callable[[BlobStore, str, bytes], Coroutine[None, None, None]]:
    async def put(store: BlobStore, name: str, data: bytes) -> None:
        writer = await store.open_writer(name)
        await writer.write(data)
        await writer.commit()

    return put
