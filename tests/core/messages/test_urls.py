import json
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.messages.urls import clean, host

GOAL = "https://a.example/x?id=1"
QUOTED = "https%3A%2F%2Fa.example%2Fx%3Fid%3D1"
DEEP = urlsafe_b64encode(b'{"a":' + b"[" * 5000).decode()
BASE64 = "aHR0cHM6Ly9hLmV4YW1wbGUveD9pZD0x"


def json64(value: object) -> str:
    """As a token in an address carries it: base64 without padding."""
    return urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "url",
    [
        f"https://www.google.com/url?sa=t&q={QUOTED}&ust=1",
        f"https://google.co.uk/url?url={QUOTED}",
        f"https://l.facebook.com/l.php?u={QUOTED}%26fbclid%3D2&h=AT",
        f"https://l.instagram.com/?u={QUOTED}&e=1",
        f"https://eur01.safelinks.protection.outlook.com/?url={QUOTED}&data=05%7C01",
        f"https://eur01.safelinks.protection.outlook.com/GetUrlReputation?url={QUOTED}",
        f"https://urldefense.proofpoint.com/v1/url?u={QUOTED}&k=1",
        "https://urldefense.proofpoint.com/v2/url?u=https-3A__a.example_x-3Fid-3D1&d=DwMF",
        "https://urldefense.com/v3/__https://a.example/x?id=1__;!!abc!def$",
        "https://urldefense.com/v3/__https:/a.example/x*id=1__;Pw!!abc!def$",
        f"https://www.linkedin.com/redir/redirect?url={QUOTED}&urlhash=1",
        f"https://www.youtube.com/redirect?event=x&q={QUOTED}",
        f"https://duckduckgo.com/l/?uddg={QUOTED}",
        f"https://out.reddit.com/t3_1?url={QUOTED}&token=1",
        f"https://slack-redir.net/link?url={QUOTED}",
        f"https://linkprotect.cudasvc.com/url?a={QUOTED}&c=E",
        f"https://shop.us1.list-manage.com/track/click?url={QUOTED}",
        f"https://click.shop.example/track/click?dest={QUOTED}",
        f"https://www.google.com/aclk?sa=l&adurl={QUOTED}",
        f"https://statics.teams.cdn.office.net/evergreen-assets/safelinks/1/atp-safelinks.html?url={QUOTED}&locale=en",
        f"https://t.umblr.com/redirect?z={QUOTED}&t=x",
        f"https://shop.pxf.io/c/12/34/56?u={QUOTED}",
        f"https://rover.ebay.com/rover/1/711-53200-19255-0/1?mpre={QUOTED}",
        f"https://click.shop.example/track/click?url={BASE64}",
        f"https://abc1.r.eu-west-1.awstrack.me/L0/{QUOTED}/1/0102/sig=3",
        "https://track.pstmrk.it/3s/a.example%2Fx%3Fid%3D1/abc/def",
        f"https://track.pstmrk.it/3/{QUOTED}/abc/def",
        f"https://secure-web.cisco.com/1aBcDeFgHiJkLmNoPqRsTuV/{QUOTED}",
        "https://url.avanan.click/v2/___https://a.example/x?id=1___.YXAz",
        "https://safe.menlosecurity.com/https://a.example/x?id=1",
        f"https://www.bing.com/ck/a?!&&p=1&u=a1{BASE64}&ntb=1",
        f"https://r.search.yahoo.com/_ylt=A/RV=2/RE=1/RO=10/RU={QUOTED}/RK=2/RS=x-",
        f"https://0abcd.mjt.lu/lnk/AAAA/1/xyz/{BASE64}",
        f"https://click.convertkit-mail2.com/abc/def/{BASE64}",
        f"https://e.customeriomail.com/e/c/{json64({'email_id': 'x', 'href': GOAL})}/signature",
        f"https://substack.com/redirect/2/{json64({'e': GOAL, 'p': 1})}.signature",
        f"https://mandrillapp.com/track/click/3/a.example?p={json64({'s': 'x', 'p': json.dumps({'url': GOAL})})}",
        f"https://prf.hn/click/camref:abc/pubref:x/destination:{QUOTED}",
        "https://www.google.com/url?q=https%3A%2F%2Fl.facebook.com%2Fl.php%3Fu%3Dhttps%253A%252F%252Fa.example%252Fx%253Fid%253D1",
    ],
)
def test_known_redirectors_are_unwrapped(url: str) -> None:
    assert clean(url) == GOAL


