import errno
import socket
from contextlib import closing

import pytest

from app.errors import Conflict, Invalid
from app.lib.listener import _refusal, bind_listener


@pytest.mark.parametrize(
    ("host", "through"),
    [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::1", "::1"), ("::", "::1"), ("::", "127.0.0.1")],  # noqa: S104
)
def test_a_peer_gets_through(host: str, through: str) -> None:
    with closing(bind_listener(host, 0)) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection((through, port), timeout=5) as peer:
            accepted, _ = listener.accept()
            with accepted:
                accepted.sendall(b"hi")
                assert peer.recv(2) == b"hi"


def test_one_ipv6_address_takes_no_ipv4() -> None:
    with closing(bind_listener("::1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5)


@pytest.mark.parametrize(("host", "shown"), [("127.0.0.1", "127.0.0.1:{}"), ("::1", r"\[::1\]:{}")])
def test_a_taken_port_is_named(host: str, shown: str) -> None:
    with closing(bind_listener(host, 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(Conflict, match=shown.format(port)):
            bind_listener(host, port)


def test_a_port_can_be_shared_on_purpose() -> None:
    with closing(bind_listener("127.0.0.1", 0, reuse_port=True)) as first:
        port = first.getsockname()[1]
        with closing(bind_listener("127.0.0.1", port, reuse_port=True)) as second:
            assert second.getsockname() == first.getsockname()


@pytest.mark.parametrize(
    ("host", "port"), [("192.0.2.1", 0), ("2001:db8::1", 0), ("x" * 300, 0), ("127.0.0.1", 70_000), ("::1", -1)]
)
def test_what_cannot_be_listened_on_is_invalid(host: str, port: int) -> None:
    with pytest.raises(Invalid, match="Cannot listen on"):
        bind_listener(host, port)


@pytest.mark.parametrize(
    ("number", "kind", "words"),
    [
        (errno.EACCES, Invalid, "not permitted"),
        (errno.EPERM, Invalid, "not permitted"),
        (errno.EADDRINUSE, Conflict, "another program"),
        (errno.ENOBUFS, Invalid, "out of room"),
    ],
)
def test_every_refusal_says_what_happened(number: int, kind: type[Exception], words: str) -> None:
    refusal = _refusal("0.0.0.0:25", OSError(number, "out of room"))
    assert isinstance(refusal, kind)
    assert "0.0.0.0:25" in refusal.detail
    assert words in refusal.detail
