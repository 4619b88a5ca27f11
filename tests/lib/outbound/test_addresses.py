from ipaddress import ip_network

import pytest

from app.lib.outbound.addresses import is_open, is_public, literal


@pytest.mark.parametrize(
    "address",
    ["93.184.216.34", "1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101", "172.32.0.1", "11.0.0.0"],
)
def test_public_addresses(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",  # noqa: S104 - judged, not bound
        "0.1.2.3",
        "10.1.2.3",
        "100.64.0.1",
        "100.100.100.200",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::1.2.3.4",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:0:1.1.1.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::101:101",
        "100::1",
        "2001::1",
        "2001:0:4136:e378::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "2002:101:101::1",
        "3fff::1",
        "4000::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
    ],
)
def test_all_others(address: str) -> None:
    assert not is_public(address)


def test_networks_are_opened_by_the_operator() -> None:
    networks = [ip_network(text) for text in ("10.0.0.0/8", "::1", "127.0.0.1")]
    assert is_open("10.200.1.1", networks)
    assert is_open("::ffff:10.200.1.1", networks)
    assert is_open("::1", networks)
    assert not is_open("127.0.0.2", networks)
    assert not is_open("fd00::1", networks)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("[::1]", "::1"),
        ("2606:4700:0::1111", "2606:4700::1111"),
        ("0x7f000001", None),
        ("2130706433", None),
        ("127.1", None),
        ("0177.0.0.1", None),
        ("example.org", None),
    ],
)
def test_only_the_usual_form_is_an_address(host: str, address: str | None) -> None:
    """All else is a name, which DNS does not know; nothing that would read it as an address is ever handed it."""
    assert literal(host) == address