@pytest.mark.parametrize(
    "url",
    [
        "https://www.google.com/url?q=javascript%3Ax",
        "https://www.google.com/url?q=%2Frelative",
        "https://www.google.com/url?q=https%3A%2F%2Fa%20b%2F",
        "https://www.google.com/search?q=https%3A%2F%2Fa.example%2F",
        "https://google.evil.example/url?q=https%3A%2F%2Fa.example%2F",
        "https://notgoogle.com/url?q=https%3A%2F%2Fa.example%2F",
        "https://login.shop.example/login?redirect=https%3A%2F%2Fa.example%2F",
        "https://click.shop.example/track/click/opaque",
        "https://urldefense.com/v3/broken",
        f"https://files.example/{BASE64}",
        f"https://login.example/?return={BASE64}",
        "https://0abcd.mjt.lu/lnk/AAAA/1/xyz/aHR0cHM6Ly9_____w",
        "https://substack.com/redirect/2/eyJ9",
        f"https://substack.com/redirect/2/{DEEP}",
        f"https://substack.com/redirect/2/{json64({'e': 1})}",
        f"https://substack.com/redirect/2/{json64({'e': 'javascript:x'})}",
        "https://shop.us1.list-manage.com/track/click?u=12&id=34&e=56",
        "https://[broken/url?q=x",
        "https://www.google.com/url?q=https%3A%2F%2Fb.examplecolor:red;le/o.gif",
        "https://www.google.com/url?q=https%3A%2F%2Fa.example:/x:y@b.example:z/",
    ],
)
def test_all_else_stays_as_it_is_written(url: str) -> None:
    assert clean(url) == url


@pytest.mark.parametrize(
    ("url", "left"),
    [
        ("https://a.example/?utm_source=x&utm_campaign=y", "https://a.example/"),
        ("https://a.example/?a=1&UTM_Source=x&b=%20#f", "https://a.example/?a=1&b=%20#f"),
        ("https://a.example/?fbclid=1&gclid=2&mc_eid=3&mc_cid=4&_hsenc=5&vero_id=6&keep", "https://a.example/?keep"),
        ("https://a.example/?utm%5Fsource=x&z", "https://a.example/?z"),
        (
            "https://a.example/?gad_source=1&_gl=2&srsltid=3&irclickid=4&at_medium=5&__cft__[0]=6&z",
            "https://a.example/?z",
        ),
        ("https://a.example/?cid=1&ref=2&at_home=3&source=4", "https://a.example/?cid=1&ref=2&at_home=3&source=4"),
        ("mailto:a@b.example?subject=x&attach=/etc/passwd", "mailto:a@b.example?subject=x"),
        ("mailto:a@b.example?attachment=x", "mailto:a@b.example"),
        ("https://a.example/?autm_source=x", "https://a.example/?autm_source=x"),
        ("https://a.example/#?utm_source=x", "https://a.example/#?utm_source=x"),
        ("https://a.example/?", "https://a.example/?"),
        ("https://a.example/x\x00\x1f?utm_source=x", "https://a.example/x"),
        ("mailto:ada@a.example\x00 ?attach=x", "mailto:ada@a.example"),
        ("https://urldefense.com/s?utm_x=/v3/__x__;&d=/v3/__https://a.example/y__;", "https://a.example/y"),
    ],
)
def test_parameters_that_only_track_are_left_out(url: str, left: str) -> None:
    assert clean(url) == left


@pytest.mark.parametrize(
    "url", ["javascript:x", "JAVA\nSCRIPT:x", "data:x", "//a.example", "/x", "", "ftp://a", "\x01x:"]
)
def test_other_schemes_are_no_links(url: str) -> None:
    assert clean(url) is None


def test_mail_and_telephone_stay() -> None:
    assert clean("mailto:a@b.example?subject=utm_source=1") == "mailto:a@b.example?subject=utm_source=1"
    assert clean("tel:+4930") == "tel:+4930"


def test_a_chain_too_long_to_be_honest_is_shown_as_it_is() -> None:
    url = "https://out.reddit.com/?url=" * 50 + "https://a.example/"
    assert clean(url) == url


_PIECES = st.sampled_from(
    [
        *"https:// http:// www.google.com /url? q= url= l.facebook.com /l.php? u= urldefense.com /v3/__ __; !".split(),
        *"* ** A Iw == & utm_source= = # ? / %3A %2F %25 a.example urldefense.proofpoint.com /v2/url? -3A".split(),
        *"_ [ ] : @ \\ javascript: \t é".split(" "),
    ]
)


@given(st.lists(_PIECES, max_size=25).map("".join))
def test_cleaning_never_fails_and_twice_changes_nothing(url: str) -> None:
    once = clean(url)
    if once is not None:
        assert once.lower().startswith(("http:", "https:", "mailto:", "tel:"))
        assert clean(once) == once


def test_hosts() -> None:
    assert host("https://user@A.example.:8/x") == "a.example"
    assert host("https://[x") == ""
    assert host("https://a%2F@B%3DHttps/x") == "b%3dhttps"
