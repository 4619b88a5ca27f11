import pytest

from app.core.auth import guessing
from app.core.auth.guessing import LOCAL, Guesses, Origin
from app.errors import LimitReached

OWNER = Origin(network="4:5db8d8/24", known_as="a browser of hers")


def networks(count: int) -> list[Origin]:
    return [Origin(network=f"4:{number:x}/24") for number in range(count)]


def is_admitted(guesses: Guesses, login: str, origin: Origin, now: float = 0.0) -> bool:
    try:
        guesses.admit_password(login, origin, now=now)
    except LimitReached:
        return False
    return True


def test_ten_thousand_guesses_from_one_network_come_to_ten() -> None:
    guesses, thief = Guesses(), Origin(network="4:1/24")
    assert sum(is_admitted(guesses, "ada", thief) for _ in range(10_000)) == 10
    assert sum(is_admitted(guesses, "ada", thief, now=3600) for _ in range(10_000)) == 10
    assert sum(is_admitted(guesses, "ada", thief, now=3600 + second) for second in range(3600)) == 59


def test_a_network_has_so_many_attempts_for_all_logins_together() -> None:
    guesses, thief = Guesses(), Origin(network="6:1/48")
    assert sum(is_admitted(guesses, f"victim{number}", thief) for number in range(10_000)) == 60
    assert sum(is_admitted(guesses, "another", Origin(network="6:2/48")) for _ in range(5)) == 5


def test_ten_thousand_guesses_from_many_networks_leave_the_owners_browser_alone() -> None:
    guesses = Guesses()
    assert sum(is_admitted(guesses, "ada", thief) for thief in networks(10_000)) == 100
    assert is_admitted(guesses, "ada", OWNER)
    new_browser = Origin(network=OWNER.network)
    with pytest.raises(LimitReached) as caught:
        guesses.admit_password("ada", new_browser, now=0.0)
    assert "recovery code" in caught.value.detail
    assert caught.value.code == "too_many_attempts"
    assert caught.value.retry_after == 2
    assert is_admitted(guesses, "ada", new_browser, now=2.0)
    assert is_admitted(guesses, "bob", new_browser)
    guesses.admit_code(new_browser, now=0.0)


def test_a_few_networks_cannot_use_up_what_strangers_have() -> None:
    """Nine networks that never stop leave a new browser its attempts."""
    guesses = Guesses()
    for second in range(3600):
        for thief in networks(9):
            is_admitted(guesses, "ada", thief, now=second)
    assert is_admitted(guesses, "ada", Origin(network="4:ffff/24"), now=3600)


@pytest.mark.parametrize("spelling", ["ada", "ADA", " ada ", "\uff41da"])
def test_a_login_counts_however_it_is_spelt(spelling: str) -> None:
    guesses, thief = Guesses(), Origin(network="4:1/24")
    for _ in range(10):
        assert is_admitted(guesses, "ada", thief)
    assert not is_admitted(guesses, spelling, thief)


def test_a_known_browser_has_a_limit_of_its_own() -> None:
    guesses = Guesses()
    assert sum(is_admitted(guesses, "ada", OWNER) for _ in range(1000)) == 20
    assert is_admitted(guesses, "ada", OWNER, now=10.0)
    assert is_admitted(guesses, "ada", Origin(known_as="another browser"))
    assert is_admitted(guesses, "ada", Origin(network=OWNER.network))


def test_this_machine_counts_by_login_alone() -> None:
    """Behind a proxy that tells no addresses everybody comes from there."""
    guesses = Guesses()
    assert sum(is_admitted(guesses, f"user{number % 20}", LOCAL) for number in range(1000)) == 1000
    assert sum(is_admitted(guesses, "ada", LOCAL) for _ in range(1000)) == 100
    for _ in range(1000):
        guesses.admit_code(LOCAL, now=0.0)
        guesses.admit_joining(LOCAL, now=0.0)


def test_codes_and_new_accounts_count_by_network() -> None:
    guesses, thief = Guesses(), Origin(network="4:1/24", known_as="a browser")
    for admit, most in ((guesses.admit_code, 30), (guesses.admit_joining, 10)):
        for _ in range(most):
            admit(thief, now=0.0)
        with pytest.raises(LimitReached):
            admit(thief, now=0.0)
        admit(Origin(network="4:2/24"), now=0.0)
        admit(thief, now=400.0)


def test_long_waits_are_told_in_minutes() -> None:
    guesses, thief = Guesses(), Origin(network="4:1/24")
    for _ in range(10):
        guesses.admit_joining(thief, now=0.0)
    with pytest.raises(LimitReached, match="Please wait 6 minutes"):
        guesses.admit_joining(thief, now=0.0)


def test_memory_stays_bounded_whatever_is_typed() -> None:
    guesses = Guesses()
    for number, thief in enumerate(networks(3 * guessing._MAX_KEYS)):
        is_admitted(guesses, f"login {number} " + "\ud800" * 100, thief)
    for buckets in (guesses._networks, guesses._pairs, guesses._logins):
        assert len(buckets) == guessing._MAX_KEYS
        assert max(len(key) for key in buckets._levels) <= 32


def test_a_repr_tells_no_network_and_no_browser() -> None:
    assert repr(OWNER) == "Origin(is_known=True)"
