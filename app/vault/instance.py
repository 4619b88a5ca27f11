"""The instance key, and nothing that it protects: every key the server itself holds comes from it."""

from uuid import UUID

from app.errors import Invalid
from app.vault.account_keys import AccountKeys
from app.vault.aead import context, derive_key

MIN_SECRET_LENGTH = 32


class InstanceKey:
    """The key behind RESTANTE_SECRET. No Struct or dataclass, so that no encoder can write it out by accident."""

    __slots__ = ("_secret", "_subkeys", "account_keys")

    def __init__(self, secret: str, account_keys: AccountKeys | None = None) -> None:
        """Space around `secret` does not count (files end in a newline); fewer than 32 characters: Invalid.

        With `account_keys`, what is held of an account is under its own key, too.
        """
        text = secret.strip()
        if len(text) < MIN_SECRET_LENGTH:
            message = f"RESTANTE_SECRET must have at least {MIN_SECRET_LENGTH} characters, made at random."
            raise Invalid.field("RESTANTE_SECRET", message)
        # What the environment holds need not be UTF-8; Python hands such bytes on as surrogates (PEP 383).
        self._secret = text.encode("utf-8", "surrogateescape")
        self._subkeys: dict[str, bytes] = {}
        self.account_keys = account_keys

    def __repr__(self) -> str:
        return "InstanceKey(…)"

    def subkey(self, label: str) -> bytes:
        """32 bytes that only this key and `label` give (HKDF-SHA256); a purpose has a label of its own."""
        key = self._subkeys.get(label)
        if key is None:
            key = self._subkeys[label] = derive_key(self._secret, context("instance", label.encode()))
        return key

    def account_subkey(self, label: str, account_id: UUID) -> bytes:
        """What keys of one account are derived from: the subkey and, where the account has one, its own key."""
        return self.subkey(label) + (self.account_keys.get(account_id) if self.account_keys else b"")
