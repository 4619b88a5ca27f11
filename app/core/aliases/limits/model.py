"""How many aliases an account may have, and who made one."""

from typing import Literal

import msgspec

MadeBy = Literal["owner", "import", "service"]
"""`service`: a role address, or one that a catch-all made."""


class Allowance(msgspec.Struct, frozen=True, kw_only=True):
    """The account's aliases, those that are deleted aside, and how many there may be."""

    alias_count: int
    alias_limit: int
    aliases_warned: int = 0
    """How full its owner was last told it is, in percent."""

    @property
    def room(self) -> int:
        """How many more can be made."""
        return max(0, self.alias_limit - self.alias_count)
