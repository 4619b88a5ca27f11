import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.search import grammar
from app.core.search.hits import Hits


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


@given(st.text(alphabet="aé 日本ﾊ\u0301\ud800ßİ&", max_size=30), st.sampled_from(["a", "日本", '"ß a"', "本 é i"]))
def test_the_text_stays_whole(text: str, query: str) -> None:
    assert "".join(piece.text for piece in Hits(grammar.parse(query)).pieces(text, "")) == text
