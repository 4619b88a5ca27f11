from uuid import UUID

import pytest

from app.core.aliases.model import Mailbox, WhenDisabled
from app.core.policy import recipients
from app.core.policy.model import Reason

ALL = [
    recipients.BAD_ADDRESS,
    recipients.RELAY,
    recipients.UNKNOWN,
    recipients.DISABLED,
    recipients.DEFERRED,
    recipients.SUSPENDED,
    recipients.OVER_QUOTA,
    recipients.NO_ROLE_YET,
    recipients.TOO_MANY,
    recipients.LOOKUP_FAILED,
]


def box(
    *,
    is_enabled: bool = True,
    when_disabled: WhenDisabled = "refuse",
    status: str = "active",
    stored: int = 0,
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
        (box(is_enabled=False, when_disabled="discard"), True, False, 0, 250, "discarded", False),
        (box(when_disabled="discard"), True, False, 0, 250, "accepted", True),
        (box(status="suspended"), True, False, 0, 450, "account_suspended", True),
        (SUSPENDED_AND_OFF, True, False, 0, 450, "account_suspended", True),
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
    made = recipients.decide(mailbox, is_our_domain=is_ours, is_role=is_role, announced_size=size)
    assert (made.code, made.reason, made.keep) == (code, reason, keep)
    assert made.accept == (code == 250)


def test_codes_and_enhanced_codes_agree_and_texts_name_nobody() -> None:
    for decision in ALL:
        assert not decision.accept
        assert decision.enhanced[0] == str(decision.code)[0]
        assert decision.text.isascii()
        assert "\n" not in decision.text
        assert "@" not in decision.text
    assert len({decision.text for decision in ALL}) == len(ALL)
