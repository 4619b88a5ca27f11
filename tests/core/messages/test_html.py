import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.messages.html import sanitise
from app.core.messages.html.sanitiser import data_images
from app.core.messages.html.styles import StyleCleaner

ACTIVE = re.compile(
    r"<(script|style|iframe|object|embed|form|input|svg|math|link|meta|base|video|audio)\b"
    r"|<[^>]*\s(on\w+|src|srcset|background|poster|action|formaction|name)\s*=",
    re.IGNORECASE,
)
IN_STYLES = re.compile(r"url\(|@(?!media )|expression|position|javascript|[<>](?=/)|\\[0-9a-f]", re.IGNORECASE)
ROOT = '<div class="mail-body">'


def body(html: str) -> str:
    """What the sanitiser makes of a fragment, without the element in the body's place."""
    clean = sanitise(html).html
    assert clean.startswith(ROOT)
    return clean.removeprefix(ROOT).removesuffix("</div>")


@pytest.mark.parametrize(
    ("html", "clean"),
    [
        ("<p onclick='x()'>a</p>", "<p>a</p>"),
        ("<script>x</script>a", "a"),
        ("<style>p{color:red}</style>a", "a"),
        ("<style>p{color:red}", ""),
        ("<!-- <style>p{}</style> -->a", "a"),
        ("a<!-- b", "a"),
        ("<title>t</title>a", "a"),
        ('<img src="https://a.example/1" alt="Logo">', '<span class="mail-picture">Logo</span>'),
        ('<img src="/inbox"><img src="cid:1"><img src="data:image/png;base64,AA">', ""),
        ('<p style="color: red; position: fixed">a</p>', '<p style="color:red">a</p>'),
        ('<p style="background-color: url(https://a.example)">a</p>', "<p>a</p>"),
        (r'<p style="background-color: u\72l(https://a.example)">a</p>', "<p>a</p>"),
        ('<p style="color: rgb(1,2,3); width: expression(x)">a</p>', '<p style="color:rgb(1, 2, 3)">a</p>'),
        ('<p style="margin-top: -900px; color: red">a</p>', '<p style="color:red">a</p>'),
        ('<p style="color:red/**/;/*">a</p>', '<p style="color:red">a</p>'),
        ("<form action=/logout method=post><button>x</button>a</form>", "a"),
        ('<td background="x" bgcolor="red">a</td>', "a"),
        ("<svg><a href='javascript:x'>b</a></svg>a", "a"),
        ('<p class="x" id="y" title="z">a</p>', '<p class="x" id="y" title="z">a</p>'),
    ],
)
def test_only_harmless_markup_is_kept(html: str, clean: str) -> None:
    assert body(html) == clean


@pytest.mark.parametrize(
    ("image", "box"),
    [
        ("<img alt='a &amp; &quot;b&quot; &lt;i>'>", '<span class="mail-picture">a &amp; "b" &lt;i&gt;</span>'),
        (
            "<img alt=a width=99 height=9>",
            '<span class="mail-picture" style="width:99px;max-width:min(100%, 99px);aspect-ratio:99 / 9">a</span>',
        ),
        (
            "<img alt=a width=99 style='width:50%'>",
            '<span class="mail-picture" style="width:50%;max-width:min(100%, 99px)">a</span>',
        ),
        ("<img alt=a width=32 height=32>", '<span class="mail-picture mail-small">a</span>'),
        ("<img alt=a width=32 align=left>", '<span class="mail-picture mail-small" style="float:left">a</span>'),
        ("<img alt='' width=20 height=1>", '<span class="mail-space" style="width:20px;height:1px"></span>'),
        ("<img width=600 height=24>", '<span class="mail-space" style="width:600px;height:24px"></span>'),
        (
            "<img width=600 height=300>",
            '<span class="mail-picture" style="width:600px;max-width:min(100%, 600px);aspect-ratio:600 / 300"></span>',
        ),
        ("<img alt='' width=600 height=300><img width=1 height=1>", ""),
        ("<img alt=a class=x id=y>", '<span class="mail-picture x" id="y">a</span>'),
        ("<img alt=' '><img><img src=https://a.example/>", ""),
    ],
)
def test_pictures_that_do_not_load_become_their_words(image: str, box: str) -> None:
    assert body(image) == box


