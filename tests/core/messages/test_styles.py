import re

import pytest

from app.core.messages.html.styles import DARK_SCHEME, MAX_SHEET_CHARS, StyleCleaner


def sheet(css: str) -> str:
    return StyleCleaner().sheet(css)


@pytest.mark.parametrize(
    ("css", "clean"),
    [
        ("p{color:red}", ".mail p{color:red}"),
        ("body{margin:0}", ".mail-body{padding:0}"),
        ("html,:root,html > body{margin-top:1px}", ".mail-body,.mail-body,.mail-body{padding-top:1px}"),
        ("body{margin:0;padding:9px}", ".mail-body{padding:9px}"),
        ("body{margin:0 auto!important}", ".mail-body{margin:0 auto!important;padding:0 0!important}"),
        ("body,p{margin:0}", ".mail-body,.mail p{margin:0}"),
        ("p{overflow:hidden!important;width:1px!important}", ".mail p{overflow:hidden;width:1px!important}"),
        ("td img.a{margin:0}", ".mail td :is(img,.mail-picture).a{margin:0}"),
        ("p:not(.a):not(b){color:red}", ".mail p:not(.a):not(b){color:red}"),
        (
            "p{text-indent:-18pt;margin:0 -1px;letter-spacing:-.5px}",
            ".mail p{text-indent:-18pt;margin:0 -1px;letter-spacing:-.5px}",
        ),
        ("p{font-family:メイリオ,'ＭＳ ゴシック'}", ".mail p{font-family:メイリオ,'ＭＳ ゴシック'}"),
        ("p{color:light-dark(#111,oklch(90% 0 0))}", ".mail p{color:light-dark(#111,oklch(90% 0 0))}"),
        (".w{width:600px}", ".mail .w{width:600px}@media (max-width:639.5px){.mail .w{width:auto;min-width:0}}"),
        (
            "@media (width <= 9px), not all, print and (max-width:9em){p{gap:0}}",
            "@media (max-width:9px),print and (max-width:9em){.mail p{gap:0}}",
        ),
        (
            "@media screen{@media (max-width: 9px){p{gap:0}}}",
            "@media screen{@media (max-width:9px){.mail p{gap:0}}}",
        ),
        ("html body td.a, #b .c > d{margin:0}", ".mail-body td.a,.mail #b .c>d{margin:0}"),
        ("body.x td, html[dir=rtl]{margin:0}", '.mail-body.x td,.mail-body[dir="rtl"]{margin:0}'),
        ("body > table{margin:0}", ".mail-body>table{margin:0}"),
        ("* , a:hover{margin:0}", ".mail *,.mail a:hover{margin:0}"),
        (r".sm\:w-1\/2{width:50%}", r".mail .sm\:w-1\/2{width:50%}"),
        ("td[class='x y']{width:1px}", '.mail td[class="x y"]{width:1px}'),
        ("p:nth-child( 2n + 1 ){width:1px}", ".mail p:nth-child(2n + 1){width:1px}"),
        ("p{COLOR:#FFF!important;margin:0 auto}", ".mail p{color:#FFF!important;margin:0 auto}"),
        (
            "@media only screen and (max-width: 9px){p{gap:0}}",
            "@media only screen and (max-width:9px){.mail p{gap:0}}",
        ),
        ("<!-- p{margin:0} -->", ".mail p{margin:0}"),
        ("p{background:#eee url(//a.example/x) no-repeat}", ".mail p{background-color:#eee}"),
        ("p{background:none}", ".mail p{background-color:transparent}"),
        ("p{background:linear-gradient(#fff,red 50%)}", ".mail p{background-image:linear-gradient(#fff,red 50%)}"),
        ("p{font:12px/1.5 'A B',serif}", ".mail p{font:12px/1.5 'A B',serif}"),
        ("p{width:calc(100% - 20px)}", ".mail p{width:calc(100% - 20px)}"),
    ],
)
def test_harmless_rules_hold_inside_the_mail_alone(css: str, clean: str) -> None:
    assert sheet(css) == clean
    assert sheet(clean) == clean


