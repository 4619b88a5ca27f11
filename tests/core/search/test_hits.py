import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.search import grammar
from app.core.search.hits import MAX_PASSAGE_CHARS, Hits


def marked(query: str, text: str, field: str = "") -> str:
    pieces = Hits(grammar.parse(query)).pieces(text, field)
    return "".join(f"[{piece.text}]" if piece.is_hit else piece.text for piece in pieces)


@pytest.mark.parametrize(
    ("query", "text", "expected"),
    [
        ("parcel", "Your parcels, your PARCEL.", "Your [parcels], your [PARCEL]."),
        ('"parcel"', "Your parcels, your PARCEL.", "Your parcels, your [PARCEL]."),
        ("cafe", "Le Café", "Le [Café]"),
        ("日本語", "日本語で", "[日本語]で"),
        ("語", "日本語 語", "日本[語] [語]"),
        ("日本", "日 本 日本", "日 本 [日本]"),
        ("-parcel x", "parcel", "parcel"),
        ("from:parcel", "parcel", "parcel"),
        ("is:unread", "parcel", "parcel"),
        ("x", "", ""),
    ],
)
def test_hits_are_marked_where_they_stand(query: str, text: str, expected: str) -> None:
    assert marked(query, text) == expected


def test_terms_of_the_subject_are_marked_there_alone() -> None:
    assert marked("subject:order", "order") == "order"
    assert marked("subject:order", "order", "subject") == "[order]"


def passage(query: str, text: str) -> str | None:
    return Hits(grammar.parse(query)).passage(text)


FILLING = "x" * 30 + " lorem ipsum" * 40


@pytest.mark.parametrize(
    ("query", "text", "expected"),
    [
        ("parcel", "Your parcels.", "Your parcels."),
        ("parcel", "Your \r\n\r\n  > parcels.\t", "Your > parcels."),
        ("parcel", "nothing, parcelly_ or unparcel_", None),
        ("cafe", "Le Café", "Le Café"),
        ("日本", "これは日本です", "これは日本です"),
        ("parcel", "一 parcels", "一 parcels"),
        ("from:parcel", "parcel", None),
        ("-parcel", "parcel", None),
        ('"parcel"', "parcels", None),
    ],
)
def test_the_passage_has_a_hit_or_there_is_none(query: str, text: str, expected: str | None) -> None:
    assert passage(query, text) == expected


def test_a_passage_begins_and_ends_with_whole_words_and_says_what_is_left_out() -> None:
    found = passage("parcel", f"{FILLING} my parcel {FILLING}")
    assert found is not None
    assert found.startswith("… lorem ipsum lorem")
    assert " ipsum my parcel xxx" in found
    assert found.endswith(" …")
    assert len(found) <= MAX_PASSAGE_CHARS + 4
    assert set(found.strip("… ").split()) <= {"lorem", "ipsum", "my", "parcel", "x" * 30}


def test_words_without_spaces_are_cut_anywhere() -> None:
    found = passage("日本", "あ" * 500 + "日本" + "い" * 500)
    assert found is not None
    assert "あ日本い" in found
    assert len(found) <= MAX_PASSAGE_CHARS + 4


def test_of_two_words_the_place_with_both_is_shown() -> None:
    text = f"parcel {FILLING} blue {FILLING} a blue parcel {FILLING} parcel"
    assert "a blue parcel" in str(passage("parcel blue", text))


def test_is_shown_asks_for_every_word_that_may_stand_anywhere() -> None:
    hits = Hits(grammar.parse("blue parcel from:shop -red is:unread"))
    assert hits.is_shown("Blue", "parcels")
    assert not hits.is_shown("blue")
    assert Hits(grammar.parse("from:shop")).is_shown()


@given(st.text(alphabet="ab 日本\n\u0301ß.", max_size=600), st.sampled_from(["a", "ab", "日本", '"b a"', "a b", "ß"]))
def test_a_passage_is_of_the_text_and_has_what_is_marked(text: str, query: str) -> None:
    hits = Hits(grammar.parse(query))
    found = hits.passage(text)
    assert (found is None) == (not any(piece.is_hit for piece in hits.pieces(text, "")))
    if found is not None:
        assert found.removeprefix("… ").removesuffix(" …").strip() in " ".join(text.split())
        assert any(piece.is_hit for piece in hits.pieces(found, ""))
        assert len(found) <= MAX_PASSAGE_CHARS + 4


@given(st.text(alphabet="aé 日本ﾊ\u0301\ud800ßİ&", max_size=30), st.sampled_from(["a", "日本", '"ß a"', "本 é i"]))
def test_the_text_stays_whole(text: str, query: str) -> None:
    assert "".join(piece.text for piece in Hits(grammar.parse(query)).pieces(text, "")) == text
