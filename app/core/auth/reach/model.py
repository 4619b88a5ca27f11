"""What can be looked up to see whether it is in a key's reach."""

from typing import Literal

Kind = Literal["alias", "message", "rule", "refusal"]
"""What has an alias, or is one."""
