"""A decision about mail is a value: what to answer, and why, in one word for the owner, the logs and the counters."""

from typing import Literal

import msgspec

Reason = Literal[
    "accepted",
    "discarded",
    "role_address",
    "bad_address",
    "relay",
    "unknown_alias",
    "alias_disabled",
    "alias_expired",
    "alias_limit",
    "alias_idle",
    "account_suspended",
    "sender_blocked",
    "held",
    "over_quota",
    "too_large",
    "line_too_long",
    "bare_cr_lf",
    "too_many_recipients",
    "lookup_failed",
]


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """`code` and `enhanced` are SMTP's (RFC 5321 section 4.2, RFC 3463); `text` is public and names no account."""

    accept: bool
    code: int
    enhanced: str
    text: str
    reason: Reason
    keep: bool = True
    """False: the sender gets a 250, the message is dropped, as the alias's owner chose."""
