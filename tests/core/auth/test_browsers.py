import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.auth.sessions.browsers import UNKNOWN, name_of

MOZILLA = "Mozilla/5.0 "
WEBKIT = " AppleWebKit/537.36 (KHTML, like Gecko) "


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (MOZILLA + "(Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Windows"),
        (MOZILLA + "(X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        (MOZILLA + "(Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0", "Firefox on Android"),
        (MOZILLA + "(X11; Linux x86_64)" + WEBKIT + "Chrome/140.0.0.0 Safari/537.36", "Chrome on Linux"),
        (MOZILLA + "(Linux; Android 10; K)" + WEBKIT + "Chrome/140.0.0.0 Mobile Safari/537.36", "Chrome on Android"),
        (MOZILLA + "(Windows NT 10.0)" + WEBKIT + "Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0", "Edge on Windows"),
        (MOZILLA + "(X11; CrOS x86_64 14541.0.0)" + WEBKIT + "Chrome/140.0.0.0 Safari/537.36", "Chrome on ChromeOS"),
        (
            MOZILLA + "(Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.0 Safari/605.1.15",
            "Safari on Mac",
        ),
        (
            MOZILLA + "(iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Mobile Safari/604.1",
            "Safari on iPhone",
        ),
        (
            MOZILLA + "(iPad; CPU OS 18_0 like Mac OS X) AppleWebKit/605.1.15 FxiOS/140.0 Mobile Safari/604.1",
            "Firefox on iPad",
        ),
        ("w3m/0.5.3+git20230121", "w3m"),
        ("Lynx/2.9.2 libwww-FM/2.14", "Lynx"),
        ("ELinks/0.17 (textmode; Linux x86_64; 80x24)", "Links on Linux"),
        ("curl/8.5.0", UNKNOWN),
        ("Something (Linux)", f"{UNKNOWN} on Linux"),
        ("", UNKNOWN),
    ],
)
def test_browsers_are_told_as_people_do(user_agent: str, name: str) -> None:
    assert name_of(user_agent) == name


@given(st.text())
def test_anything_else_is_unknown_and_short(user_agent: str) -> None:
    assert len(name_of(user_agent)) < 40
