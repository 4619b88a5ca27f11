"""What a TNEF stream holds, as its reader sees it."""

import msgspec

MAX_TNEF_BYTES = 25 * 1024 * 1024
"""Of a stream; it has to be in memory to be read."""
MAX_MEMBERS = 100
MAX_BODY_BYTES = 1024 * 1024
"""Of each body, before and after it is unpacked."""


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A file inside. Name and type are the sender's word; either may be empty."""

    filename: str
    content_type: str
    content_id: str
    data: memoryview

    def __repr__(self) -> str:
        return f"Member({len(self.data)} bytes)"


class Tnef(msgspec.Struct, frozen=True, kw_only=True):
    """The text, the HTML (hostile, as it came) and the files of a stream; either body may be empty."""

    text: str
    html: str
    is_truncated: bool
    """A body was longer than 1 MiB and ends there."""
    members: tuple[Member, ...]
