"""Who may make an account, and what whoever does it says."""

from typing import Literal

JoiningMode = Literal["closed", "open", "voucher", "purchase"]
"""Nobody, everybody, whoever has a voucher, and the same with the way to the shop that sells them."""
