from collections.abc import AsyncIterator

import pytest

from app.lib.resolver import MAX_RECORDS, Exchange, Resolver, Server
from tests.dns_server import DnsServer, Trick, running_dns


@pytest.fixture
async def zone() -> AsyncIterator[DnsServer]:
    async with running_dns() as made:
        made.set("a.test", "TXT", "one", "two words", "ü" * 300, "")
        made.set("a.test", "MX", "20 second.test.", "10 MX.First.test.")
        yield made


@pytest.fixture
def resolver(zone: DnsServer) -> Resolver:
    return Resolver([zone.server], timeout=20, lifetime=30)


@pytest.fixture
def hasty(zone: DnsServer) -> Resolver:
    return Resolver([zone.server], timeout=0.1, lifetime=0.25)


async def test_records_are_read(resolver: Resolver) -> None:
    answer = await resolver.txt("A.test.")
    assert answer.outcome == "found"
    assert set(answer.records) == {"one", "two words", "ü" * 300, ""}
    assert (await resolver.mx("a.test")).records == (
        Exchange(preference=10, host="mx.first.test"),
        Exchange(preference=20, host="second.test"),
    )


async def test_addresses_of_both_kinds_are_found(resolver: Resolver, zone: DnsServer) -> None:
    zone.set("both.test", "AAAA", "2001:db8::1")
    zone.set("both.test", "A", "192.0.2.1", "192.0.2.2")
    zone.set("six.test", "AAAA", "2001:db8::2")
    answer = await resolver.addresses("both.test")
    assert set(answer.records[:2]) == {"192.0.2.1", "192.0.2.2"}
    assert answer.records[2:] == ("2001:db8::1",)
    assert (await resolver.addresses("six.test")).records == ("2001:db8::2",)
    assert (await resolver.addresses("nowhere.test")).outcome == "no_name"


async def test_nothing_there_is_told_from_no_answer(resolver: Resolver, zone: DnsServer) -> None:
    zone.set("mail.test", "MX", "0 .")
    assert (await resolver.mx("mail.test")).records == (Exchange(preference=0, host=""),)
    assert (await resolver.txt("mail.test")).outcome == "no_records"
    assert (await resolver.txt("nowhere.test")).outcome == "no_name"
    assert (await resolver.txt("nowhere.test")).is_evidence


@pytest.mark.parametrize("trick", ["silent", "other_id", "garbage"])
async def test_silence_is_no_evidence(hasty: Resolver, zone: DnsServer, trick: Trick) -> None:
    zone.tricks["a.test"] = trick
    answer = await hasty.txt("a.test")
    assert (answer.outcome, answer.records, answer.is_evidence) == ("timed_out", (), False)


@pytest.mark.parametrize("trick", ["servfail", "refused", "loop"])
async def test_failures_are_no_evidence(resolver: Resolver, zone: DnsServer, trick: Trick) -> None:
    """Asked with patience, so that a busy machine does not make silence of them."""
    zone.tricks["a.test"] = trick
    answer = await resolver.txt("a.test")
    assert (answer.outcome, answer.records, answer.is_evidence) == ("failed", (), False)


async def test_an_answer_about_another_name_is_none(hasty: Resolver, zone: DnsServer) -> None:
    zone.tricks["a.test"] = "other_name"
    assert (await hasty.txt("a.test")).records == ()


async def test_aliases_are_followed(resolver: Resolver, zone: DnsServer) -> None:
    zone.tricks["a.test"] = "chain"
    assert "one" in (await resolver.txt("a.test")).records


async def test_what_does_not_fit_is_asked_again_by_tcp(resolver: Resolver, zone: DnsServer) -> None:
    zone.tricks["a.test"] = "truncated"
    assert (await resolver.txt("a.test")).outcome == "found"
    assert zone.by_tcp == 1


async def test_large_answers_are_cut(resolver: Resolver, zone: DnsServer) -> None:
    zone.tricks["large.test"] = "truncated"
    zone.set("large.test", "TXT", *[f"{number:04d}" + "x" * 200 for number in range(250)])
    assert len((await resolver.txt("large.test")).records) == MAX_RECORDS


@pytest.mark.parametrize("name", ["", "a..test", "x" * 64 + ".test", ".".join(["a" * 60] * 5), "ü.test\0"])
async def test_names_that_are_none(resolver: Resolver, name: str) -> None:
    assert (await resolver.txt(name)).records == ()


async def test_a_server_that_is_not_there(zone: DnsServer) -> None:
    gone = Resolver([Server(host="127.0.0.1", port=1)], timeout=0.2, lifetime=0.5)
    assert not (await gone.txt("a.test")).is_evidence
    second = Resolver([Server(host="127.0.0.1", port=1), zone.server], timeout=0.5, lifetime=30)
    assert (await second.txt("a.test")).outcome == "found"
