"""A request that must not be carried out twice, and what it was answered."""

from datetime import datetime
from uuid import UUID

import msgspec


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer as it is kept: header fields by lower-case name, and the body before any content coding."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def __repr__(self) -> str:
        return f"Answer({self.status})"


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """A key that was claimed: who carries the request out."""

    account_id: UUID
    digest: bytes
    attempt_id: UUID


class ClaimRow(msgspec.Struct, frozen=True, kw_only=True):
    """What the database knows of a key that is somebody's."""

    attempt_id: UUID
    fingerprint: bytes
    is_committed: bool
    answer: bytes | None
    leased_until: datetime
