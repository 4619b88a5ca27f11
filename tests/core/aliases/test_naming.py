import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.core.aliases import naming
from app.core.aliases.address import RESERVED_LOCAL_PARTS, parse


@pytest.mark.parametrize(
    "text", ["shop", "Shop.2-b_c", " a ", "a", "x" * 64, "admiral", "informal", "webmasters", "r00ts"]
)
def test_local_parts_that_can_be(text: str) -> None:
    assert naming.fault_of(text) is None


@pytest.mark.parametrize("text", sorted(RESERVED_LOCAL_PARTS))
def test_reserved_names_and_what_looks_like_them_are_kept(text: str) -> None:
    assert naming.fault_of(text) == "This name is kept for the service itself."
    assert naming.is_reserved(text.upper().lower().replace("i", "1").replace("o", "0").replace("e", "3"))


@pytest.mark.parametrize(
    "text", ["adm1n", "p0stmaster", "no.reply", "no_reply", "post-master", "4bu5e", "supp0rt", "he1p-root"[5:]]
)
def test_look_alikes_of_reserved_names(text: str) -> None:
    assert naming.fault_of(text) == "This name is kept for the service itself."


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("p\u0430ypal", "cyrillic small letter a"),
        ("\u212aey", "kelvin sign"),
        ("ada\u202e", "right-to-left override"),
        ("b\u00fccher", "latin small letter u with diaeresis"),
        ("a\u200bb", "zero width space"),
        ("\ud800", "U+D800"),
    ],
)
def test_foreign_characters_are_named(text: str, named: str) -> None:
    assert named in (naming.fault_of(text) or "")


@pytest.mark.parametrize(
    "text",
    [
        "b\u00fccher",
        "\u043c\u0430\u0433\u0430\u0437\u0438\u043d",
        "\u5e97",
        "\u304a\u5e97",
        "\u4f50\u3005\u6728",
        "\u30b3\u30fc\u30d2\u30fc",
        "a.\u00e9-1",
        "hostmaster",
    ],
)
def test_on_a_domain_of_ones_own_one_script_is_free(text: str) -> None:
    assert naming.fault_of(text, is_own_domain=True) is None


@pytest.mark.parametrize(
    "text",
    [
        "p\u0430ypal",
        "\u03b1b",
        "postmaster",
        "ABUSE",
        "a\u200bb",
        "a..\u00e9",
        ".\u00e9",
        "\u00e9.",
        "\u00e9 a",
        "\u00e9" * 33,
        "\uff50\uff4f\uff53\uff54\uff4d\uff41\uff53\uff54\uff45\uff52",
        "postma\u017fter",
        "\ufb01n",
        "\ud800",
        "",
    ],
)
def test_on_a_domain_of_ones_own_these_are_refused(text: str) -> None:
    assert naming.fault_of(text, is_own_domain=True) is not None


@given(st.text(max_size=70), st.booleans())
@example("\x85", False)
def test_what_is_let_through_is_an_address_in_its_final_form(text: str, is_own: bool) -> None:
    if naming.fault_of(text, is_own_domain=is_own) is None:
        found = parse(f"{naming.normal(text)}@x.test")
        assert found is not None
        assert found.local_part == naming.normal(text)
