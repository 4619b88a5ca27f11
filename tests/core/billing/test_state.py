"""What a set of facts amounts to: tried in every order, and with every fact told twice."""

from itertools import permutations

import pytest

from app.core.billing.purchases.model import Fact, FactKind, State, VoucherState
from app.core.billing.purchases.state import change_of, state_of


def facts(*kinds: FactKind) -> list[Fact]:
    return [
        Fact(event_id=f"evt_{number}", kind=kind, payment="pi", dispute="dp" if kind.startswith("dispute") else None)
        for number, kind in enumerate(kinds)
    ]


CASES: list[tuple[list[FactKind], State]] = [
    ([], "open"),
    (["completed_unpaid"], "processing"),
    (["expired"], "expired"),
    (["completed_paid"], "paid"),
    (["completed_unpaid", "async_succeeded"], "paid"),
    (["completed_unpaid", "async_failed"], "failed"),
    (["completed_paid", "refunded_part"], "paid"),
    (["completed_paid", "refunded_part", "refunded_whole"], "refunded"),
    (["completed_paid", "dispute_opened"], "disputed"),
    (["completed_paid", "dispute_opened", "dispute_opened", "dispute_won"], "paid"),
    (["completed_paid", "dispute_opened", "dispute_lost"], "lost"),
    (["completed_unpaid", "async_succeeded", "dispute_opened", "dispute_won", "refunded_whole"], "refunded"),
    (["completed_unpaid", "async_succeeded", "refunded_whole", "dispute_opened", "dispute_lost"], "lost"),
]


class Till:
    """What the service does with each fact, with a set in the table's place."""

    def __init__(self) -> None:
        self.known: list[Fact] = []
        self.state: State = "open"
        self.voucher: VoucherState = "none"
        self.is_there = False

    def take(self, fact: Fact) -> None:
        if fact in self.known:
            return
        self.known.append(fact)
        self.state = state_of(self.known)
        change = change_of(self.state, self.voucher)
        if change == "make":
            self.voucher, self.is_there = "made", True
        elif change == "withdraw":
            self.voucher, self.is_there = ("withdrawn" if self.is_there else "redeemed"), False


@pytest.mark.parametrize(("kinds", "state"), CASES, ids=str)
def test_every_order_ends_alike(kinds: list[FactKind], state: State) -> None:
    for order in permutations(facts(*kinds)):
        till = Till()
        for fact in order:
            till.take(fact)
            till.take(fact)
        assert till.state == state
        assert till.is_there == (state == "paid")


@pytest.mark.parametrize(("kinds", "state"), [case for case in CASES if case[1] not in {"open", "expired"}], ids=str)
def test_a_voucher_that_was_redeemed_never_comes_back(kinds: list[FactKind], state: State) -> None:
    for order in permutations(facts(*kinds)):
        till = Till()
        was_redeemed = False
        for fact in order:
            till.take(fact)
            if till.is_there and not was_redeemed:
                was_redeemed, till.is_there = True, False
            assert not (was_redeemed and till.is_there)
        assert till.state == state
        assert not till.is_there
