import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.messages.flowed import unflowed


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        ("one \r\ntwo \r\nthree\r\nfour", "one two three\nfour"),
        ("hard\nlines\n\nstay", "hard\nlines\n\nstay"),
        (">one \n>two\n>>deep \n>>er\nnew", "> one two\n>> deep er\nnew"),
        (">one \n>>two", "> one\n>> two"),
        ("> one \n> two", "> one two"),
        (" >no quote\n From here", " >no quote\nFrom here"),
        ("  indented", " indented"),
        ("text \n-- \nname \nplace", "text \n-- \nname place"),
        (">text\n>-- \n>name", "> text\n> -- \n> name"),
        ("the end ", "the end"),
        (">\n>a", ">\n> a"),
        ("", ""),
    ],
)
def test_paragraphs_are_joined(text: str, joined: str) -> None:
    assert unflowed(text) == joined


def test_with_delsp_the_space_of_a_joint_goes() -> None:
    assert unflowed("日本 \n語の \n文", has_delsp=True) == "日本語の文"
    assert unflowed("words  \napart", has_delsp=True) == "words apart"


@given(
    st.lists(st.sampled_from([">", " ", "\n", "\r\n", "-- ", "a", "é", "\x00"]), max_size=80).map("".join),
    st.booleans(),
)
def test_no_letter_is_lost(text: str, has_delsp: bool) -> None:
    joined = unflowed(text, has_delsp=has_delsp)
    assert [letter for letter in joined if letter in "aé\x00"] == [letter for letter in text if letter in "aé\x00"]