def test_classes_of_the_body_hold_for_the_element_in_its_place() -> None:
    assert sanitise("<body class='a b' id=c>x").html == '<div class="mail-body a b" id="c">x</div>'


def test_html_and_body_become_elements_of_the_mail() -> None:
    html = "<!doctype html><html lang=ar dir=rtl><title>x</title><body bgcolor='#eee' onload=x>a</body></html>"
    assert sanitise(html).html == f'<div lang="ar" dir="rtl">{ROOT[:-1]} bgcolor="#eee">a</div></div>'


@pytest.mark.parametrize(
    ("tag", "rules"),
    [
        (
            "<body bgcolor='#eee' text=112233 link=RED>",
            [".mail-body{background-color:#eee}", ".mail-body{color:#112233}", ".mail a{color:RED}"],
        ),
        ("<body topmargin=0 marginwidth='9'>", [".mail-body{padding:0px}", ".mail-body{padding:9px}"]),
        ("<body bgcolor='url(x)' text='}p{color:red'>", []),
    ],
)
def test_colours_and_margins_of_the_body_become_rules(tag: str, rules: list[str]) -> None:
    assert sanitise(f"{tag}a").css.splitlines() == rules


def test_margins_of_the_body_lie_within_its_background() -> None:
    html = "<body style='margin:0 auto;color:red'>a"
    assert sanitise(html).html == '<div class="mail-body" style="margin:0 auto;padding:0 0;color:red">a</div>'
    assert sanitise("<body style=padding:1px;margin:0>a").html == '<div class="mail-body" style="padding:1px">a</div>'


@pytest.mark.parametrize(
    ("html", "clean"),
    [
        ("<table width=600><tr><td>a</table>", '<table width="600" class="mail-fluid">'),
        ("<table class=x style='width:600px'><tr><td>a</table>", '<table class="x mail-fluid" style="width:600px">'),
        ("<div style='max-width:90%;min-width:400pt'>a</div>", "mail-fluid"),
        ("<table width='100%'><tr><td width=120 style='max-width:600px'>a</table>", ""),
    ],
)
def test_what_is_wider_than_a_phone_may_give_way(html: str, clean: str) -> None:
    assert clean in body(html)
    assert ("mail-fluid" in body(html)) == bool(clean)


@pytest.mark.parametrize(
    ("cell", "has_backdrop"),
    [
        ("<td background=//a.example/x style='color:#fff'>a", True),
        ("<td style='background:url(//a.example/x) center'><font color='#FFFFFF'>a</font>", True),
        ("<td style='background-image:url(//a.example/x)'><p style='background:#123;color:rgb(250,250,250)'>a", True),
        ("<td background=//a.example/x>a", False),
        ("<td background=//a.example/x style='color:#333'>a<b style='color:#fff'>b", False),
        ("<td background=//a.example/x bgcolor=navy style='color:#fff'>a", False),
        ("<td style='background:#123 url(//a.example/x);color:#fff'>a", False),
    ],
)
def test_light_words_on_a_picture_get_a_dark_ground(cell: str, *, has_backdrop: bool) -> None:
    clean = body(f"<table><tr>{cell}</table>")
    assert ("mail-backdrop" in clean) == has_backdrop
    assert "background=" not in clean


def test_paper_knows_no_dark() -> None:
    safe = sanitise("<style>p{color:red}@media (prefers-color-scheme: dark){p{color:#fff}}</style><p>a")
    assert "dark" in safe.css
    assert "dark" not in safe.css_for_paper


