"""Accounts as administrators see them: who they are, what they may have and what they hold; never what is in them."""

from datetime import date
from typing import Literal, TypeAlias, get_args
from uuid import UUID

import msgspec

from app.core.accounts.model import Account, Usage

Show: TypeAlias = Literal["all", "active", "suspended", "leaving", "standard", "sealed", "admins"]
"""Which accounts a list shows."""
SHOWS: tuple[Show, ...] = get_args(Show)


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """Which accounts are asked for."""

    text: str = ""
    """The beginning of a login, or an id."""
    show: Show = "all"


class MemberRow(Account, frozen=True, kw_only=True):
    """An account with what else the database tells of it."""

    plan: str | None
    last_used_on: date | None
    """The day somebody last signed in; None: never, or not since this is written down."""
    delete_on: date | None
    is_deletion_asked: bool
    """By an administrator; else its owner has asked for the deletion, if anybody."""


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """What an account has besides mail."""

    alias_count: int
    """Those that are deleted aside."""
    domain_count: int
    key_count: int
    webhook_count: int


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One account in full."""

    account: MemberRow
    usage: Usage
    counts: Counts
    is_last_admin: bool
    """The only administrator who can sign in."""


class FoundAlias(msgspec.Struct, frozen=True, kw_only=True):
    """An alias whose address an administrator was told. What its owner wrote about it stays sealed."""

    account_id: UUID
    alias_id: UUID
    address: str
    login: str
    is_suspended: bool
    deleted_on: date | None

    def __repr__(self) -> str:
        return f"FoundAlias({self.alias_id})"
