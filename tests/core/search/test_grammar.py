from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.messages.model import FOLDERS
from app.core.search import grammar
from app.core.search.model import Field, Query, Term
from app.errors import Invalid


def term(text: str, field: Field = "", *, is_quoted: bool = False, is_negated: bool = False) -> Term:
    return Term(field=field, text=text, is_quoted=is_quoted, is_negated=is_negated)


DAY = datetime(2026, 3, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("parcel", Query(terms=(term("parcel"),))),
        ("  two\twords ", Query(terms=(term("two"), term("words")))),
        ('"your order" -late', Query(terms=(term("your order", is_quoted=True), term("late", is_negated=True)))),
        ("\u201cyour order\u201d", Query(terms=(term("your order", is_quoted=True),))),
        ('-"your order"', Query(terms=(term("your order", is_quoted=True, is_negated=True),))),
        ("from:shop.example", Query(terms=(term("shop.example", "from"),))),
        ('SUBJECT:"a b"', Query(terms=(term("a b", "subject", is_quoted=True),))),
        ("-to:ada", Query(terms=(term("ada", "to", is_negated=True),))),
        ("alias:shop filename:x", Query(terms=(term("shop", "alias"), term("x", "filename")))),
        ("re:order", Query(terms=(term("re order"),))),
        ("https://a.example/x 12:30", Query(terms=(term("https //a.example/x"), term("12:30")))),
        ("Foo & Bar - x", Query(terms=(term("Foo"), term("Bar"), term("x")))),
        ('ab"cd"', Query(terms=(term("ab"), term("cd", is_quoted=True)))),
        ("e-mail", Query(terms=(term("e-mail"),))),
        ("has:attachment", Query(has_attachment=frozenset({True}))),
        ("-has:attachment", Query(has_attachment=frozenset({False}))),
        ("is:unread is:starred", Query(is_read=frozenset({False}), is_starred=frozenset({True}))),
        ("is:unread is:read", Query(is_read=frozenset())),
        ("-is:unread", Query(is_read=frozenset({True}))),
        ("in:trash in:spam", Query(folders=frozenset({"trash", "spam"}))),
        ("in:anywhere -in:spam", Query(folders=frozenset(FOLDERS), not_folders=frozenset({"spam"}))),
        ("before:2026-03-31 before:2027", Query(before=DAY)),
        ("after:2026/3/31 after:2026-01", Query(since=DAY)),
        ("-before:2026-03-31", Query(since=DAY)),
        ("-after:2026-03-31", Query(before=DAY)),
        ("larger:5M", Query(larger=5_000_000)),
        ("larger:1.5k larger:7", Query(larger=1500)),
        ("-larger:2kB", Query(at_most=2000)),
    ],
)
def test_what_is_typed_is_understood(text: str, query: Query) -> None:
    assert grammar.parse(text) == query


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", "Write what to look for"),
        ("   ", "Write what to look for"),
        ("& -", "no word"),
        ('"open', "quotation mark"),
        ("from:", "from:shop.example"),
        ('subject:""', 'subject:"your order"'),
        ("alias:@@", "alias:shop"),
        ("has:fun", "has:attachment"),
        ("has:", "has:attachment"),
        ("is:happy", "is:unread"),
        ("in:outbox", "in:trash"),
        ("before:tomorrow", "before:2026-03-31"),
        ("after:2026-02-30", "after:2026-03-31"),
        ("after:0000", "after:2026-03-31"),
        ("larger:big", "larger:5M"),
        ("larger:٣", "larger:5M"),
        ("a " * 17, "too much"),
        ("漢" * 33, "too much"),
        ("x" * 501, "too long"),
    ],
)
def test_mistakes_are_told_kindly(text: str, hint: str) -> None:
    with pytest.raises(Invalid) as caught:
        grammar.parse(text)
    (fault,) = caught.value.fields
    assert fault.field == "q"
    assert hint in fault.message
    assert fault.message.endswith(".")


PIECES = st.sampled_from(
    [
        *'"-: \u201c\ud800\x00漢é&',
        "from:",
        "is:",
        "has:",
        "before:",
        "larger:",
        "in:",
        "after:",
        "alias:",
        "2026-03",
        "5M",
        "a",
    ]
)


@given(st.one_of(st.text(max_size=600), st.lists(PIECES, max_size=40).map("".join)))
def test_whatever_is_typed_is_a_query_or_told_kindly(text: str) -> None:
    try:
        query = grammar.parse(text)
    except Invalid as error:
        assert [fault.field for fault in error.fields] == ["q"]  # noqa: PT017 - or it is a query
    else:
        assert len(query.terms) <= grammar.MAX_TERMS