@pytest.mark.parametrize(
    ("html", "is_short"),
    [("<p>a</p>" * 5, True), ("<p>a</p>" * 20, False), ("a" * 3000, False), ("<img alt=a>", False)],
)
def test_a_few_lines_are_short(html: str, *, is_short: bool) -> None:
    assert sanitise(html).is_short == is_short


@pytest.mark.parametrize("url", ["https://a.example/", "http://a.example/", "mailto:a@b.example", "tel:+1"])
def test_links_lead_out_without_telling_from_where_and_tell_where(url: str) -> None:
    link = f'<a href="{url}" target="_blank" rel="noreferrer noopener nofollow" title="{url}">a</a>'
    goal = {"mailto": "writes to a@b.example", "tel": "calls +1"}.get(url.partition(":")[0], "a.example")
    told = f'<span class="mail-target"> [{goal}]</span>'
    assert body(f'<a href="{url}" target="_top" title="lie">a</a>') == link + told


@pytest.mark.parametrize(
    "url",
    [
        *(
            "javascript:x",
            " java\nscript:x",
            "data:text/html,x",
            "/inbox",
            "//a.example",
            "file:///x",
            "?x",
            "#",
            "#a b",
        ),
        *("cid:x", "vbscript:x", "blob:x", "about:blank", "intent://x"),
    ],
)
def test_other_links_lead_nowhere(url: str) -> None:
    assert "href" not in body(f'<a href="{url}">a</a>')


def test_links_within_the_mail_stay_there() -> None:
    assert body('<a href="#p.1" target=_top>a</a><p id="p.1">b</p>') == '<a href="#p.1">a</a><p id="p.1">b</p>'


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("https://bank.example/login", "shown as bank.example, leads to a.example"),
        ("<b>www.bank.example</b>", "shown as www.bank.example, leads to a.example"),
        ("Sign in at https://bank.example/ now", "shown as bank.example, leads to a.example"),
        ("b\u00e4nk.example", "shown as b\u00e4nk.example, leads to a.example"),
        ("a.example", "a.example"),
        ("www.a.example/x", "a.example"),
        ("mail.a.example", "a.example"),
        ("bank.examples are here", "a.example"),
        ("report.pdf", "a.example"),
        ("Read on", "a.example"),
    ],
)
def test_words_that_name_another_host_are_told(words: str, told: str) -> None:
    kind = "lie" if "shown as" in told else "target"
    assert body(f'<a href="https://a.example/">{words}</a>').endswith(f'<span class="mail-{kind}"> [{told}]</span>')


@pytest.mark.parametrize(
    ("href", "words", "told"),
    [
        (
            "mailto:b@evil.example?subject=x",
            "a@bank.example",
            "lie> [shown as a@bank.example, writes to b@evil.example]",
        ),
        ("mailto:a%2Bb@a.example", "a+b@a.example", ""),
        ("mailto:b@a.example", "Write to us", "target> [writes to b@a.example]"),
        ("tel:+441632960011", "01632 960 011", ""),
        ("tel:0900123456", "+44 1632 960011", "lie> [shown as +44 1632 960011, calls 0900123456]"),
        ("tel:0900123456", "Call us", "target> [calls 0900123456]"),
        ("https://m\u00fcnchen.example/", "x", "target> [m\u00fcnchen.example (xn--mnchen-3ya.example)]"),
        (
            "https://xn--mnchen-3ya.example/",
            "m\u00fcnchen.example",
            "target> [m\u00fcnchen.example (xn--mnchen-3ya.example)]",
        ),
        ("https://xn--pypal-4ve.example/", "PayPal", "lie> [leads to p\u0430ypal.example (xn--pypal-4ve.example)]"),
        (
            "https://xn--80ak6aa92e.example/",
            "x",
            "lie> [leads to \u0430\u0440\u0440\u04cf\u0435.example (xn--80ak6aa92e.example)]",
        ),
        ("https://xn--wgv71a119e.example/", "x", "target> [\u65e5\u672c\u8a9e.example (xn--wgv71a119e.example)]"),
        ("https://xn--u6jy55gilq.example/", "x", "target> [\u4f50\u3005\u6728.example (xn--u6jy55gilq.example)]"),
    ],
)
def test_goals_are_told_as_they_are(href: str, words: str, told: str) -> None:
    assert body(f'<a href="{href}">{words}</a>').partition("</a>")[2] == (
        f'<span class="mail-{told.replace(">", """">""", 1)}</span>' if told else ""
    )


