"""Requests to real servers on loopback, most of them hostile, under names that the test's own DNS server knows."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from ipaddress import ip_network
from pathlib import Path

import pytest

from app.lib.outbound import MAX_ANSWER, Fault, Outbound, Patience
from app.lib.resolver import Resolver
from app.smtp.tls import context, self_signed
from tests.dns_server import DnsServer, running_dns
from tests.hostile_http import OK, Behave, floods, hangs, read_request, says, serving

LOOPBACK = [ip_network("127.0.0.0/8")]
HASTY = Patience(connect=0.4, exchange=0.5, body=0.2)
PATIENT = Patience(connect=60, exchange=60, body=60)


@pytest.fixture
async def zone() -> AsyncIterator[DnsServer]:
    async with running_dns() as made:
        made.set("hook.test", "A", "127.0.0.1")
        yield made


def resolver(zone: DnsServer) -> Resolver:
    return Resolver([zone.server], timeout=20, lifetime=30)


@pytest.fixture
async def outbound(zone: DnsServer) -> AsyncIterator[Outbound]:
    made = Outbound(resolver(zone), networks=LOOPBACK, patience=PATIENT)
    yield made
    await made.close()


@pytest.fixture
async def hasty(zone: DnsServer) -> AsyncIterator[Outbound]:
    made = Outbound(resolver(zone), networks=LOOPBACK, patience=HASTY)
    yield made
    await made.close()


async def test_what_is_sent(outbound: Outbound) -> None:
    received: list[tuple[bytes, bytes]] = []

    async def receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            received.append(await read_request(reader))
            writer.write(OK)

    async with serving(receive) as port:
        url = f"http://hook.test:{port}/a?b=%20"
        first = await outbound.post(url, headers={"webhook-id": "1"}, body=b"{}")
        await outbound.post(url, headers={}, body=b"x" * 1_000_000)
    assert (first.status, first.fault, first.body, first.is_success) == (200, None, b"ok", True)
    head, body = received[0]
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /a?b=%20 HTTP/1.1"
    assert {name.lower() for name in lines[1:-2]} == {
        f"host: hook.test:{port}",
        "accept: */*",
        "accept-encoding: identity",
        "user-agent: restante",
        "content-length: 2",
        "webhook-id: 1",
    }
    assert body == b"{}"
    assert len(received[1][1]) == 1_000_000


async def test_proxies_of_the_environment_are_not_used(outbound: Outbound, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with serving(says(OK)) as port:
        assert (await outbound.post(f"http://hook.test:{port}/", headers={}, body=b"")).is_success


async def test_redirects_are_not_followed_and_cookies_not_kept(outbound: Outbound) -> None:
    asked: list[bytes] = []
    inside: list[bytes] = []

    async def private(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        inside.append(await reader.read(1))

    async with serving(private) as secret:
        target = b"HTTP/1.1 307 Elsewhere\r\nLocation: http://127.0.0.1:%d/\r\nSet-Cookie: a=b\r\n" % secret

        async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            asked.append((await read_request(reader))[0].lower())
            writer.write(target + b"Content-Length: 0\r\n\r\n")

        async with serving(redirect) as port:
            for _ in range(2):
                answer = await outbound.post(f"http://hook.test:{port}/", headers={}, body=b"")
                assert (answer.status, answer.is_success) == (307, False)
    assert not any(b"cookie" in head for head in asked)
    assert inside == []


@pytest.mark.parametrize(
    ("behave", "status", "fault", "body"),
    [
        (says(b"HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\nno"), 500, None, b"no"),
        (says(b"HTTP/1.1 204 None\r\n\r\n"), 204, None, b""),
        (says(b"HTTP/1.0 200 OK\r\n\r\nuntil the end"), 200, None, b"until the end"),
        (says(b"HTTP/1.1 100 Go on\r\n\r\n", OK), 200, None, b"ok"),
        (says(b"HTTP/1.1 101 Switch\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"), None, "bad_answer", b""),
        (says(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"), 200, None, b"short"),
        (says(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nlonger"), 200, None, b"l"),
        (says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), 200, None, b""),
        (says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n"), 200, None, b"first"),
        (
            says(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b\x08"),
            200,
            None,
            b"\x1f\x8b\x08",
        ),
        (says(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"), None, "bad_answer", b""),
        (says(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"), None, "bad_answer", b""),
        (says(b"HTTP/1.1 9 OK\r\n\r\n"), None, "bad_answer", b""),
        (says(b"220 mail.test ESMTP\r\n"), None, "bad_answer", b""),
        (says(b"\x16\x03\x01\x00\x05hello"), None, "bad_answer", b""),
        (says(b"HTTP/1.1 200"), None, "bad_answer", b""),
        (says(), None, "bad_answer", b""),
        (floods(b"HTTP/1.1 200 OK\r\n", b"X-Header: " + b"x" * 1000 + b"\r\n"), None, "bad_answer", b""),
        (floods(b"", b"\x00" * 1000), None, "bad_answer", b""),
        (floods(b"HTTP/1.1 200 OK\r\nX: ", b"x" * 1000), None, "bad_answer", b""),
        (
            floods(b"HTTP/1.1 200 OK\r\nContent-Length: 9999999999999\r\n\r\n", b"x" * 1000),
            200,
            None,
            b"x" * MAX_ANSWER,
        ),
        (floods(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"), 200, None, b"x" * MAX_ANSWER),
    ],
)
async def test_whatever_is_answered(
    outbound: Outbound, behave: Behave, status: int | None, fault: Fault | None, body: bytes
) -> None:
    async with serving(behave) as port:
        answer = await outbound.post(f"http://hook.test:{port}/", headers={}, body=b"{}")
    assert (answer.status, answer.fault, answer.body) == (status, fault, body)


def drips(head: bytes, piece: bytes) -> Behave:
    """Sends the head and then a piece fifty times a second, until the other side has had enough."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(head)
        while not writer.is_closing():
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.02)

    return behave


