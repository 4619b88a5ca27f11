from datetime import date, timedelta

import pytest

from app.core.senders.kinship import are_related, is_shared
from app.core.senders.leaks import Correspondence, Place, judge
from app.core.senders.model import Evidence
from bench.leaks import measure

MADE = date(2025, 1, 1)


def place(site: str = "shop.com", words: str = "") -> Place:
    return Place(site=site, words=frozenset(words.split()), made_on=MADE)


def heard(
    organisation: str,
    day: int,
    count: int = 1,
    *claims: str,
    is_expected: bool = False,
    is_bounce: bool = False,
    is_answer: bool = False,
) -> Correspondence:
    return Correspondence(
        organisation=organisation,
        claims=frozenset(claims),
        first_on=MADE + timedelta(days=day),
        message_count=count,
        is_expected=is_expected,
        is_bounce=is_bounce,
        is_answer=is_answer,
    )


SHOP = heard("shop.com", 0, 20)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("amazon.de", "amazon.com", True),
        ("shop.co.uk", "shop.com", True),
        ("zalando-news.com", "zalando.de", True),
        ("mailzalando.com", "zalando.de", True),
        ("email-zalando-offers.com", "zalando.de", True),
        ("e-zalando.com", "zalando.de", True),
        ("facebookmail.com", "instagram.com", True),
        ("shopify.com", "shop.com", False),
        ("emyth.com", "myth.com", False),
        ("bookshop.com", "bookstore.com", False),
        ("zalando-verify.com", "zalando.de", False),
        ("pills.example", "shop.com", False),
    ],
)
def test_names_of_one_owner(one: str, other: str, expected: bool) -> None:
    assert are_related(one, other) is expected
    assert are_related(other, one) is expected


@pytest.mark.parametrize("organisation", ["gmail.com", "sendgrid.net", "dhl.com", "co.uk", ""])
def test_shared_senders_tell_nothing(organisation: str) -> None:
    assert is_shared(organisation)
    assert judge(place(), [SHOP, heard(organisation, 90, 9)]) == {}


@pytest.mark.parametrize(
    "newcomer",
    [
        heard("shop.de", 90),
        heard("shopmail.net", 90),
        heard("agency.example", 90, 3, "shop.com"),
        heard("agency.example", 1),
        heard("agency.example", 90, is_expected=True),
        heard("agency.example", 90, is_bounce=True),
        heard("agency.example", 90, is_answer=True),
    ],
)
def test_no_stranger_to_a_named_site(newcomer: Correspondence) -> None:
    assert judge(place(), [SHOP, newcomer]) == {}


def test_a_stranger_to_a_named_site_comes_with_evidence() -> None:
    found = judge(place(), [SHOP, heard("shop.de", 3, 2), heard("pills.example", 90, 2)])
    leak = found["pills.example"]
    assert (leak.source, leak.stranger, leak.is_named) == ("shop.com", "pills.example", True)
    assert (leak.first_on, leak.message_count) == (MADE + timedelta(days=90), 2)
    assert leak.known == (
        Evidence(organisation="shop.com", since=MADE, message_count=20),
        Evidence(organisation="shop.de", since=MADE + timedelta(days=3), message_count=2),
    )


def test_the_first_to_write_for_a_silent_site_is_its_mailer() -> None:
    mailer, later = heard("parent-company.example", 20, 5), heard("pills.example", 90)
    assert set(judge(place(), [mailer, later])) == {"pills.example"}
    assert judge(place(), [mailer, later])["pills.example"].known[0].since is None
    assert set(judge(place(), [heard("pills.example", 200)])) == {"pills.example"}


def test_an_alias_is_named_by_its_own_words() -> None:
    letters = [heard("netflix.com", 0, 2), heard("pills.example", 40)]
    assert set(judge(place("", "netflix bob"), letters)) == {"pills.example"}
    assert judge(place("", "quiet harbour"), letters) == {}


def test_mail_by_a_service_names_the_site_in_its_claims() -> None:
    letters = [heard("sendgrid.net", 0, 9, "netflix.com"), heard("pills.example", 40)]
    assert judge(place("", "netflix"), letters)["pills.example"].source == "netflix.com"


def test_an_alias_of_nobody_is_quiet_until_strangers_come_fast() -> None:
    home = heard("shop.com", 0, 20)
    burst = [heard(f"spam{number}.example", 200 + 5 * number) for number in range(4)]
    assert judge(place(""), [home, burst[0]]) == {}
    assert set(judge(place(""), [home, heard("pills.example", 90, 2)])) == {"pills.example"}
    assert set(judge(place(""), [home, *burst])) == {one.organisation for one in burst}
    steady = [heard(f"friend{number}.example", 40 * (number + 1), 9) for number in range(5)]
    assert judge(place(""), [home, *steady]) == {}
    assert judge(place(""), [heard("shop.com", 0, 2), *burst]) == {}


def test_nothing_heard_is_nothing_told() -> None:
    assert judge(place(), []) == judge(place(""), []) == {}


def test_precision_and_recall_hold_on_correspondence_that_was_not_tuned_on() -> None:
    scores = measure("field", seed=3, aliases=1500)
    assert scores["all"].precision > 0.95
    assert scores["all"].recall > 0.8
    assert scores["site"].recall > 0.85
    assert scores == measure("field", seed=3, aliases=1500)