def test_a_mail_cannot_tell_hosts_itself() -> None:
    forged = '<a href="https://a.example/">x</a><span class="mail-target"> [bank.example]</span>'
    assert "bank.example" not in body(forged)


def test_an_attribute_that_nothing_is_known_of_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_self: StyleCleaner, _style: str) -> str:
        raise ValueError("a parser's own fault")

    monkeypatch.setattr(StyleCleaner, "attribute", fail)
    assert body("<p style='background-image:url(//a.example/x)' title=t>a</p>") == '<p title="t">a</p>'


def test_known_redirectors_and_trackers_are_gone_from_links() -> None:
    link = '<a href="https://www.google.com/url?q=https%3A%2F%2Fa.example%2F%3Fid%3D1%26utm_source%3Dx">a</a>'
    assert 'href="https://a.example/?id=1"' in body(link)


def test_pictures_that_the_message_holds_are_shown_from_here() -> None:
    images = {"cid:a b@c": "/inline/1", "data:image/gif;base64,R0": "/inline/2"}
    html = '<img src="cid:a%20b@c" alt=x><img src="data:image/gif;base64,R0"><img src=cid:other><img src=/inline/3>'
    clean = sanitise(html, images).html
    assert clean == f'{ROOT}<img src="/inline/1" alt="x"><img src="/inline/2"></div>'
    assert sanitise(clean, images).html == clean


def test_data_pictures_are_listed_once_in_their_order() -> None:
    html = (
        "<img src='data:image/gif;base64,B'><p><img src='data:image/gif;base64,A'><img src='data:image/gif;base64,B'>"
    )
    assert data_images(html + "<img src='data:text/html,x'>") == ["data:image/gif;base64,B", "data:image/gif;base64,A"]
    assert data_images("<div>" * 2000 + html) == []


@pytest.mark.parametrize(
    ("html", "paper"),
    [
        ("<p>words of color: and background</p>", "reader"),
        ("<p style='margin:1px'>a", "reader"),
        ("<p style='color:red'>a", "white"),
        ("<body bgcolor=white>a", "white"),
        ("<font color=red>a</font>", "white"),
        ("<style>p{background:#fff}</style>a", "white"),
        ("<style>p{background:#fff}@media (prefers-color-scheme: dark){p{background:#000}}</style>a", "white"),
        (
            "<meta name=color-scheme content=dark><style>@media (prefers-color-scheme: dark){p{color:#eee}}</style>a",
            "reader",
        ),
        (
            "<style>:root{color-scheme:light dark}@media (prefers-color-scheme: dark){p{color:#eee}}</style>a",
            "reader",
        ),
        ("<style>:root{color-scheme:light dark}p{color:#111}</style>a", "white"),
        ("<body text=black>a", "white"),
    ],
)
def test_mail_without_colours_or_with_its_own_for_dark_follows_the_reader(html: str, paper: str) -> None:
    assert sanitise(html).paper == paper