@pytest.mark.parametrize(
    "css",
    [
        "@import url(//a.example/x); @import '//a.example/x';",
        "@font-face{font-family:x;src:url(//a.example/x)}",
        "@namespace x url(//a.example/x); @charset 'utf-7';",
        "p{background:url(//a.example/x)}",
        "p{background-image:image-set('//a.example/x' 1x)}",
        "p{background-image:-webkit-image-set(url(//a.example/x) 1x)}",
        "p{background-image:cross-fade(url(//a.example/x),red)}",
        r"p{background-image:\75\72\6c(//a.example/x)}",
        "p{background-image:src('//a.example/x')}",
        "p{list-style:url(//a.example/x)} p{list-style:'//a.example/x'}",
        "p{cursor:url(//a.example/x),auto} p{content:url(//a.example/x)} p{filter:url(//a.example/x#f)}",
        "p{border-image:url(//a.example/x)} p{mask:url(//a.example/x)} p{shape-outside:url(//a.example/x)}",
        "p{--x:url(//a.example/x)} p{color:var(--x)} p{color:env(x)} p{width:attr(title)}",
        "p{position:fixed} p{position:absolute;top:0} p{z-index:9} p{transform:scale(9)}",
        "p{margin:-9px} p{text-indent:-999px} p{margin:calc(0px - 9px)} p{margin:-1%}",
        "p{margin:-1vw} p{text-indent:-9em}",
        "p{width:expression(alert(1))} p{behavior:url(x)} p{-moz-binding:url(x)}",
        "p{animation:x 1s} @keyframes x{from{color:red}}",
        "@media (min-resolution:2dppx){p{color:red}} @media not all{p{color:red}}",
        "@media screen{@media screen{@media screen{p{color:red}}}}",
        "@supports (color:red){p{color:red}} @layer x{p{color:red}}",
        "p{q{color:red}} p{&:hover{color:red}}",
        "body + p{color:red} html ~ p{color:red}",
        "p::before{color:red} p:has(a){color:red}",
        ":is(p){color:red} p:not(:not(a)){color:red} p:not(a b){color:red} a|b{color:red}",
        "input[value^='a']{color:red} [onclick]{color:red}",
        ">p{color:red} p>{color:red} p>>a{color:red} ,{color:red} {color:red}",
        "p{color:'</style><script>'} .\\<\\/style{color:red} [class='</style>']{color:red}",
        "p{color:red",
    ],
)
def test_all_else_goes(css: str) -> None:
    clean = sheet(css)
    assert re.fullmatch(r"(\.mail p\{color:red\})?", clean), clean
    assert not clean or css == "p{color:red"


@pytest.mark.parametrize("digits", [10, 1_000, 5_000, 100_000])
def test_endless_numbers_go_like_other_odd_values(digits: int) -> None:
    assert sheet(f"p{{width:{'1' * digits};color:red}}") == ".mail p{color:red}"
    assert StyleCleaner().attribute(f"width:+{'1' * digits}px;color:red") == "color:red"


def test_styles_of_a_mail_are_bounded() -> None:
    assert len(sheet("p{color:red}" * 100_000)) <= MAX_SHEET_CHARS * 2
    cleaner = StyleCleaner()
    kept = [cleaner.attribute(f"color:red;width:{number}px" + " " * 1000) for number in range(1000)]
    assert kept[0] == "color:red;width:0px"
    assert kept[-1] is None
    assert cleaner.attribute("color:red;width:0px" + " " * 1000) == kept[0]


@pytest.mark.parametrize("opening", ["(", "[", "{", "f(", "a{", "@media{", ":is(", "/*", "'", "\\", "url("])
def test_nesting_neither_fails_nor_survives(opening: str) -> None:
    assert sheet(opening * 20_000) == ""
    assert sheet("p{width:" + opening * 20_000) == ""
    assert StyleCleaner().attribute(f"width:{opening * 20_000}") is None


def test_dark_colours_are_seen() -> None:
    assert DARK_SCHEME in sheet("@media (prefers-color-scheme: dark){p{color:#fff}}")
    assert DARK_SCHEME not in sheet("@media (prefers-color-scheme: light){p{color:#fff}}")
    assert DARK_SCHEME not in sheet(
        "p[title='(prefers-color-scheme:dark)'],.\\(prefers-color-scheme\\:dark\\){color:#fff}"
    )
