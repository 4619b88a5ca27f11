"""What the administrator's side deals in: entries of the audit log, suspensions."""

from datetime import date, datetime
from typing import Literal, TypeAlias, get_args
from uuid import UUID

import msgspec

Action: TypeAlias = Literal[
    "account_created",
    "account_limits_changed",
    "account_suspended",
    "account_restored",
    "account_deleted",
    "account_deletion_asked",
    "account_deletion_cancelled",
    "password_reset",
    "second_factor_off",
    "admin_granted",
    "admin_revoked",
    "alias_created",
    "alias_looked_up",
    "alias_suspended",
    "alias_restored",
    "aliases_exported",
    "key_created",
    "key_revoked",
    "shared_domain_added",
    "shared_domain_default",
    "shared_domain_removed",
    "domain_released",
    "plan_created",
    "plan_changed",
    "plan_retired",
    "vouchers_created",
    "voucher_revoked",
    "purchase_refunded",
    "jobs_retried",
]


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Who did what to whom, and when. Logins are those of today; None where the account is gone."""

    entry_id: UUID
    noted_at: datetime
    actor_id: UUID | None
    """None: the operator at the command line."""
    actor_login: str | None
    action: str
    account_id: UUID | None
    account_login: str | None
    subject: str
    details: str


SuspensionReason: TypeAlias = Literal["report", "abuse", "terms", "law", "owner", "other"]
"""A report is looked into; it was used to harm others, or against the terms; an authority or its owner asked for it."""
SUSPENSION_REASONS: tuple[SuspensionReason, ...] = get_args(SuspensionReason)


class NewSuspension(msgspec.Struct, frozen=True, kw_only=True):
    """What the administrator chooses; `words` are for the owner alone."""

    reason: SuspensionReason
    words: str = ""

    def __repr__(self) -> str:
        return f"NewSuspension({self.reason})"


class Suspension(msgspec.Struct, frozen=True, kw_only=True):
    """Why an account or an alias is suspended, as its owner is told."""

    reason: str
    words: str
    suspended_on: date

    def __repr__(self) -> str:
        return f"Suspension({self.reason})"
