import nh3
import pytest

from app.core.messages.plain import from_html


def test_text_without_markup_and_what_nobody_sees() -> None:
    markup = "<head><title>t</title><style>p{}</style></head><p>One &amp; two</p><p>three<br>four</p><script>x</script>"
    assert from_html(markup).split() == ["One", "&", "two", "three", "four"]


def test_a_word_split_by_inline_markup_stays_whole() -> None:
    assert from_html("<p>un<b>believ</b>able</p>").split() == ["unbelievable"]


def test_what_would_take_a_parser_minutes_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nh3, "clean", lambda *_, **__: pytest.fail("parsed"))
    assert from_html("<div>" * 100_000 + "deep").split() == ["deep"]
