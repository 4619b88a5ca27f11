"""What a key may give on: by table, and by property."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.auth.keys.strength import EVERYTHING, Strength, given_on, is_within, reaches_within
from app.core.auth.scopes import ALL_SCOPES, SCOPES, Scope
from app.errors import Forbidden

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
SHOP, BANK = UUID(int=1), UUID(int=2)
HERE, THERE = "here.test", "there.test"
READ: frozenset[Scope] = frozenset({"messages:read", "aliases:read"})

# An alias stands on one domain.
places = st.sampled_from([(None, None), (None, HERE), (None, THERE), (SHOP, HERE), (BANK, THERE), (UUID(int=3), HERE)])
ends = st.sampled_from([None, NOW, NOW + timedelta(days=1), NOW + timedelta(days=2)])


@st.composite
def strengths(draw: st.DrawFn) -> Strength:
    alias_id, domain = draw(places)
    scopes = draw(st.frozensets(st.sampled_from(SCOPES), min_size=1))
    return Strength(scopes=scopes, alias_id=alias_id, domain=domain, expires_at=draw(ends))


@pytest.mark.parametrize(
    ("asked", "maker", "given"),
    [
        # What is left out is as with the maker.
        (Strength(), EVERYTHING, Strength()),
        (Strength(scopes=READ), Strength(domain=HERE), Strength(scopes=READ, domain=HERE)),
        (Strength(scopes=READ), Strength(expires_at=NOW), Strength(scopes=READ, expires_at=NOW)),
        (
            Strength(scopes=READ),
            Strength(alias_id=SHOP, domain=HERE, expires_at=NOW),
            Strength(scopes=READ, alias_id=SHOP, domain=HERE, expires_at=NOW),
        ),
        # Narrower is given.
        (Strength(alias_id=SHOP, domain=HERE), Strength(domain=HERE), Strength(alias_id=SHOP, domain=HERE)),
        (Strength(domain=HERE), EVERYTHING, Strength(domain=HERE)),
        (Strength(expires_at=NOW), Strength(expires_at=NOW), Strength(expires_at=NOW)),
        (
            Strength(expires_at=NOW),
            Strength(expires_at=NOW + timedelta(seconds=1)),
            Strength(expires_at=NOW),
        ),
    ],
)
def test_what_is_given(asked: Strength, maker: Strength, given: Strength) -> None:
    assert given_on(asked, maker) == given


@pytest.mark.parametrize(
    ("asked", "maker", "told"),
    [
        (
            Strength(),
            Strength(scopes=ALL_SCOPES - {"keys:write", "rules:read"}),
            "does not have rules:read, keys:write",
        ),
        (Strength(domain=THERE), Strength(domain=HERE), "bound to here.test"),
        (Strength(alias_id=BANK, domain=THERE), Strength(domain=HERE), "bound to here.test"),
        (Strength(domain=HERE), Strength(alias_id=SHOP, domain=HERE), "bound to its own alias"),
        (Strength(alias_id=UUID(int=3), domain=HERE), Strength(alias_id=SHOP, domain=HERE), "its own alias"),
        (Strength(expires_at=NOW + timedelta(microseconds=1)), Strength(expires_at=NOW), "ends before that"),
    ],
)
def test_what_is_refused_says_why(asked: Strength, maker: Strength, told: str) -> None:
    with pytest.raises(Forbidden) as caught:
        given_on(asked, maker)
    assert caught.value.code == "key_too_strong"
    assert told in caught.value.detail


@settings(deadline=None)
@given(asked=strengths(), maker=strengths())
def test_nothing_stronger_is_ever_given(asked: Strength, maker: Strength) -> None:
    try:
        made = given_on(asked, maker)
    except Forbidden:
        assert not is_within(asked, maker)
        return
    assert is_within(made, maker)
    assert made.scopes == asked.scopes
    assert reaches_within(made, asked)


@settings(deadline=None)
@given(one=strengths(), two=strengths(), three=strengths())
def test_strength_is_an_order(one: Strength, two: Strength, three: Strength) -> None:
    assert is_within(one, one)
    assert is_within(one, EVERYTHING)
    if is_within(one, two) and is_within(two, three):
        assert is_within(one, three)
    if is_within(one, two) and is_within(two, one):
        assert one == two
