"""The address of the page where the first account is made: only who has the instance key can know it."""

from app.vault.instance import InstanceKey
from app.vault.tokens import secrets_equal

_TOKEN_CHARS = 32


def setup_path(instance: InstanceKey) -> str:
    """`/setup/<token>`, to be told to the operator at the start."""
    return f"/setup/{_token(instance)}"


def is_setup_token(instance: InstanceKey, token: str) -> bool:
    """Whether `token` is the one in `setup_path`, compared in constant time."""
    return secrets_equal(token, _token(instance))


def _token(instance: InstanceKey) -> str:
    return instance.subkey("setup page").hex()[:_TOKEN_CHARS]
