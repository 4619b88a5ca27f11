from ipaddress import IPv4Network

import pytest

from app.errors import Invalid
from app.lib.outbound.urls import MAX_URL, read_url

LOOPBACK = (IPv4Network("127.0.0.0/8"),)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://example.org/hooks", "https://example.org/hooks"),
        (" https://example.org ", "https://example.org"),
        ("HTTPS://Example.ORG/A?b=c%20d", "https://example.org/A?b=c%20d"),
        ("https://bücher.example/ä", "https://xn--bcher-kva.example/%C3%A4"),
        ("https://straße.example/", "https://xn--strae-oqa.example/"),
        ("https://example.org:8443/", "https://example.org:8443/"),
        ("https://[2606:4700::1111]/", "https://[2606:4700::1111]/"),
    ],
)
def test_what_is_taken(text: str, url: str) -> None:
    assert read_url(text) == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.org/hooks",
        "//example.org/",
        "https:///hooks",
        "ftp://example.org/",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "http://example.org/",
        "https://user:secret@example.org/",
        "https://user@example.org/",
        "https://example.org/#part",
        "https://example.org/a b",
        "https://example.org/\r\nX: y",
        "https://example.org:22/",
        "https://example.org:25/",
        "https://example.org:6667/",
        "https://example.org:99999/",
        "https://example.org:port/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://169.254.169.254/latest/meta-data",
        "https://xn--\u2603/",
        "https://exa mple.org/",
        "https://example.org/" + "a" * MAX_URL,
        "https://example.org/\ud800",
        "https://\x00/",
    ],
)
def test_what_is_not(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_url(text)
    assert [fault.field for fault in caught.value.fields] == ["url"]


def test_where_networks_are_open_plain_and_inner_addresses_may_be_written() -> None:
    assert read_url("http://127.0.0.1:9000/", networks=LOOPBACK) == "http://127.0.0.1:9000/"
    with pytest.raises(Invalid):
        read_url("http://127.0.0.1:25/", networks=LOOPBACK)


@pytest.mark.parametrize(
    "text", ["https://10.0.0.1/", "http://169.254.169.254/", "https://0.0.0.0/", "http://1.1.1.1/"]
)
def test_networks_that_are_open_open_no_others(text: str) -> None:
    with pytest.raises(Invalid):
        read_url(text, networks=LOOPBACK)
