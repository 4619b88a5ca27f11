from datetime import date, timedelta

import pytest

from app.core.auth.devices import LIFETIME, name_in, new_mark
from app.vault.instance import InstanceKey

TODAY = date(2026, 11, 22)


def test_a_mark_is_known_at_its_login_for_half_a_year(instance: InstanceKey) -> None:
    mark = new_mark(instance, "ada", today=TODAY)
    name = name_in(instance, "ada", mark, today=TODAY)
    assert len(name) == 22
    assert name_in(instance, " ADA", mark, today=TODAY + LIFETIME - timedelta(days=1)) == name
    assert name_in(instance, "ada", mark, today=TODAY + LIFETIME) == ""
    assert name_in(instance, "ada", mark, today=TODAY - timedelta(days=1)) == ""


def test_a_mark_says_nothing_about_whose_it_is(instance: InstanceKey) -> None:
    one, other = (new_mark(instance, "ada", today=TODAY) for _ in range(2))
    day = str(TODAY.toordinal())
    assert [mark.split(".")[0] for mark in (one, other)] == [day, day]
    assert not set(one.split(".")[1:]) & set(other.split(".")[1:])
    assert len(one) == 73


def test_a_browser_that_is_known_keeps_its_name(instance: InstanceKey) -> None:
    name = name_in(instance, "ada", new_mark(instance, "ada", today=TODAY), today=TODAY)
    later = TODAY + timedelta(days=100)
    renewed = new_mark(instance, "ada", name=name, today=later)
    assert name_in(instance, "ada", renewed, today=TODAY + LIFETIME) == name


@pytest.mark.parametrize("change", ["login", "key", "day", "name", "signature", "cut", "more", "empty", "other digits"])
def test_no_other_mark_is_taken(instance: InstanceKey, change: str) -> None:
    mark = new_mark(instance, "ada", today=TODAY)
    day, name, signature = mark.split(".")
    login, key = "ada", instance
    changed = {
        "day": f"{int(day) + 1}.{name}.{signature}",
        "name": f"{day}.{'A' * 22}.{signature}",
        "signature": f"{day}.{name}.{'A' * 43}",
        "cut": mark[:-1],
        "more": mark + "\n",
        "empty": "",
        "other digits": mark.replace(day, "\u0667" * 6),
    }.get(change, mark)
    if change == "login":
        login = "bob"
    if change == "key":
        key = InstanceKey("another instance's secret, as long as it has to be")
    assert name_in(key, login, changed, today=TODAY) == ""
