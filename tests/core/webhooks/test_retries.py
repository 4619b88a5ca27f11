from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.webhooks.sending import retries
from app.core.webhooks.sending.retries import GIVE_UP_AFTER, PAUSES, Health, Outcome, after_attempt
from app.lib.ids import new_id
from app.lib.outbound import Answer

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
A, B = new_id(), new_id()
GOOD, BAD = Answer(status=204, milliseconds=1), Answer(status=500, milliseconds=1)
HUNG = Answer(fault="too_slow", milliseconds=15000)


def after(
    health: Health, event: object = A, *, count: int = 0, answer: Answer = BAD, now: datetime = NOW, chance: float = 0.5
) -> tuple[Health, Outcome]:
    return after_attempt(health, A if event == A else B, count, answer, now=now, chance=chance)


def test_success_makes_all_well() -> None:
    failing, _ = after(Health())
    paused, _ = after(failing, B)
    assert after(paused, answer=GOOD, count=2) == (
        Health(),
        Outcome(state="delivered", attempt_count=3, next_attempt_at=NOW),
    )


def test_one_event_is_tried_for_about_three_days_and_harms_no_other() -> None:
    health, now, waits = Health(), NOW, []
    for count in range(len(PAUSES)):
        health, outcome = after(health, count=count, now=now)
        assert (health.is_paused, health.failing_since, health.failure_count) == (False, NOW, count + 1)
        assert (outcome.state, outcome.attempt_count) == ("pending", count + 1)
        waits.append(round((outcome.next_attempt_at - now).total_seconds()))
        now = outcome.next_attempt_at
    assert tuple(waits) == PAUSES
    assert timedelta(days=2.9) < now - NOW < timedelta(days=3.1)
    health, outcome = after(health, count=len(PAUSES), now=now)
    assert (health, outcome.state) == (Health(), "failed")


def test_two_events_in_a_row_give_the_endpoint_a_rest() -> None:
    health, _ = after(Health())
    again, _ = after(health, count=1)
    assert not again.is_paused
    paused, outcome = after(again, B)
    assert paused.next_attempt_at == outcome.next_attempt_at == NOW + timedelta(seconds=1)
    later, _ = after(paused, A, count=2)
    assert later.next_attempt_at == NOW + timedelta(seconds=5)
    assert (later.pause_count, later.failure_count) == (2, 4)


def test_a_paused_endpoint_gives_up_no_event_and_is_disabled_after_three_days() -> None:
    health, now, attempts = Health(failing_since=NOW, failure_count=1, failed_event_id=B), NOW, 0
    while health.disabled_reason is None:
        health, outcome = after(health, count=attempts, now=now)
        assert outcome.state == "pending"
        attempts, now = attempts + 1, outcome.next_attempt_at
    assert health.disabled_reason == "failing"
    assert now == NOW + GIVE_UP_AFTER
    assert 15 < attempts < 20


def test_gone_is_believed_at_once() -> None:
    health, outcome = after(Health(), answer=Answer(status=410, milliseconds=1))
    assert (health.disabled_reason, outcome.state) == ("gone", "pending")


@pytest.mark.parametrize(
    ("status", "asked", "waits"),
    [(429, 60.0, 60), (503, 7200.0, 7200), (503, 0.0, None), (503, None, None), (500, 60.0, None), (429, 1e12, 86400)],
)
def test_an_endpoint_may_ask_for_a_pause(status: int, asked: float | None, waits: int | None) -> None:
    health, _ = after(Health(), answer=Answer(status=status, retry_after=asked, milliseconds=1))
    assert health.next_attempt_at == (None if waits is None else NOW + timedelta(seconds=waits))


def test_asking_does_not_put_off_the_end() -> None:
    since = NOW - GIVE_UP_AFTER
    asking = Answer(status=429, retry_after=86400, milliseconds=1)
    health, _ = after(Health(failing_since=since + timedelta(seconds=10), failure_count=9), answer=asking)
    assert health.next_attempt_at == NOW + timedelta(seconds=10)
    health, _ = after(Health(failing_since=since, failure_count=9), answer=asking)
    assert health.disabled_reason == "failing"


@pytest.mark.parametrize(
    ("answer", "is_about"),
    [
        (BAD, True),
        (Answer(status=400, milliseconds=1), True),
        (Answer(status=503, milliseconds=1), False),
        (HUNG, False),
    ],
)
def test_what_is_about_the_event(answer: Answer, is_about: bool) -> None:
    assert retries.is_about_the_event(answer) is is_about


@given(st.floats(0, 1), st.integers(0, len(PAUSES) - 1))
def test_chance_spreads_a_little(chance: float, count: int) -> None:
    _, outcome = after(Health(), count=count, chance=chance)
    wait = (outcome.next_attempt_at - NOW).total_seconds()
    assert 0.849 * PAUSES[count] <= wait <= 1.151 * PAUSES[count]
