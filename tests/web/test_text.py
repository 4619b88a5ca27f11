from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from app.web.text import folded_text, linked_text

LINK = '<a href="{0}" target="_blank" rel="noreferrer noopener nofollow">{0}</a>'


@pytest.mark.parametrize(
    ("text", "url", "rest"),
    [
        ("https://a.example/x.", "https://a.example/x", "."),
        ("https://a.example/x?", "https://a.example/x", "?"),
        ("https://a.example/(x)", "https://a.example/(x)", ""),
        ("https://a.example/x),", "https://a.example/x", "),"),
        ("HTTP://a.example", "HTTP://a.example", ""),
        ("https://a.example/?a=1&b=2", "https://a.example/?a=1&amp;b=2", ""),
        ("https://a.example/\u202egpj", "https://a.example/", "\u202egpj"),
    ],
)
def test_addresses_become_links(text: str, url: str, rest: str) -> None:
    assert linked_text(text) == LINK.format(url) + rest + "\n"


def test_links_lead_to_the_end_of_known_redirectors() -> None:
    text = "https://www.google.com/url?q=https%3A%2F%2Fa.example%2F%3Futm_source%3Dx%26id%3D1."
    assert linked_text(text) == LINK.format("https://a.example/?id=1") + ".\n"


@pytest.mark.parametrize(
    "text", ["javascript:alert(1)", "data:text/html,x", "ftp://a.example", "www.a.example", "https://"]
)
def test_nothing_else_becomes_a_link(text: str) -> None:
    assert "<a" not in linked_text(text)


def test_quotes_are_marked_by_depth() -> None:
    assert linked_text("a\r\n> b\n>> c\n> > > > d\ne") == (
        'a\n<span class="q1">&gt; b\n</span><span class="q2">&gt;&gt; c\n</span>'
        '<span class="q3">&gt; &gt; &gt; &gt; d\n</span>e\n'
    )


@given(st.text(alphabet="<>\"'&/:. \nhtps()", max_size=200))
def test_no_markup_of_the_sender_survives(text: str) -> None:
    ours = linked_text(text)
    for tag in ('<span class="q1">', '<span class="q2">', '<span class="q3">', "</span>", "</a>"):
        ours = ours.replace(tag, "")
    pieces = ours.split('<a href="')
    assert "<" not in pieces[0]
    for piece in pieces[1:]:
        url, rest = piece.split('" target="_blank" rel="noreferrer noopener nofollow">', 1)
        assert url.lower().startswith(("http://", "https://"))
        assert not set(url) & set("<>\"'")
        assert "<" not in rest


@pytest.mark.parametrize("html_of", [linked_text, folded_text])
def test_a_signature_is_told_from_the_text(html_of: Callable[[str], Markup]) -> None:
    assert 'Hi\n<span class="signature">-- \nAda\n</span>' in html_of("Hi\n-- \nAda\n")
    assert "signature" not in html_of("Hi\n--\nAda\n--  \n> -- \n> Bob")


def test_quotes_are_folded_and_lines_stay_lines_without_a_style_sheet() -> None:
    assert folded_text("\nnew\n> old\n> older\n") == (
        "<pre>\n\nnew\n</pre>"
        '<details class="quoted"><summary>Quoted text</summary>'
        '<pre>\n<span class="q1">&gt; old\n&gt; older\n</span></pre></details>'
    )