@pytest.mark.parametrize(
    ("html", "hosts"),
    [
        (
            '<img src="https://a.example/1"><img src="//A.example/2"><img src=http://b.example:8080/>',
            {"a.example": 2, "b.example": 1},
        ),
        ('<img srcset="https://a.example/1 1x, https://b.example/2 2x">', {"a.example": 1, "b.example": 1}),
        ("<link rel=stylesheet href=https://a.example/x.css>", {"a.example": 1}),
        (
            "<style>@import 'https://a.example/x'; p{background:url(//b.example/y)}</style>",
            {"a.example": 1, "b.example": 1},
        ),
        ("<style>@import url(https://a.example/x)</style>", {"a.example": 1}),
        ('<p style="background: url(&quot;https://a.example/&quot;)">', {"a.example": 1}),
        ('<p style="background: url(https://a.example/)">', {"a.example": 1}),
        (
            "<table background=https://a.example/x><tr><td background=https://b.example/y></table>",
            {"a.example": 1, "b.example": 1},
        ),
        (
            "<video poster=https://a.example/x><source src=https://b.example/y></video>",
            {"a.example": 1, "b.example": 1},
        ),
        ('<body background="//a.example/1"><script src="//b.example/2"></script>', {"a.example": 1, "b.example": 1}),
        ('<img src="https://user:secret@a.example/1">', {"a.example": 1}),
        ('<a href="https://a.example">a</a><img src="cid:1"><img src="data:image/png;base64,//x"><img src="/x">', {}),
        ('<!-- <img src="https://a.example/1"> -->', {}),
    ],
)
def test_what_wanted_to_load_is_counted_by_host(html: str, hosts: dict[str, int]) -> None:
    assert dict(sanitise(html).blocked_hosts) == hosts


@pytest.mark.parametrize(
    ("html", "kinds"),
    [
        (
            "<img src=//a.example/1><table background=//a.example/2></table><p style='background:url(//a.example/3)'>",
            {"picture": 3},
        ),
        ("<input type=image src=//a.example/1><picture><source srcset='//a.example/2 2x'></picture>", {"picture": 2}),
        ("<style>p{background:image-set('//a.example/1' 1x)}q{background:url(//a.example/2)}</style>", {"picture": 2}),
        (
            "<style>@import '//a.example/1';@font-face{src:url(//a.example/2),url(//a.example/3)}</style>",
            {"font": 2, "style sheet": 1},
        ),
        ("<link rel=stylesheet href=//a.example/1><link rel=canonical href=//a.example/>", {"style sheet": 1}),
        ("<iframe src=//a.example/1></iframe><object data=//a.example/2></object>", {"frame": 2}),
        (
            "<video poster=//a.example/1 src=//a.example/2><track src=//a.example/3></video>",
            {"recording": 2, "picture": 1},
        ),
        ("<script src=//a.example/1></script>", {"script": 1}),
        ("<amp-img src=//a.example/1></amp-img><amp-list src=//a.example/2></amp-list>", {"picture": 1, "frame": 1}),
        ("<!--[if mso]><img src=//a.example/1><style>p{background:url(//a.example/2)}</style><![endif]-->", {}),
        ("<p>A background is written url(//a.example/1).</p>", {}),
        ("<style><!-- p{background:url(//a.example/1)} --></style>", {"picture": 1}),
    ],
)
def test_what_wanted_to_load_is_named_by_kind(html: str, kinds: dict[str, int]) -> None:
    assert dict(sanitise(html).blocked_kinds) == kinds


@pytest.mark.parametrize(
    "attributes",
    [
        "width=1 height=1",
        "width=0",
        "style='display: none'",
        "style='height:1px;border:0'",
        "style='opacity:0'",
        "style='visibility:hidden'",
    ],
)
def test_tiny_and_hidden_pictures_are_counted_as_tracking_pixels(attributes: str) -> None:
    html = f"<img src=https://t.example/x.png {attributes}><img src=https://t.example/y.png width=100 height=1>"
    assert sanitise(html).pixels == (("t.example", 1),)
    assert sanitise(html).blocked_hosts == (("t.example", 2),)


