"""Which of several rules decides: the table of docs/flow.md, as a test."""

from itertools import permutations
from uuid import UUID

import pytest

from app.core.rules import matching, senders
from app.core.rules.model import Kind, Match, Verdict

KEY = bytes(32)
SENDER = "news@mail.shop.example"
HERE, ELSEWHERE = UUID(int=1), UUID(int=2)
# From the most specific to the least.
RANKS: list[tuple[str, UUID | None]] = [
    ("news@mail.shop.example", HERE),
    ("news@mail.shop.example", None),
    ("mail.shop.example", HERE),
    ("shop.example", HERE),
    ("example", HERE),
    ("mail.shop.example", None),
    ("shop.example", None),
    ("example", None),
]


def rule(text: str, alias_id: UUID | None, number: int, verdict: Verdict = "block") -> Match:
    kind: Kind = "address" if "@" in text else "domain"
    matcher = senders.matcher(KEY, text)
    return Match(rule_id=UUID(int=number), alias_id=alias_id, verdict=verdict, kind=kind, matcher=matcher)


def deciding(*rules: Match, sender: str = SENDER) -> int | None:
    found = matching.finding(rules, HERE, matching.digests(KEY, sender))
    return None if found is None else found.rule_id.int


@pytest.mark.parametrize("verdict", ["block", "allow"])
def test_the_most_specific_decides_whatever_it_says(verdict: Verdict) -> None:
    other: Verdict = "allow" if verdict == "block" else "block"
    for (first, one), (second, two) in permutations(enumerate(RANKS), 2):
        rules = [rule(*one, first, verdict), rule(*two, second, other)]
        assert deciding(*rules) == min(first, second)
        assert deciding(*reversed(rules)) == min(first, second)


def test_of_many_too() -> None:
    for count in range(1, len(RANKS) + 1):
        assert deciding(*(rule(*RANKS[-number], -number % 100) for number in range(1, count + 1))) == -count % 100


def test_rules_of_other_aliases_and_about_others_say_nothing() -> None:
    assert deciding() is None
    assert deciding(rule("shop.example", ELSEWHERE, 1)) is None
    assert deciding(rule("other.example", HERE, 1), rule("eve@mail.shop.example", HERE, 2)) is None
    assert deciding(rule("op.example", HERE, 1), rule("news.mail.shop.example", HERE, 2)) is None


def test_bounces_are_from_nobody() -> None:
    assert matching.digests(KEY, "") == []
    assert deciding(rule("example", None, 1), sender="") is None


def test_digests_differ_between_accounts_and_from_other_digests_of_the_same_text() -> None:
    assert set(matching.digests(KEY, SENDER)).isdisjoint(matching.digests(bytes(31) + b"1", SENDER))
