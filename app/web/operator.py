"""What the operator of a service tells its visitors: whom to write to about a hole, and on what terms it is offered."""

import msgspec

from app.web.papers import Paper


class Operator(msgspec.Struct, frozen=True, kw_only=True):
    """By default nothing."""

    security_contact: str | None = None
    """A URI (RFC 9116 section 2.5.3)."""
    terms: Paper | None = None


NOTHING_TOLD = Operator()
