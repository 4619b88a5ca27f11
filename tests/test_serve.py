"""The sockets of a service that starts."""

import socket
import threading
from contextlib import closing

import pytest

from app import serve
from app.config import Address
from app.errors import Conflict
from app.lib.listener import bind_listener


def test_a_port_that_is_taken_is_waited_for() -> None:
    taken = bind_listener("127.0.0.1", 0)
    port = taken.getsockname()[1]
    found: list[socket.socket] = []
    starting = threading.Thread(target=lambda: found.extend(serve._listeners(Address(host="127.0.0.1", port=port), 2)))
    starting.start()
    starting.join(0.5)
    assert starting.is_alive()
    taken.close()
    starting.join(30)
    assert [one.getsockname()[1] for one in found] == [port, port]
    for one in found:
        one.close()


def test_a_port_that_stays_taken_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "_PORT_SECONDS", 0.3)
    with closing(bind_listener("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Conflict, match=f"Cannot listen on 127.0.0.1:{port}: another program does"):
            serve._listeners(Address(host="127.0.0.1", port=port), 1)
