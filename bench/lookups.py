"""What is read and searched for in made-up mailboxes: paths of pages and of the API, by what they show or look for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from bench import letters, lexicon
from bench.reading import Api

_SMALL_SITE = 250


@dataclass(frozen=True, kw_only=True, slots=True)
class Searches:
    """Queries of one kind."""

    label: str
    queries: tuple[str, ...]


def searches() -> list[Searches]:
    """Every kind of search. The words' shares are those of `lexicon`."""
    made = {kind: mark.words for kind, mark in lexicon.MARKS.items()}
    half, old, rare = made["half"], made["old"], made["rare"]
    common = [name.split() for name in (lexicon.LANGUAGES[each].common for each in ("english", "german", "french"))]
    site, small = letters.sites()[0], letters.sites()[_SMALL_SITE]
    kinds: dict[str, Sequence[str]] = {
        "the commonest words of a language": [name[0] for name in common],
        "a word of every 2nd message": half,
        "of every 10th": made["tenth"],
        "of every 100th": made["hundredth"],
        "of every 1,000th": made["thousandth"],
        "of every 100,000th": rare,
        "a number one message has": [f"{number}" for number in range(40, 80)],
        "a word nobody has": ["nowhereword", "niemandswort"],
        "common years ago, never since (40 %)": old,
        "the same, 10 %": made["old tenth"],
        "common until 3 years ago (20 %)": made["gone"],
        "only of late (30 %)": made["recent"],
        "two common": [f"{half[0]} {half[1]}", f"{half[1]} {half[2]}"],
        "common and rare": [f"{half[0]} {rare[0]}", f"{half[1]} {rare[1]}"],
        "common but not common": [f"{half[0]} -{half[1]}", f"{half[1]} -{half[2]}"],
        "eight common": [" ".join(common[0][:8])],
        "two common, never together": [" ".join(lexicon.ASIDE[0])],
        "common without its companion": ["{} -{}".format(*lexicon.WITHIN[0])],
        "not a word that all have": ["-to:bench.test"],
        "a phrase": ['"{} {}"'.format(*lexicon.PHRASE[0])],
        "a phrase of common words": [f'"{half[0]} {half[1]}"', f'"{common[0][0]} {common[0][2]}"'],
        "a phrase nobody wrote": ['"{} {}"'.format(*lexicon.ASIDE[0])],
        "from: who writes most": [f"from:{site.domain}"],
        "from: who writes seldom": [f"from:{small.domain}", f"from:shop@mail.{small.domain}"],
        "subject: a word": [f"subject:{site.jargon[0]}", f"subject:{small.jargon[0]}"],
        "alias: the busiest": [f"alias:{letters.alias_name(0)}"],
        "alias: a quiet one, and a word": [f"alias:{letters.alias_name(_SMALL_SITE)} {half[0]}"],
        "has:attachment": ["has:attachment", f"has:attachment {made['tenth'][0]}"],
        "filename: a word": ["filename:pdf", "filename:ics"],
        "is:unread": ["is:unread", f"is:unread {half[0]}"],
        "is:starred": ["is:starred", f"is:starred {old[0]}", f"is:starred {made['thousandth'][0]}"],
        "in:trash": ["in:trash", f"in:trash {half[0]}", f"in:trash {rare[0]}"],
        "before: and after:": [
            "before:2020",
            "after:2019-03-01 before:2019-03-05",
            f"before:2021 {made['thousandth'][1]}",
            f"after:2024 before:2025 {rare[2]}",
        ],
        "larger:": ["larger:10k", "larger:200k", "larger:1M", "larger:5M"],
        "larger: than any": ["larger:900M", f"larger:50M {half[0]}"],
    }
    return [Searches(label=label, queries=tuple(queries)) for label, queries in kinds.items()]


async def pages(api: Api) -> Mapping[str, tuple[str, ...]]:
    """Paths of pages, by what they show."""
    newest = await api.newest(50)
    middle, oldest = await _deep(api, "before:2023"), await _deep(api, "before:2019-06")
    alias = quote(newest[0]["alias"]["email"])
    longest = await api.found("Re")
    return {
        "inbox": ("/inbox",),
        "inbox, years back": tuple(f"/inbox?before={one}" for one in (middle, oldest)),
        "inbox, unread": ("/inbox?unread=1",),
        "inbox, with files": ("/inbox?files=1",),
        "starred": ("/starred",),
        "archive": ("/archive",),
        "trash": ("/trash",),
        "one alias": (f"/inbox?alias={alias}",),
        "a year": ("/inbox?since=2020-01-01&until=2020-12-31",),
        "a message": tuple(f"/messages/{one['id']}" for one in newest),
        "a conversation": tuple(dict.fromkeys(f"/threads/{one['thread_id']}" for one in longest)),
    }


async def calls(api: Api) -> Mapping[str, tuple[str, ...]]:
    """Paths of the API."""
    newest, middle = await api.newest(50), await api.found("before:2022")
    return {
        "API: 50 messages": ("/api/v1/messages?limit=50",),
        "API: 50 unread": ("/api/v1/messages?limit=50&is_read=false",),
        "API: one message": tuple(f"/api/v1/messages/{one['id']}" for one in [*newest[:25], *middle[:25]]),
    }


async def _deep(api: Api, query: str) -> str:
    found = await api.found(query)
    return str((found or await api.newest(1))[0]["id"])
