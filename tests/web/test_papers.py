"""Texts of docs/ as pages, and what such a text may not do."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.web import papers

TRICKS = (
    "[a](javascript:alert(1))",
    "[a](//evil.example)",
    "[a](/\\evil.example)",
    "[a](data:text/html,x)",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "![a](https://evil.example/x.png)",
    '[a](/x "title")',
    '[a](</x">)',
    "| a |\n|:-:|\n| b |",
)


@pytest.mark.parametrize("text", TRICKS)
def test_no_text_brings_its_own_html(text: str) -> None:
    html = papers.read(f"# Title\n\n{text}\n").html
    assert not re.search(r"<(?!/?(p|a|div|table|thead|tbody|tr|td|th|code|em)\b)", html)
    for tag in re.findall(r"<a\b[^>]*>", html):
        assert re.fullmatch(r'<a href="/(?![/\\])[^"]*">', tag), tag
    assert "style=" not in html


@given(st.text(alphabet="[]()<>\"'!/\\:|-# `a\n", max_size=60))
def test_any_text_can_be_shown(text: str) -> None:
    html = papers.read(text).html
    assert "<a " not in html or re.search(r'<a href="(/(?![/\\])|#)', html)
    assert "<script" not in html


def test_headings_links_and_tables_are_made_for_pages() -> None:
    paper = papers.read("# The `title`\n\n## Some *words*, here\n\n[a](search.md#x) [b](flow.md) <https://b.example>\n")
    assert paper.title == "The `title`"
    assert '<h2 id="some-words-here">' in paper.html
    assert '<a href="/docs/search#x">a</a> b' in paper.html
    assert '<a href="https://b.example" rel="noreferrer noopener nofollow" target="_blank">' in paper.html
    table = papers.read("# T\n\n| a | b |\n|---|--:|\n| c | d |\n").html
    assert '<div class="wide" tabindex="0" role="region" aria-label="T"><table class="headers" role="table">' in table


@pytest.mark.parametrize("name", [name for name in papers.PAGES if name not in {"api.md", "password-managers.md"}])
def test_links_inside_a_text_of_ours_lead_somewhere(name: str) -> None:
    html = papers.of_docs(name).html
    for part in re.findall(r'href="#([^"]*)"', html):
        assert f'id="{part}"' in html
