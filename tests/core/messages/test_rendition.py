import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.messages.rendition import readable


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("", ""),
        ("words", "words"),
        ("<p>One\n two</p><p>Three&nbsp;&amp; four", "One two\n\nThree\xa0& four"),
        ("one<br>two<br><br>three", "one\ntwo\n\nthree"),
        ("<div>a</div><div><div>b</div></div>c", "a\nb\nc"),
        ("<ul><li>a<li>b</ul>c", "- a\n- b\n\nc"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("new<blockquote>old<p>older</p></blockquote>end", "new\n\n> old\n>\n> older\n\nend"),
        ("<blockquote>a<blockquote>b</blockquote></blockquote>", "> a\n>\n>> b"),
        ("<pre>a\n  b\n</pre>c", "a\n  b\n\nc"),
        ("<style>x</style><script>y</script><title>t</title><p>z<!-- c -->", "z"),
        ("<b>bo</b>ld <i> and</i> <a href='x'>link</a>", "bold and link"),
    ],
)
def test_paragraphs_lists_and_quotations_are_kept(markup: str, text: str) -> None:
    assert readable(markup) == text


@pytest.mark.parametrize("markup", ["<blockquote>" * 5000 + "x", "<div>" * 20_000, "<p>" * 20_000 + "x", "<" * 20_000])
def test_bombs_give_a_text(markup: str) -> None:
    assert len(readable(markup)) <= len(markup)


@given(
    st.lists(st.sampled_from(["<p>", "</p>", "<blockquote>", "</blockquote>", "<pre>", "<br>", "a", " ", "\n", "&lt;"]))
)
def test_every_word_is_there(pieces: list[str]) -> None:
    markup = "".join(pieces)
    assert readable(markup).count("a") == pieces.count("a")
    assert readable(markup).count("<") == pieces.count("&lt;")
