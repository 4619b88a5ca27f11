"""An alias as others are told of it, in the words of the API and of webhooks."""

from uuid import UUID

import msgspec


class AliasRef(msgspec.Struct, frozen=True, kw_only=True):
    """The alias that something is about; of a message, the one it came to."""

    id: UUID
    email: str
