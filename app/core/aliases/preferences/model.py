"""What an account's new aliases look like unless something else is asked for."""

import msgspec

from app.core.aliases.model import Format


class Preferences(msgspec.Struct, frozen=True, kw_only=True):
    """None: the service's own, words and the first domain."""

    format: Format | None = None
    domain: str | None = None
    """In A-labels."""
