import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.aliases.sites import normal_site, short_name


@pytest.mark.parametrize(
    ("text", "site"),
    [
        ("", ""),
        ("  ", ""),
        ("github.com", "github.com"),
        ("https://www.GitHub.com/login?next=/#x", "github.com"),
        ("HTTP://user:secret@shop.example:8080/", "shop.example"),
        ("www.com", "www.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("shop.example.", "shop.example"),
        ("shop", None),
        ("no site", None),
        ("http://[::1", None),
        ("http://[::1]/", None),
        ("a@b", None),
        ("x" * 2001 + ".example", None),
        ("\ud800.example", None),
        ("javascript:alert(1)", None),
    ],
)
def test_sites_have_one_form(text: str, site: str | None) -> None:
    assert normal_site(text) == site


@pytest.mark.parametrize(
    ("site", "name"),
    [
        ("github.com", "github"),
        ("gist.github.com", "github"),
        ("shop.co.uk", "shop"),
        ("www.shop.com.au", "shop"),
        ("co.uk", "co"),
        ("xn--bcher-kva.example", "bucher"),
        ("xn--e1afmkfd.example", "site"),
        ("my-shop.example", "myshop"),
        ("localhost", "localhost"),
        ("a" * 60 + ".example", "a" * 24),
        ("", "site"),
    ],
)
def test_sites_have_short_names(site: str, name: str) -> None:
    assert short_name(site) == name


@given(st.text(max_size=60))
def test_a_site_is_final_and_its_name_fits_an_address(text: str) -> None:
    site = normal_site(text)
    if site:
        assert normal_site(site) == site
        assert re.fullmatch(r"[a-z0-9]{1,24}", short_name(site))
