"""Who may connect, how long a connection may take, and how the server goes away."""

import asyncio
import socket
import struct

import pytest

from app.smtp import server
from tests.smtp.conftest import Connect, StartMx, Town, network_limits

V2_SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"


def proxy_v1(address: str) -> bytes:
    return f"PROXY TCP4 {address} 198.51.100.1 40000 25\r\n".encode()


def proxy_v2(address: str) -> bytes:
    family, source = (0x11, socket.inet_pton(socket.AF_INET, address)) if "." in address else (0x21, b"")
    if source:
        body = source + socket.inet_aton("198.51.100.1") + struct.pack("!HH", 40000, 25)
    else:
        body = socket.inet_pton(socket.AF_INET6, address) + bytes(16) + struct.pack("!HH", 40000, 25)
    return V2_SIGNATURE + struct.pack("!BBH", 0x21, family, len(body)) + body


PROXY_V2_LOCAL = V2_SIGNATURE + struct.pack("!BBH", 0x20, 0, 0)


async def test_a_network_has_so_many_connections_and_no_more(start_mx: StartMx, connect: Connect) -> None:
    mx = await start_mx(limits=network_limits(most_open=2, exempt_local=False))
    first, second, third = await connect(mx), await connect(mx), await connect(mx)
    assert [(await peer.reply()).code for peer in (first, second)] == ["220", "220"]
    assert (await third.rest()).startswith(b"421 4.7.0 ")
    assert await first.ask("QUIT") == "221 2.0.0"
    assert await first.rest() == b""
    assert (await (await connect(mx)).reply()).code == "220"


async def test_a_server_has_so_many_connections_and_no_more(start_mx: StartMx, connect: Connect) -> None:
    mx = await start_mx(max_connections=1)
    first, second = await connect(mx), await connect(mx)
    assert (await first.reply()).code == "220"
    assert (await second.rest()).startswith(b"421 4.7.0 ")
    assert await first.ask("NOOP") == "250 2.0.0"


@pytest.mark.parametrize("said", [b"", b"EHLO client.test\r\n", b"EHLO client.test\r\nMAIL FROM:<>\r\n", b"NOO"])
async def test_a_silent_client_is_told_so_and_closed(said: bytes, start_mx: StartMx, connect: Connect) -> None:
    mx = await start_mx(timeout=1)
    peer = await connect(mx)
    assert (await peer.reply()).code == "220"
    peer.send(said)
    assert (await peer.rest()).splitlines()[-1].startswith(b"421 4.4.2 ")


@pytest.mark.parametrize("is_in_data", [False, True])
async def test_a_byte_now_and_then_does_not_keep_a_connection(
    is_in_data: bool, start_mx: StartMx, greet: Connect, town: Town
) -> None:
    mx = await start_mx(timeout=1)
    peer = await greet(mx)
    if is_in_data:
        await peer.envelope("shop@restante.test")
    sent = 0
    while not await peer.has_reply(within=0.1):
        peer.send(b"x")
        sent += 1
    assert (await peer.reply()).code == "421 4.4.2"
    assert sent < 100
    assert await town.leftovers() == []


@pytest.mark.parametrize("header", [proxy_v1, proxy_v2])
async def test_behind_a_proxy_the_proxied_address_counts(start_mx: StartMx, connect: Connect, header: object) -> None:
    assert callable(header)
    mx = await start_mx(limits=network_limits(most_open=1), is_proxied=True)
    answers = []
    for address in ("203.0.113.1", "203.0.113.1", "203.0.113.9", "192.0.2.1"):
        peer = await connect(mx)
        peer.send(header(address))
        answers.append((await peer.reply()).code)
    assert answers == ["220", "421 4.7.0", "421 4.7.0", "220"]


async def test_behind_a_proxy_ipv6_counts_by_its_networks(start_mx: StartMx, connect: Connect) -> None:
    mx = await start_mx(limits=network_limits(most_open=1), is_proxied=True)
    answers = []
    for address in ("2001:db8::1", "2001:db8::2", "2001:db9::1"):
        peer = await connect(mx)
        peer.send(proxy_v2(address) + b"NOOP\r\n")
        answers.append((await peer.reply()).code)
    assert answers == ["220", "421 4.7.0", "220"]


@pytest.mark.parametrize("header", [PROXY_V2_LOCAL, b"PROXY UNKNOWN\r\n"])
async def test_the_proxys_own_connections_are_taken(header: bytes, start_mx: StartMx, connect: Connect) -> None:
    peer = await connect(await start_mx(is_proxied=True))
    peer.send(header + b"QUIT\r\n")
    assert [(await peer.reply()).code, (await peer.reply()).code] == ["220", "221 2.0.0"]


@pytest.mark.parametrize(
    "said",
    [
        b"EHLO client.test\r\n",
        b"PROXY TCP4 nowhere 198.51.100.1 1 2\r\n",
        b"PROXY " + b"x" * 300_000,
        V2_SIGNATURE + b"\x00" * 4,
        b"QUI",
    ],
)
async def test_behind_a_proxy_nothing_is_said_to_who_sends_no_header(
    said: bytes, start_mx: StartMx, connect: Connect
) -> None:
    peer = await connect(await start_mx(is_proxied=True))
    peer.send(said)
    peer.finish()
    assert await peer.rest() == b""


async def test_who_sends_no_header_at_all_is_closed_in_time(start_mx: StartMx, connect: Connect) -> None:
    peer = await connect(await start_mx(is_proxied=True, timeout=1))
    assert (await peer.rest()).startswith(b"421 4.4.2 ")


async def test_a_stopping_server_finishes_the_message_under_way(start_mx: StartMx, greet: Connect, town: Town) -> None:
    mx = await start_mx()
    idle, begun, busy = await greet(mx), await greet(mx), await greet(mx)
    assert await begun.ask("MAIL FROM:<>") == "250 2.1.0"
    await busy.envelope("shop@restante.test")
    busy.send(b"Subject: one\r\n")
    mx.stop.set()
    assert (await idle.rest()).startswith(b"421 4.3.2 ")
    assert await begun.ask("RSET") == "250 2.0.0"
    assert (await begun.rest()).startswith(b"421 4.3.2 ")
    busy.send(b".\r\n")
    assert (await busy.reply()).code == "250 2.6.0"
    assert (await busy.rest()).startswith(b"421 4.3.2 ")
    await mx.stopped
    assert await town.sources(town.ada) == [("shop@restante.test", b"Subject: one\r\n")]


async def test_a_stopping_server_does_not_wait_for_ever(
    start_mx: StartMx, greet: Connect, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "GRACE_SECONDS", 0.05)
    mx = await start_mx()
    peer = await greet(mx)
    await peer.envelope("shop@restante.test")
    mx.stop.set()
    await mx.stopped
    assert (await peer.rest()).startswith(b"421 4.3.2 ")
    assert await town.leftovers() == []


async def test_a_stopped_server_listens_no_more(start_mx: StartMx) -> None:
    mx = await start_mx()
    await mx.end()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", mx.port)
