"""Asks DNS, through a resolver that somebody runs: what was said, or that nothing was, and never an exception.

Answers are not authenticated (no DNSSEC), bounded in time and number, and may be lies of whoever runs the domain.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Generic, Literal, TypeVar

import dns.asyncresolver
import dns.exception
import dns.nameserver
import dns.rdatatype
import dns.resolver
import msgspec

Outcome = Literal["found", "no_name", "no_records", "failed", "timed_out"]
"""Records; the name does not exist; it exists without such records; a server's fault; no answer in time."""
T = TypeVar("T")

MAX_RECORDS = 100
MAX_AT_ONCE = 32
_PAYLOAD = 1232
"""Bytes of a UDP answer that pass nearly everywhere (DNS flag day 2020)."""


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """A recursive resolver's IP address and port."""

    host: str
    port: int = 53


class Answer(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """At most 100 records; none unless `found`."""

    outcome: Outcome
    records: tuple[T, ...] = ()

    @property
    def is_evidence(self) -> bool:
        """Whether DNS has answered: failures and silence say nothing about what is there."""
        return self.outcome in {"found", "no_name", "no_records"}


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """Who takes a domain's mail (RFC 5321 section 5.1): a host name in lower case without the final dot, or empty for
    the null MX (RFC 7505).
    """

    preference: int
    host: str


class Resolver:
    """Asks the given servers, or without any those of the system (`/etc/resolv.conf`), at most 32 questions at once.

    `timeout` seconds for each try of one server, `lifetime` for all of a question.
    """

    def __init__(self, servers: Sequence[Server] = (), *, timeout: float = 2.0, lifetime: float = 6.0) -> None:
        self._servers = tuple(servers)
        self._timeout = timeout
        self._lifetime = lifetime
        self._made: dns.asyncresolver.Resolver | None = None
        self._room = asyncio.Semaphore(MAX_AT_ONCE)

    async def txt(self, name: str) -> Answer[str]:
        """The TXT records of `name` (in A-labels), each with its strings joined (RFC 7208 section 3.3)."""
        return await self._ask(name, "TXT", lambda record: b"".join(record.strings).decode("utf-8", "replace"))

    async def mx(self, name: str) -> Answer[Exchange]:
        """The MX records of `name`, the most preferred first."""
        answer = await self._ask(name, "MX", _exchange)
        ordered = sorted(answer.records, key=lambda one: (one.preference, one.host))
        return Answer(outcome=answer.outcome, records=tuple(ordered))

    async def addresses(self, name: str) -> Answer[str]:
        """The IPv4 addresses of `name`, then the IPv6 ones; found where it has either."""
        answers = await asyncio.gather(
            self._ask(name, "A", lambda record: str(record.address)),
            self._ask(name, "AAAA", lambda record: str(record.address)),
        )
        records = answers[0].records + answers[1].records
        return Answer(outcome="found", records=records) if records else answers[0]

    async def _ask(self, name: str, kind: str, read: Callable[[Any], T]) -> Answer[T]:
        try:
            async with self._room:
                found = await self._resolver().resolve(name.rstrip(".") + ".", kind, search=False)
        except dns.resolver.NXDOMAIN:
            return Answer(outcome="no_name")
        except dns.resolver.NoAnswer:
            return Answer(outcome="no_records")
        except dns.exception.Timeout:
            return Answer(outcome="timed_out")
        except (dns.exception.DNSException, OSError, EOFError, ValueError):
            # SERVFAIL, REFUSED, loops of CNAMEs, answers that cannot be read, no server to ask
            return Answer(outcome="failed")
        records = [read(record) for record in list(found)[:MAX_RECORDS] if record.rdtype.name == kind]
        return Answer(outcome="found", records=tuple(records)) if records else Answer(outcome="no_records")

    def _resolver(self) -> dns.asyncresolver.Resolver:
        if self._made is None:
            made = dns.asyncresolver.Resolver(configure=not self._servers)
            if self._servers:
                made.nameservers = [dns.nameserver.Do53Nameserver(one.host, one.port) for one in self._servers]
            made.timeout, made.lifetime = self._timeout, self._lifetime
            made.use_edns(0, 0, _PAYLOAD)
            self._made = made
        return self._made


def _exchange(record: Any) -> Exchange:  # noqa: ANN401 - the library does not type its records
    host = record.exchange.to_text(omit_final_dot=True).lower()
    return Exchange(preference=record.preference, host="" if host in {"", "."} else host)
