"""What a browser calls itself, as coarsely as people do: `Firefox on Windows`. Pure.

Versions, devices and all else that would tell one person's browser from another's are left out.
"""

import re
from collections.abc import Sequence

_MOST_READ = 500
_FAMILIES: Sequence[tuple[str, re.Pattern[str]]] = [
    (name, re.compile(pattern))
    for name, pattern in (
        # Those that call themselves something else besides come first.
        ("w3m", r"w3m/"),
        ("Lynx", r"Lynx/"),
        ("Links", r"E?Links\b"),
        ("Edge", r"\bEdg(?:e|A|iOS)?/"),
        ("Opera", r"\bOPR/|\bOPT/|\bOpera\b"),
        ("Samsung Internet", r"SamsungBrowser/"),
        ("Vivaldi", r"Vivaldi/"),
        ("Yandex Browser", r"YaBrowser/"),
        ("DuckDuckGo", r"DuckDuckGo/|Ddg/"),
        ("Firefox", r"\bFirefox/|\bFxiOS/"),
        ("Chrome", r"Chrome/|\bChromium/|\bCriOS/"),
        ("Safari", r"\bVersion/[\d.]+.*\bSafari/"),
    )
]
_SYSTEMS: Sequence[tuple[str, re.Pattern[str]]] = [
    (name, re.compile(pattern))
    for name, pattern in (
        ("Android", r"\bAndroid\b"),
        ("iPhone", r"\biPhone\b"),
        ("iPad", r"\biPad\b"),
        ("ChromeOS", r"\bCrOS\b"),
        ("Windows", r"\bWindows\b"),
        ("Mac", r"\bMacintosh\b|\bMac OS X\b"),
        ("Linux", r"\bLinux\b|\bX11\b"),
        ("BSD", r"\b(?:Free|Open|Net)BSD\b"),
    )
]
UNKNOWN = "Unknown browser"


def name_of(user_agent: str) -> str:
    """`Firefox on Windows`; `Unknown browser` where the header tells neither, and what it tells where only one."""
    text = user_agent[:_MOST_READ]
    family = _first(_FAMILIES, text)
    system = _first(_SYSTEMS, text)
    if not family:
        return f"{UNKNOWN} on {system}" if system else UNKNOWN
    return f"{family} on {system}" if system else family


def _first(places: Sequence[tuple[str, re.Pattern[str]]], text: str) -> str:
    return next((name for name, pattern in places if pattern.search(text)), "")
