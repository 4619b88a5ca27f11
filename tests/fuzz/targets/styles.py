"""Style sheets: what is kept holds inside the mail alone, loads nothing, and stays when it is cleaned again."""

import re

import tinycss2
from tinycss2.ast import Node

from app.core.messages.html.styles import StyleCleaner
from tests.fuzz import samples
from tests.fuzz.target import Target

_SELECTOR = re.compile(r"\.mail(?:[ >+~.:\[#]|-body(?![\w-]))")
_LOADING = frozenset("url src image image-set cross-fade element paint attr var env expression".split())
_FORBIDDEN = frozenset({"url", "bad-url", "bad-string", "error", "unicode-range"})
_OUT_OF_FLOW = frozenset({"position", "z-index", "transform", "top", "left", "right", "bottom", "content", "behavior"})


def check(data: bytes) -> None:
    css = data.decode("utf-8", "replace")
    clean = StyleCleaner().sheet(css)
    clean.encode()
    assert "</" not in clean
    assert "<!--" not in clean
    _judge_rules(tinycss2.parse_stylesheet(clean, skip_whitespace=True))
    assert StyleCleaner().sheet(clean) == clean, "cleaning twice changes something"
    style = StyleCleaner().attribute(css) or ""
    _judge_declarations(tinycss2.parse_blocks_contents(style, skip_whitespace=True))
    assert (StyleCleaner().attribute(style) or "") == style, "cleaning a style twice changes something"


def _judge_rules(nodes: list[Node]) -> None:
    for node in nodes:
        if node.type == "at-rule":
            assert node.lower_at_keyword == "media"
            _judge_tokens(node.prelude)
            _judge_rules(tinycss2.parse_rule_list(node.content, skip_whitespace=True))
            continue
        assert node.type == "qualified-rule", node.type
        written = tinycss2.serialize(node.prelude)
        for selector in re.split(r",(?![^\[]*\])", written):
            assert _SELECTOR.match(selector), f"{selector} is outside of the mail"
        _judge_tokens(node.prelude)
        _judge_declarations(tinycss2.parse_blocks_contents(node.content, skip_whitespace=True))


def _judge_declarations(nodes: list[Node]) -> None:
    for node in nodes:
        assert node.type == "declaration", node.type
        assert node.lower_name not in _OUT_OF_FLOW
        assert not node.lower_name.startswith("-")
        _judge_tokens(node.value)


def _judge_tokens(tokens: list[Node]) -> None:
    for token in tokens:
        assert token.type not in _FORBIDDEN, token.type
        if token.type == "function":
            assert token.lower_name not in _LOADING
            _judge_tokens(token.arguments)
        elif token.type.endswith("block"):
            assert token.type in {"[] block", "() block"}
            _judge_tokens(token.content)


TARGET = Target(
    check=check,
    seeds=samples.CSS,
    tokens=(
        *(
            b"{",
            b"}",
            b"@media ",
            b"@import ",
            b"url(",
            b"\\75rl(",
            b"image-set(",
            b"(",
            b")",
            b"[",
            b"]",
            b"'",
            b'"',
            b"\\",
        ),
        *(
            b"/*",
            b"*/",
            b"<!--",
            b"-->",
            b"</style>",
            b":root",
            b"html ",
            b"body>",
            b".mail",
            b".mail-body",
            b"~",
            b"+",
            b",",
        ),
        *(
            b"!important",
            b"calc(",
            b"min(",
            b"linear-gradient(",
            b"rgb(",
            b"var(--x)",
            b"position:fixed;",
            b"color:red;",
        ),
        *(
            b"margin:-1px",
            b"width:1e9px",
            b"background:",
            b"font:",
            b"content:'",
            b";",
            b":",
            b"\x00",
            b"\n",
            b"\x0c",
            b"U+1?",
        ),
        *(
            b":nth-child(",
            b":not(",
            b"::before",
            b"[class=",
            b"#id",
            b"*",
            b"|",
            b"||",
            b"\\a ",
            b"\\{",
            b"and",
            b"only",
            b"not",
        ),
        *(
            b"(max-width:1px)",
            b"(prefers-color-scheme:dark)",
            "\u212a".encode(),
            "\u0130".encode(),
            b"--x:",
            b"&",
            b"%",
        ),
    ),
    max_len=1500,
)
