import re

import pytest

from app.core.aliases import generate, naming
from app.core.aliases.address import parse
from app.core.aliases.model import FORMATS, Format
from app.core.aliases.names import GIVEN, SURNAMES
from app.core.aliases.offensive import is_offensive

SHAPES: dict[Format, str] = {
    "words": r"[a-z]+-[a-z]+-[1-9][0-9]{2}",
    "name": r"[a-z]+\.[a-z]+[1-9][0-9]",
    "uuid": r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
    "random": r"[a-z][a-z0-9]{11}",
    "site": r"shop-[a-z0-9]{4}",
}


@pytest.mark.parametrize("style", FORMATS)
def test_every_format_makes_inoffensive_addresses_that_hardly_repeat(style: Format) -> None:
    made = {generate.local_part(style, site="www.shop.example") for _ in range(500)}
    assert len(made) > 490
    for local_part in made:
        assert re.fullmatch(SHAPES[style], local_part)
        assert not is_offensive(local_part)
        assert naming.fault_of(local_part) is None
        found = parse(f"{local_part}@x.test")
        assert found is not None
        assert found.local_part == local_part


def test_the_lists_are_long_and_none_of_their_words_is_drawn_in_vain() -> None:
    for words, least in ((generate._FIRST, 100), (generate._SECOND, 100), (GIVEN, 150), (SURNAMES, 200)):
        assert len(set(words)) == len(words) >= least
        assert [word for word in words if is_offensive(word) or not re.fullmatch("[a-z]+", word)] == []


def test_what_offends_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    draws = iter(["quick-shit-100", "quiet-harbour-417"])
    monkeypatch.setitem(generate._MAKERS, "words", lambda: next(draws))
    assert generate.local_part("words") == "quiet-harbour-417"


def test_a_site_may_have_any_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert re.fullmatch(r"scunthorpe-[a-z0-9]{4}", generate.local_part("site", site="scunthorpe.gov.uk"))
    tails = iter(["fuck", "k7x2"])
    monkeypatch.setattr(generate, "_tail", lambda: next(tails))
    assert generate.local_part("site", site="scunthorpe.gov.uk") == "scunthorpe-k7x2"


@pytest.mark.parametrize(
    "text",
    [
        "fuck",
        "quick-shit-100",
        "mass-hit-417",
        "f-u.c_k",
        "5h1t",
        "k1ll",
        "a5512",
        "x-88-88",
        "heil1488",
        "n1gg3r",
        "puta-7",
    ],
)
def test_offences_are_seen_across_parts_and_digits(text: str) -> None:
    assert is_offensive(text)


@pytest.mark.parametrize("text", ["quiet-harbour-417", "sarah.mitchell42", "k7xw2mqfd9tz", "12345678", "", "111666"])
def test_harmless_things_pass(text: str) -> None:
    assert not is_offensive(text)


def test_many_readings_of_digits_take_no_time_that_grows() -> None:
    assert not is_offensive("16" * 32)
