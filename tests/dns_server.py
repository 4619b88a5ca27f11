"""A DNS server on loopback that answers as it is told: with records, with lies, or not at all."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Literal, cast

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from app.lib.resolver import Server

Trick = Literal["servfail", "refused", "silent", "loop", "truncated", "other_id", "other_name", "garbage", "chain"]
"""`truncated` answers over TCP, `chain` by nine aliases, `loop` by aliases without an end."""
TTL = 60


class DnsServer:
    """Names (lower case, no final dot) have records by type, or a trick that is played on whoever asks for them."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], list[str]] = {}
        self.tricks: dict[str, Trick] = {}
        self.default: Trick | None = None
        self.asked: list[tuple[str, str]] = []
        self.by_tcp = 0
        self.server = Server(host="127.0.0.1", port=0)

    def set(self, name: str, kind: str, *values: str) -> None:
        """What `name` has of this type from now on; TXT values are given as they are."""
        self.records[name, kind] = list(values)

    def answer(self, wire: bytes, *, is_tcp: bool) -> bytes | None:
        """What is sent back."""
        query = dns.message.from_wire(wire)
        question = query.question[0]
        name, kind = question.name.to_text(omit_final_dot=True).lower(), question.rdtype.name
        self.asked.append((name, kind))
        self.by_tcp += is_tcp
        trick = self.tricks.get(name, self.default)
        if trick == "silent":
            return None
        if trick == "garbage":
            return wire[:2] + b"\x84\x00\xff\xff" + b"\xc0" * 40
        response = dns.message.make_response(query)
        if trick == "other_id":
            response.id ^= 0x5555
        if trick in {"servfail", "refused"}:
            response.set_rcode(dns.rcode.SERVFAIL if trick == "servfail" else dns.rcode.REFUSED)
        elif trick == "truncated" and not is_tcp:
            response.flags |= dns.flags.TC
        elif trick == "loop":
            self._lead(response, [name, "loop.test", name])
        else:
            self._fill(response, name, kind, trick)
        return response.to_wire(max_size=65535)

    def _fill(self, response: dns.message.Message, name: str, kind: str, trick: Trick | None) -> None:
        owner = name
        if trick == "chain":
            path = [name, *(f"step{step}.chain.test" for step in range(9))]
            self._lead(response, path)
            owner = path[-1]
        values = self.records.get((name, kind), [])
        if values:
            owner = "elsewhere.test" if trick == "other_name" else owner
            texts = [_quoted(value) if kind == "TXT" else value for value in values]
            response.answer.append(dns.rrset.from_text_list(f"{owner}.", TTL, "IN", kind, texts))
        elif not any(known == name for known, _ in self.records):
            response.set_rcode(dns.rcode.NXDOMAIN)

    @staticmethod
    def _lead(response: dns.message.Message, path: list[str]) -> None:
        for here, there in pairwise(path):
            response.answer.append(dns.rrset.from_text(f"{here}.", TTL, "IN", "CNAME", f"{there}."))


def _quoted(value: str) -> str:
    """A TXT value in strings of at most 255 bytes."""
    data = value.encode()
    parts = [data[at : at + 255] for at in range(0, len(data), 255)] or [b""]
    return " ".join('"' + "".join(f"\\{byte:03d}" for byte in part) + '"' for part in parts)


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, zone: DnsServer) -> None:
        self._zone = zone
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str | int, int]) -> None:
        reply = self._zone.answer(data, is_tcp=False)
        if reply is not None and self._transport is not None:
            self._transport.sendto(reply, addr)


@asynccontextmanager
async def running_dns() -> AsyncIterator[DnsServer]:
    """The server on a free port, by UDP and TCP, until the context ends."""
    zone = DnsServer()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            size = int.from_bytes(await reader.readexactly(2))
            reply = zone.answer(await reader.readexactly(size), is_tcp=True)
            if reply is not None:
                writer.write(len(reply).to_bytes(2) + reply)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    tcp = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = tcp.sockets[0].getsockname()[1]
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: _Udp(zone), local_addr=("127.0.0.1", port))
    zone.server = Server(host="127.0.0.1", port=port)
    try:
        yield zone
    finally:
        transport.close()
        tcp.close()
        await tcp.wait_closed()
