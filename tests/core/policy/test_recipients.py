from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from app.core.aliases.model import Mailbox, Screening, WhenDisabled
from app.core.policy import contents, recipients
from app.core.policy.model import Reason
from app.core.rules.matching import Finding
from app.core.rules.model import Verdict

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
TODAY = date(2026, 3, 31)
DAY = timedelta(days=1)

ALL = [
    recipients.BAD_ADDRESS,
    recipients.RELAY,
    recipients.UNKNOWN,
    recipients.SUSPENDED,
    recipients.ALIAS_SUSPENDED,
    recipients.BLOCKED,
    recipients.OVER_QUOTA,
    recipients.NO_ROLE_YET,
    recipients.TOO_MANY,
    recipients.LOOKUP_FAILED,
    recipients.DOMAIN_PAUSED,
    recipients.TOO_MANY_NEW,
]


def box(
    *,
    is_enabled: bool = True,
    when_disabled: WhenDisabled = "refuse",
    status: str = "active",
    stored: int = 0,
    expires_at: datetime | None = None,
    messages_left: int | None = None,
    idle_days: int | None = None,
    idle_from: date | None = None,
    last_received_on: date | None = None,
    screening: Screening = "open",
    is_suspended: bool = False,
) -> Mailbox:
    return Mailbox(
        account_id=UUID(int=1),
        alias_id=UUID(int=2),
        address="shop@x.test",
        is_enabled=is_enabled,
        when_disabled=when_disabled,
        status=status,
        kind="standard",
        public_key=b"",
        index_key=b"",
        storage_limit=1000,
        stored_bytes=stored,
        expires_at=expires_at,
        messages_left=messages_left,
        idle_days=idle_days,
        idle_from=idle_from,
        last_received_on=last_received_on,
        screening=screening,
        is_suspended=is_suspended,
    )


SUSPENDED_AND_OFF = box(status="suspended", is_enabled=False, stored=2000)


@pytest.mark.parametrize(
    ("mailbox", "is_ours", "is_role", "size", "code", "reason", "keep"),
    [
        (box(), True, False, 0, 250, "accepted", True),
        (box(), True, False, 1000, 250, "accepted", True),
        (box(stored=400), True, False, 600, 250, "accepted", True),
        (box(stored=400), True, False, 601, 452, "over_quota", True),
        (box(stored=1000), True, False, 0, 250, "accepted", True),
        (box(stored=1001), True, False, 0, 452, "over_quota", True),
        (box(is_enabled=False), True, False, 0, 550, "alias_disabled", True),
        (box(is_enabled=False, when_disabled="defer"), True, False, 0, 421, "alias_disabled", True),
        (box(is_enabled=False, when_disabled="discard"), True, False, 0, 250, "alias_disabled", False),
        (box(when_disabled="discard"), True, False, 0, 250, "accepted", True),
        (box(status="suspended"), True, False, 0, 450, "account_suspended", True),
        (box(status="leaving"), True, False, 0, 450, "account_leaving", True),
        (SUSPENDED_AND_OFF, True, False, 0, 450, "account_suspended", True),
        (box(is_suspended=True), True, False, 0, 550, "alias_suspended", True),
        (box(is_suspended=True, when_disabled="discard"), True, False, 0, 550, "alias_suspended", True),
        (box(is_suspended=True, is_enabled=False), True, False, 0, 550, "alias_suspended", True),
        (box(is_suspended=True, status="suspended"), True, False, 0, 450, "account_suspended", True),
        (box(is_suspended=True), True, True, 0, 250, "accepted", True),
        (SUSPENDED_AND_OFF, True, True, 5000, 250, "accepted", True),
        (None, True, False, 0, 550, "unknown_alias", True),
        (None, True, True, 0, 450, "role_address", True),
        (None, False, False, 0, 550, "relay", True),
        (None, False, True, 0, 550, "relay", True),
    ],
)
def test_decisions(
    mailbox: Mailbox | None, *, is_ours: bool, is_role: bool, size: int, code: int, reason: Reason, keep: bool
) -> None:
    made = recipients.decide(
        mailbox, is_our_domain=is_ours, is_role=is_role, announced_size=size, verdict=None, now=NOW
    )
    assert (made.code, made.reason, made.keep) == (code, reason, keep)
    assert made.accept == (code == 250)