@pytest.mark.parametrize(
    "path", ["wf/open?upn=1", "track/open.php?u=1", "o.gif", "pixel.gif", "e/o/abc", "collect?v=1"]
)
def test_addresses_of_known_pixels_are_counted_too(path: str) -> None:
    assert sanitise(f"<img src=https://t.example/{path}>").pixels == (("t.example", 1),)


def test_what_only_looks_like_an_element_is_not_counted() -> None:
    assert sanitise('<iframe><a href="https://a.example/x">b</a></iframe>').blocked_hosts == ()


def test_the_busiest_host_comes_first() -> None:
    html = "<img src=//a.example/1><img src=//b.example/1><img src=//b.example/2>"
    assert sanitise(html).blocked_hosts == (("b.example", 2), ("a.example", 1))


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 2000 + "words &lt;b&gt;",
        "<p>" + "".join(f"<font size={size}>" for size in range(300)) + "</p>" + "<p>words &lt;b&gt;</p>" * 4000,
        "<p " + "".join(f"a{number} " for number in range(30_000)) + ">words &lt;b&gt;",
        "<p " + "".join(f"a{number}=1 <p " for number in range(15_000)) + ">words &lt;b&gt;",
        "<p " + "".join(f"a{number}='<p>' " for number in range(15_000)) + ">words &lt;b&gt;",
        "<table>" + "<p>" * 20_000 + "words &lt;b&gt;",
        "<table>" + "<!--<td>--></p>" * 20_000 + "words &lt;b&gt;",
    ],
    ids=["nesting", "fonts", "attributes", "attributes and <", "attributes and tags", "loose in a table", "comments"],
)
def test_bombs_are_shown_as_words(html: str) -> None:
    clean = sanitise(html).html
    assert "words &lt;b&gt;" in clean
    assert set(re.findall(r"<(\w+)", clean)) == {"p", "strong"}


_FRAGMENTS = st.sampled_from(
    """< > " ' = / <p <svg> <math> <style> </style> <img src= //a.b/ on onload=x <!-- --> <a href= javascript: style=
    url( ) <table> <td> <noscript> <title> <template> &lt; &quot; <mtext> <mglyph> <annotation-xml encoding=text/html>
    <foreignObject> <select> ]]> <![CDATA[ x \x00 <html> <body class= { } @import @media screen ; : color red p . #
    \\ /* */ <img alt= width=9 style= class= <a href=https://a.b/> </a> https://b.c/""".split()
)


@given(st.lists(_FRAGMENTS | st.just(" "), max_size=40).map("".join))
def test_nothing_active_survives_and_cleaning_twice_changes_nothing(html: str) -> None:
    safe = sanitise(html)
    outside_values = re.sub(r'"[^"]*"', '""', safe.html)
    assert not ACTIVE.search(outside_values)
    assert not IN_STYLES.search(safe.css)
    for value in re.findall(r' style="([^"]*)"', safe.html):
        assert not IN_STYLES.search(value)
    assert sanitise(safe.html).html == safe.html
    assert sanitise(f"<style>{safe.css}</style>").css == safe.css


def steps(html: str) -> int:
    """How many functions Python calls to sanitise it."""
    called = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal called
        called += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        sanitise(html)
    finally:
        sys.setprofile(None)
    return called


@pytest.mark.parametrize(
    "piece",
    [
        '<p style="color:red;width:{0}px">a</p>',
        "<style>p.a{{color:red;margin:{0}px}}</style>",
        '<a href="https://www.google.com/url?q=https%3A%2F%2Fa.example%2F{0}">https://b.example</a>',
        '<img src="https://a.example/{0}" width=1 height=1 alt=a>',
        "<!-- {0} --><body class=a>",
        "<style ",
    ],
)
def test_twice_the_mail_takes_twice_the_steps(piece: str) -> None:
    once, twice = (steps("".join(piece.format(number) for number in range(count))) for count in (300, 600))
    assert twice < 2.2 * once