@pytest.mark.parametrize(
    ("behave", "status", "fault"),
    [
        (hangs, None, "too_slow"),
        (drips(b"HTTP/1.1 200 OK\r\nX: ", b"x"), None, "too_slow"),
        (drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), None, "too_slow"),
        (floods(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), None, "too_slow"),
        (drips(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", b"x"), 200, None),
        (drips(b"HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"), 500, None),
    ],
)
async def test_slowness_is_cut_by_the_clock(
    hasty: Outbound, behave: Behave, status: int | None, fault: Fault | None
) -> None:
    async with serving(behave) as port, asyncio.timeout(30):
        answer = await hasty.post(f"http://hook.test:{port}/", headers={}, body=b"{}")
    assert (answer.status, answer.fault) == (status, fault)


async def test_a_large_body_that_nobody_reads_is_given_up(hasty: Outbound) -> None:
    async def deaf(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with serving(deaf) as port:
        answer = await hasty.post(f"http://hook.test:{port}/", headers={}, body=bytes(30_000_000))
    assert answer.fault == "too_slow"


async def test_a_reset_is_told(outbound: Outbound) -> None:
    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.transport.abort()

    async with serving(reset) as port:
        answer = await outbound.post(f"http://hook.test:{port}/", headers={}, body=b"{}")
    assert answer.fault in {"reset", "bad_answer"}  # a close and a reset race on loopback


async def test_where_nobody_listens(outbound: Outbound) -> None:
    async with serving(hangs) as port:
        pass
    answer = await outbound.post(f"http://hook.test:{port}/", headers={}, body=b"{}")
    assert (answer.status, answer.fault) == (None, "connect")


async def test_names_without_an_address(outbound: Outbound, zone: DnsServer) -> None:
    zone.tricks["broken.test"] = "servfail"
    for name in ("nowhere.test", "broken.test", "0x7f000001", "2130706433", "127.1"):
        answer = await outbound.post(f"http://{name}:8000/", headers={}, body=b"")
        assert (name, answer.fault) == (name, "dns")


@pytest.mark.parametrize(
    ("name", "addresses"),
    [
        ("inside.test", {"A": ["127.0.0.1"]}),
        ("inside6.test", {"AAAA": ["::1"]}),
        ("mapped.test", {"AAAA": ["::ffff:127.0.0.1"]}),
        ("translated.test", {"AAAA": ["64:ff9b::7f00:1"]}),
        ("metadata.test", {"A": ["169.254.169.254"]}),
        ("any.test", {"A": ["0.0.0.0"]}),  # noqa: S104 - what a hostile name says
        ("both.test", {"A": ["93.184.216.34", "127.0.0.1"]}),
        ("localhost", {}),
        ("a.localhost", {}),
        ("127.0.0.1", {}),
        ("[::1]", {}),
        ("[::ffff:7f00:1]", {}),
    ],
)
async def test_nothing_is_sent_to_inner_addresses(zone: DnsServer, name: str, addresses: dict[str, list[str]]) -> None:
    met: list[bytes] = []

    async def meet(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        met.append(await reader.read(1))

    for kind, values in addresses.items():
        zone.set(name, kind, *values)
    outbound = Outbound(resolver(zone), patience=PATIENT)
    try:
        async with serving(meet) as port:
            answer = await outbound.post(f"https://{name}:{port}/", headers={}, body=b"")
    finally:
        await outbound.close()
    assert answer.fault == "refused_address"
    assert met == []


async def test_plain_http_reaches_open_networks_only(zone: DnsServer) -> None:
    zone.set("public.test", "A", "93.184.216.34")
    outbound = Outbound(resolver(zone), networks=LOOPBACK, patience=PATIENT)
    assert (await outbound.post("http://public.test/", headers={}, body=b"")).fault == "refused_address"
    await outbound.close()


async def test_a_name_that_turns_inside_is_met_as_what_it_is_then(zone: DnsServer) -> None:
    """DNS rebinding: a name that was allowed once is asked again for each connection, and judged again."""
    zone.set("turning.test", "A", "127.0.0.1")
    outbound = Outbound(resolver(zone), networks=[ip_network("127.0.0.1")], patience=PATIENT)
    async with serving(says(OK)) as port:
        url = f"http://turning.test:{port}/"
        assert (await outbound.post(url, headers={}, body=b"")).is_success
        zone.set("turning.test", "A", "127.0.0.2")
        assert (await outbound.post(url, headers={}, body=b"")).fault == "refused_address"
    assert [kind for name, kind in zone.asked if name == "turning.test"].count("A") == 2
    await outbound.close()


async def test_the_second_address_is_tried(zone: DnsServer) -> None:
    zone.set("two.test", "A", "127.0.0.1")
    zone.set("two.test", "AAAA", "::1")
    outbound = Outbound(resolver(zone), networks=[ip_network("127.0.0.1"), ip_network("::1")], patience=PATIENT)
    async with serving(says(OK), host="::1") as port:
        assert (await outbound.post(f"http://two.test:{port}/", headers={}, body=b"")).is_success
    await outbound.close()


@pytest.mark.parametrize(
    ("certified", "is_trusted", "fault"),
    [("hook.test", True, None), ("other.test", True, "tls"), ("hook.test", False, "tls")],
)
async def test_certificates_are_checked_against_the_name(
    zone: DnsServer, tmp_path: Path, certified: str, is_trusted: bool, fault: Fault | None
) -> None:
    certificate, key = self_signed(tmp_path, certified)
    trusted = ssl.create_default_context(cafile=str(certificate) if is_trusted else None)
    outbound = Outbound(resolver(zone), networks=LOOPBACK, tls=trusted, patience=PATIENT)
    try:
        async with serving(says(OK), tls=context(certificate, key)) as port:
            answer = await outbound.post(f"https://hook.test:{port}/", headers={}, body=b"{}")
    finally:
        await outbound.close()
    assert (answer.fault, answer.status) == (fault, None if fault else 200)


async def test_tls_with_a_server_that_speaks_none(outbound: Outbound, hasty: Outbound) -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Plain\r\n\r\n")

    async with serving(plain) as port:
        answer = await outbound.post(f"https://hook.test:{port}/", headers={}, body=b"")
    assert answer.fault == "tls"
    async with serving(hangs) as port:
        answer = await hasty.post(f"https://hook.test:{port}/", headers={}, body=b"")
    assert answer.fault in {"timeout", "too_slow"}


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [
        (b"120", 120, 120),
        (b"0", 0, 0),
        (b"99999999999999999999", 1e8, 1e9),
        (b"Wed, 21 Oct 2015 07:28:00 GMT", 0, 0),
        (b"Fri, 31 Dec 9999 23:59:59 GMT", 1e9, 1e12),
    ],
)
async def test_how_long_to_wait(outbound: Outbound, value: bytes, low: float, high: float) -> None:
    async with serving(says(b"HTTP/1.1 503 No\r\nRetry-After: " + value + b"\r\nContent-Length: 0\r\n\r\n")) as port:
        answer = await outbound.post(f"http://hook.test:{port}/", headers={}, body=b"")
    assert answer.retry_after is not None
    assert low <= answer.retry_after <= high


@pytest.mark.parametrize("value", [b"", b"soon", b"-5", b"1.5", b"\xb2", b"Wed, 99 Oct 2015 07:28:00 GMT"])
async def test_nonsense_about_waiting_is_not_heard(outbound: Outbound, value: bytes) -> None:
    async with serving(says(b"HTTP/1.1 503 No\r\nRetry-After: " + value + b"\r\nContent-Length: 0\r\n\r\n")) as port:
        answer = await outbound.post(f"http://hook.test:{port}/", headers={}, body=b"")
    assert (answer.status, answer.retry_after) == (503, None)