@pytest.mark.parametrize(
    ("mailbox", "reason"),
    [
        (box(expires_at=NOW), "alias_expired"),
        (box(expires_at=NOW + timedelta(microseconds=1)), "accepted"),
        (box(messages_left=0), "alias_limit"),
        (box(messages_left=1), "accepted"),
        (box(idle_days=3, idle_from=TODAY - 3 * DAY), "accepted"),
        (box(idle_days=3, idle_from=TODAY - 4 * DAY), "alias_idle"),
        (box(idle_days=3, idle_from=TODAY - 9 * DAY, last_received_on=TODAY - 3 * DAY), "accepted"),
        (box(idle_days=3, idle_from=TODAY - 2 * DAY, last_received_on=TODAY - 9 * DAY), "accepted"),
        (box(is_enabled=False, messages_left=0), "alias_disabled"),
        (box(expires_at=NOW, messages_left=0, idle_days=1, idle_from=TODAY - 9 * DAY), "alias_expired"),
        (box(screening="known"), "accepted"),
    ],
)
@pytest.mark.parametrize("when_disabled", ["refuse", "defer", "discard"])
def test_an_alias_that_has_ended_answers_as_its_owner_chose(
    mailbox: Mailbox, reason: Reason, when_disabled: WhenDisabled
) -> None:
    chosen = msgspec.structs.replace(mailbox, when_disabled=when_disabled)
    made = recipients.decide(chosen, is_our_domain=True, is_role=False, announced_size=0, verdict=None, now=NOW)
    assert made.reason == reason
    if reason == "accepted":
        assert made == recipients.OK
    else:
        assert (made.code, made.keep) == {"refuse": (550, True), "defer": (421, True), "discard": (250, False)}[
            when_disabled
        ]
    role = recipients.decide(chosen, is_our_domain=True, is_role=True, announced_size=0, verdict="block", now=NOW)
    assert role == recipients.OK


@pytest.mark.parametrize(
    ("mailbox", "verdict", "reason"),
    [
        (box(), "block", "sender_blocked"),
        (box(), "allow", "accepted"),
        (box(stored=2000), "block", "sender_blocked"),
        (box(stored=2000), "allow", "over_quota"),
        (box(is_enabled=False), "block", "alias_disabled"),
        (box(is_enabled=False), "allow", "alias_disabled"),
        (box(status="suspended"), "block", "account_suspended"),
    ],
)
def test_what_stands_in_the_way_first_is_told(mailbox: Mailbox, verdict: Verdict, reason: Reason) -> None:
    made = recipients.decide(mailbox, is_our_domain=True, is_role=False, announced_size=0, verdict=verdict, now=NOW)
    assert made.reason == reason


BLOCK, ALLOW = Finding(verdict="block", rule_id=UUID(int=1)), Finding(verdict="allow", rule_id=UUID(int=2))


@pytest.mark.parametrize(
    ("screening", "envelope", "authors", "reason", "finding"),
    [
        ("open", None, [], "accepted", None),
        ("open", None, [None], "accepted", None),
        ("open", None, [ALLOW], "accepted", ALLOW),
        ("open", ALLOW, [None], "accepted", ALLOW),
        ("open", ALLOW, [BLOCK], "sender_blocked", BLOCK),
        ("open", None, [None, BLOCK], "sender_blocked", BLOCK),
        ("open", None, [ALLOW, BLOCK], "sender_blocked", BLOCK),
        ("known", None, [], "held", None),
        ("known", None, [None], "held", None),
        ("known", None, [ALLOW], "accepted", ALLOW),
        ("known", ALLOW, [], "accepted", ALLOW),
        ("known", ALLOW, [None], "accepted", ALLOW),
        ("known", None, [ALLOW, None], "held", None),
        ("known", None, [ALLOW, ALLOW], "accepted", ALLOW),
        ("known", ALLOW, [BLOCK], "sender_blocked", BLOCK),
    ],
)
def test_copies_are_kept_by_whom_they_are_from(
    *,
    screening: Screening,
    envelope: Finding | None,
    authors: list[Finding | None],
    reason: Reason,
    finding: Finding | None,
) -> None:
    mailbox = box(screening=screening)
    made = contents.decide(mailbox, envelope=envelope, authors=[contents.Author(finding=one) for one in authors])
    assert (made.decision.reason, made.finding) == (reason, finding)
    role = recipients.unconditional(mailbox)
    assert contents.decide(role, envelope=None, authors=[contents.Author(finding=None)]).decision == recipients.OK


@pytest.mark.parametrize(
    ("authors", "reason"),
    [
        ([(None, True)], "accepted"),
        ([(None, True), (ALLOW, False)], "accepted"),
        ([(None, True), (None, False)], "held"),
        ([(None, True), (BLOCK, True)], "sender_blocked"),
        ([], "held"),
    ],
)
def test_who_has_written_before_is_known(authors: list[tuple[Finding | None, bool]], reason: Reason) -> None:
    people = [contents.Author(finding=finding, is_known=is_known) for finding, is_known in authors]
    made = contents.decide(box(screening="known"), envelope=None, authors=people)
    assert made.decision.reason == reason


def test_codes_and_enhanced_codes_agree_and_texts_name_nobody() -> None:
    closed = [recipients.stopped(box(when_disabled=choice), "alias_idle") for choice in ("refuse", "defer")]
    for decision in [*ALL, *closed]:
        assert not decision.accept
        assert decision.enhanced[0] == str(decision.code)[0]
        assert decision.text.isascii()
        assert "\n" not in decision.text
        assert "@" not in decision.text
    assert len({decision.text for decision in [*ALL, *closed]}) == len(ALL) + 2
