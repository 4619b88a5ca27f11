import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.lib.ratelimit import NetworkLimit, NetworkLimits, TokenBuckets, place_of

PLENTY = NetworkLimit(open=1_000, per_minute=100_000)


def test_a_new_key_has_its_burst_and_then_waits_for_the_flow() -> None:
    buckets = TokenBuckets(per_second=2, burst=3)
    assert [buckets.take("a", 10.0) for _ in range(3)] == [0.0, 0.0, 0.0]
    assert buckets.take("a", 10.0) == pytest.approx(0.5)
    assert buckets.take("a", 10.5) == 0.0
    assert buckets.take("b", 10.0) == 0.0


def test_a_refused_take_costs_nothing() -> None:
    buckets = TokenBuckets(per_second=1, burst=2)
    assert buckets.take("a", 0.0, cost=2) == 0.0
    assert {buckets.take("a", 0.5) for _ in range(5)} == {0.5}


def test_what_can_never_be_granted_waits_for_ever() -> None:
    assert TokenBuckets(per_second=1, burst=2).take("a", 0.0, cost=3) == math.inf
    nothing_flows = TokenBuckets(per_second=0, burst=1)
    assert nothing_flows.take("a", 0.0) == 0.0
    assert nothing_flows.take("a", 1e9) == math.inf


def test_a_clock_that_steps_back_neither_gives_nor_takes() -> None:
    buckets = TokenBuckets(per_second=1, burst=2)
    assert buckets.take("a", 100.0) == 0.0
    assert buckets.take("a", 50.0) == 0.0
    assert buckets.take("a", 50.0) == pytest.approx(1.0)
    assert buckets.take("a", 100.5) == pytest.approx(0.5)


def test_the_least_recently_used_key_is_forgotten() -> None:
    buckets = TokenBuckets(per_second=0, burst=2, max_keys=2)
    buckets.take("old", 0.0)
    buckets.take("kept", 0.0)
    buckets.take("old", 0.0)
    buckets.take("new", 0.0)
    assert len(buckets) == 2
    assert buckets.take("old", 0.0) == math.inf
    assert buckets.take("kept", 0.0, cost=2) == 0.0


@given(st.lists(st.tuples(st.integers(0, 40), st.floats(0, 5)), max_size=200))
def test_memory_and_grants_stay_bounded(events: list[tuple[int, float]]) -> None:
    buckets = TokenBuckets(per_second=3, burst=5, max_keys=50)
    now, granted = 0.0, 0
    for key, pause in events:
        now += pause
        granted += key == 0 and buckets.take(str(key), now) == 0.0
        assert len(buckets) <= 50
    assert granted <= 5 + 3 * now + 1e-6


def networks(narrow: int, middle: int, wide: int, *, exempt_local: bool = True) -> NetworkLimits:
    limits = [NetworkLimit(open=count, per_minute=100_000) for count in (narrow, middle, wide)]
    return NetworkLimits(*limits, exempt_local=exempt_local)


@pytest.mark.parametrize(
    ("inside", "outside"),
    [
        (["192.0.2.1", "192.0.2.1"], "192.0.2.2"),
        (["192.0.2.1", "::ffff:192.0.2.1"], "192.0.2.2"),
        (["2001:db8::1", "2001:db8::ffff"], "2001:db8:0:1::1"),
    ],
)
def test_the_narrow_limit(inside: list[str], outside: str) -> None:
    limits = networks(2, 100, 100)
    assert all(limits.enter(address, 0.0) for address in inside)
    assert not limits.enter(inside[0], 0.0)
    assert limits.enter(outside, 0.0)


@pytest.mark.parametrize(
    ("inside", "refused", "outside"),
    [
        (["192.0.2.0", "192.0.2.63"], "192.0.2.7", "192.0.2.64"),
        (["2001:db8::1", "2001:db8:0:ffff::1"], "2001:db8:0:5::1", "2001:db8:1::1"),
    ],
)
def test_the_middle_limit(inside: list[str], refused: str, outside: str) -> None:
    limits = networks(100, 2, 100)
    assert all(limits.enter(address, 0.0) for address in inside)
    assert not limits.enter(refused, 0.0)
    assert limits.enter(outside, 0.0)


@pytest.mark.parametrize(
    ("inside", "refused", "outside"),
    [
        (["198.51.96.1", "198.51.103.255"], "198.51.100.1", "198.51.104.0"),
        (["2001:db8::1", "2001:db8:ffff::1"], "2001:db8:7::1", "2001:db9::1"),
    ],
)
def test_the_wide_limit(inside: list[str], refused: str, outside: str) -> None:
    limits = networks(100, 100, 2)
    assert all(limits.enter(address, 0.0) for address in inside)
    assert not limits.enter(refused, 0.0)
    assert limits.enter(outside, 0.0)


def test_leaving_makes_room_and_leaves_no_trace() -> None:
    limits = networks(1, 100, 100)
    assert limits.enter("192.0.2.1", 0.0)
    assert not limits.enter("192.0.2.1", 0.0)
    limits.leave("192.0.2.1")
    assert len(limits) == 0
    assert limits.enter("192.0.2.1", 0.0)


def test_refusals_keep_nothing() -> None:
    limits = networks(1, 1, 1)
    assert limits.enter("192.0.2.1", 0.0)
    before = len(limits)
    assert not any(limits.enter(f"192.0.{third}.{fourth}", 0.0) for third in range(8) for fourth in range(100))
    assert len(limits) == before


def test_ipv4_and_ipv6_never_share_a_counter() -> None:
    limits = networks(1, 1, 1)
    assert limits.enter("32.1.13.184", 0.0)
    assert limits.enter("2001:db8::1", 0.0)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_new_connections_a_minute_are_limited_on_every_axis(axis: int) -> None:
    chosen = [PLENTY, PLENTY, PLENTY]
    chosen[axis] = NetworkLimit(open=1_000, per_minute=2)
    limits = NetworkLimits(*chosen)
    address = "192.0.2.9"
    for _ in range(2):
        assert limits.enter(address, 0.0)
        limits.leave(address)
    assert not limits.enter(address, 1.0)
    assert limits.enter(address, 30.0)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1", ""])
def test_local_peers_are_exempt_unless_told_otherwise(address: str) -> None:
    exempt, counted = networks(1, 1, 1), networks(1, 1, 1, exempt_local=False)
    assert all(exempt.enter(address, 0.0) for _ in range(5))
    exempt.leave(address)
    assert len(exempt) == 0
    assert [counted.enter(address, 0.0) for _ in range(2)][-1] is False


def test_what_is_no_address_is_an_error() -> None:
    with pytest.raises(ValueError, match="nonsense"):
        networks(1, 1, 1).enter("nonsense", 0.0)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("198.51.100.1", "198.51.100.254"),
        ("198.51.100.1", "::ffff:198.51.100.9"),
        ("2001:db8:1::1", "2001:db8:1:ffff::9"),
        ("127.0.0.1", "::1"),
    ],
)
def test_a_place_is_a_24_or_a_48(one: str, other: str) -> None:
    assert place_of(one) == place_of(other)


def test_places_differ_and_this_machine_is_none() -> None:
    places = [place_of(address) for address in ("198.51.100.1", "198.51.101.1", "2001:db8:1::1", "2001:db8:2::1")]
    assert len(set(places)) == 4
    assert all(places)
    assert place_of("127.9.9.9") == ""
    with pytest.raises(ValueError, match="does not appear"):
        place_of("unknown")
