"""A decision about mail is a value: what to answer, and why, in one word for the owner, the logs and the counters."""

from typing import Literal

import msgspec

from app.core.aliases.model import Mailbox
from app.core.rules.matching import Finding

Reason = Literal[
    "accepted",
    "role_address",
    "bad_address",
    "relay",
    "unknown_alias",
    "alias_disabled",
    "alias_expired",
    "alias_limit",
    "alias_idle",
    "alias_suspended",
    "account_suspended",
    "account_leaving",
    "domain_paused",
    "too_many_new",
    "sender_blocked",
    "held",
    "over_quota",
    "too_large",
    "line_too_long",
    "bare_cr_lf",
    "too_many_recipients",
    "lookup_failed",
]
"""Why; the code beside it tells what was answered: an alias that is disabled with 250 took the mail and dropped it."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """`code` and `enhanced` are SMTP's (RFC 5321 section 4.2, RFC 3463); `text` is public and names no account."""

    accept: bool
    code: int
    enhanced: str
    text: str
    reason: Reason
    keep: bool = True
    """False: the sender gets a 250, the message is dropped, as the alias's owner chose."""


class Ruling(msgspec.Struct, frozen=True, kw_only=True):
    """What is decided on a recipient, whose mailbox it is, and what the rules say of the envelope's sender."""

    decision: Decision
    mailbox: Mailbox | None = None
    finding: Finding | None = None


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What is decided on a copy of a message, and the rule that did, if one did."""

    decision: Decision
    finding: Finding | None = None
