import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.waiting.links import MAX_LINKS, FoundLink, links_of

CONFIRM = "https://shop.test/confirm?token=a1b2&next=%2F"


def found(markup: str | None, text: str | None = None) -> list[tuple[str, str]]:
    return [(one.url, one.text) for one in links_of(markup, text)]


def test_links_come_with_their_words() -> None:
    escaped = CONFIRM.replace("&", "&amp;")
    markup = f"""<style>a{{color:red}}</style><p>Hello</p><a class=x href="{escaped}"><b>Confirm</b>
        your <img src=x alt=y>address</a> or <a href="mailto:help@shop.test">write</a>, <a href="javascript:x()">x</a>,
        <a href='//shop.test/no-scheme'>y</a> <a name=top>top</a>
        <a href="https://shop.test/"><img src="logo.png"></a>"""
    assert found(markup) == [(CONFIRM, "Confirm your address"), ("https://shop.test/", "")]


def test_redirectors_are_passed_by_and_trackers_left_out() -> None:
    wrapped = "https://www.google.com/url?q=https://shop.test/a%3Futm_source%3Dmail%26id%3D7&sa=D"
    assert found(f'<a href="{wrapped}">A</a>') == [("https://shop.test/a?id=7", "A")]


def test_what_stands_in_the_text_alone_follows() -> None:
    text = f"Confirm: {CONFIRM}.\nOr (https://shop.test/b)."
    assert found(None, text) == [(CONFIRM, ""), ("https://shop.test/b", "")]
    assert found('<a href="https://shop.test/b">B</a> see https://shop.test/c', text) == [
        ("https://shop.test/b", "B"),
        (CONFIRM, ""),
        ("https://shop.test/c", ""),
    ]


def test_an_address_that_is_linked_twice_is_told_once_with_its_first_words() -> None:
    link = f'<a href="{CONFIRM}">'
    assert found(f"{link}<img></a>{link}Confirm</a>{link}Again</a>") == [(CONFIRM, "Confirm")]
    assert found(f"{link}{CONFIRM}</a>") == [(CONFIRM, "")]


def test_there_are_bounds() -> None:
    many = "".join(f'<a href="https://shop.test/{number}">{"word " * 100}</a>' for number in range(MAX_LINKS + 50))
    links = links_of(many, None)
    assert len(links) == MAX_LINKS
    assert max(len(one.text) for one in links) == 200
    assert found(f'<a href="https://shop.test/{"x" * 9000}">long</a>') == []
    assert found("<b>" * 5000 + f'<a href="{CONFIRM}">deep</a>') == []


@pytest.mark.parametrize("markup", ["<a href='http://'>x</a>", "<a href='https://[::1'>x</a>", "<a", '<a href="'])
def test_what_leads_nowhere_is_left_out(markup: str) -> None:
    assert links_of(markup, None) == []


@given(st.text(), st.text())
def test_no_mail_is_too_odd(markup: str, text: str) -> None:
    assert all(isinstance(one, FoundLink) for one in links_of(f"<a href={markup}>{text}</a>", text))
