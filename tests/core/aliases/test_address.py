import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.aliases.address import Address, normal_domain, parse


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("ada@x.test", "ada@x.test"),
        (" Ada@X.Test. ", "ada@x.test"),
        ("a.b-c_d+tag@x.test", "a.b-c_d+tag@x.test"),
        ("!#$%&'*+-/=?^_`{|}~@x.test", "!#$%&'*+-/=?^_`{|}~@x.test"),
        ('"ada"@x.test', "ada@x.test"),
        (r'"a\d\a"@x.test', "ada@x.test"),
        ("ada@bücher.test", "ada@xn--bcher-kva.test"),
        ("ada@XN--BCHER-KVA.test", "ada@xn--bcher-kva.test"),
        ("ada@x。test", "ada@x.test"),
        ("ÄDA@x.test", "äda@x.test"),
        ("a\u0308da@x.test", "äda@x.test"),
        ("\u0391\u0301\u0345@x.test", "\u1fb4@x.test"),  # lower case decomposes; the normal form comes last
        ("x" * 64 + "@x.test", "x" * 64 + "@x.test"),
        ("ada@localhost", "ada@localhost"),
        ("ada@" + ".".join(["x" * 48] * 5), "ada@" + ".".join(["x" * 48] * 5)),
    ],
)
def test_addresses_have_one_form(text: str, normal: str) -> None:
    found = parse(text)
    assert found is not None
    assert str(found) == normal


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@",
        "ada",
        "ada@",
        "@x.test",
        "a b@x.test",
        '"a b"@x.test',
        '"a@b"@x.test',
        '"@x.test',
        ".ada@x.test",
        "ada.@x.test",
        "a..b@x.test",
        "a,b@x.test",
        "<ada@x.test>",
        "ada@x_y.test",
        "ada@-x.test",
        "ada@x-.test",
        "ada@x..test",
        "ada@.test",
        "ada@x y.test",
        "ada@[127.0.0.1]",
        "ada@" + "x" * 64 + ".test",
        "ada@" + ".".join(["x" * 60] * 5),
        "x" * 65 + "@x.test",
        "ä" * 33 + "@x.test",
        "x" * 64 + "@" + ".".join(["x" * 48] * 4),
        "a\0da@x.test",
        "ada\n@x.test",
        "ada@x.test\0",
        "ada\r\nbob@x.test",
        "a\x1bda@x.test",
        "a\u202eda@x.test",
        "a\u200bda@x.test",
        "a\u2066da@x.test",
        "a\xaddda@x.test",
        "\ud800@x.test",
        "a\udcff@x.test",
        "ada@\ud800.test",
        "ada@\u202e.test",
    ],
)
def test_what_is_no_address(text: str) -> None:
    assert parse(text) is None


def test_look_alikes_stay_different() -> None:
    assert parse("аda@x.test") != parse("ada@x.test")
    assert parse("ada@раypal.test") != parse("ada@paypal.test")


@pytest.mark.parametrize(
    ("local_part", "without"),
    [("shop", "shop"), ("shop+spring", "shop"), ("shop+a+b", "shop"), ("+a", "+a"), ("shop+", "shop")],
)
def test_a_tag_is_taken_off(local_part: str, without: str) -> None:
    assert Address(local_part, "x.test").without_tag == Address(without, "x.test")


@given(st.one_of(st.text(max_size=80), st.text(st.characters(categories=["L", "M", "S"]), max_size=20)))
def test_parsing_never_raises_and_its_form_is_final(text: str) -> None:
    for candidate in (text, f"{text}@x.test", f"a@{text}", f"a@{text}.test", f'"{text}"@x.test'):
        found = parse(candidate)
        if found is not None:
            assert parse(str(found)) == found
            assert str(found).isprintable()
            assert len(str(found).encode()) <= 254


@given(st.text(max_size=80))
def test_domains_are_final_too(text: str) -> None:
    normal = normal_domain(text)
    if normal is not None:
        assert normal_domain(normal) == normal
        assert normal.isascii()
