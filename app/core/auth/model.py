"""Who is acting: the account, its open keyring, and by which credential."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec

from app.core.accounts.model import Account, Kind
from app.core.auth.scopes import SCOPES, Scope, ScopeMissing
from app.errors import Forbidden
from app.vault.keyring import HolderKind, Keyring


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """What part of an account a credential sees: an alias, the aliases on a domain, or (neither) all of it."""

    alias_id: UUID | None = None
    domain: str | None = None

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left out."""
        return self.alias_id is None and self.domain is None

    def holds(self, alias_id: UUID, address: str) -> bool:
        """Whether what belongs to this alias is seen."""
        if self.alias_id is not None:
            return alias_id == self.alias_id
        return self.domain is None or address.rpartition("@")[2] == self.domain


WHOLE = Reach()


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """An authenticated caller. Exactly one of `session_id` and `key_id` is set."""

    account_id: UUID
    login: str
    is_admin: bool
    keyring: Keyring
    kind: Kind = "standard"
    session_id: UUID | None = None
    key_id: UUID | None = None
    scopes: frozenset[Scope] = frozenset()
    """What it may do; a session may do everything."""
    reach: Reach = WHOLE
    """Of bound keys less than all: lists leave the rest out, and everything else in it is not found."""
    fresh_until: datetime | None = None
    """Of sessions: until when the password counts as just given; what is sensitive asks for it again after that."""
    used_on: date | None = None
    """Of keys: the last day on which this one was used before."""
    has_failing_domain: bool = False
    """Of sessions: the proof of one of the account's domains is missing, which every page says."""
    has_disabled_webhook: bool = False
    """Of sessions: one of the account's webhooks was switched off because its endpoint failed; said likewise."""

    @property
    def is_bound(self) -> bool:
        """Whether it sees but a part of the account."""
        return not self.reach.is_whole

    @property
    def alias_id(self) -> UUID | None:
        """The alias that a key is bound to."""
        return self.reach.alias_id

    @property
    def domain(self) -> str | None:
        """The domain that a key is bound to."""
        return self.reach.domain

    def is_fresh(self, *, now: datetime) -> bool:
        """Whether its owner has given the password in the last ten minutes."""
        return self.fresh_until is not None and now < self.fresh_until

    def assert_may(self, scope: Scope) -> None:
        """Raises ScopeMissing."""
        if scope not in self.scopes:
            raise ScopeMissing(scope)

    def __repr__(self) -> str:
        return f"Actor({self.account_id})"


class AccountSuspended(Forbidden):
    """An administrator has suspended the account; `administration.suspensions` says why, to who knows its password."""

    def __init__(self, account_id: UUID) -> None:
        super().__init__("This account is suspended. Ask the administrator of this service.", code="suspended")
        self.account_id = account_id


class AccountLeaving(Forbidden):
    """Its owner has asked for the account's deletion: signed in, one can come back, and nothing else."""

    def __init__(self) -> None:
        super().__init__("This account is to be deleted. Sign in in a browser to keep it.", code="account_leaving")


class NewSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session just made; `cookie` is shown to the browser once and only its hash is stored."""

    session_id: UUID
    cookie: str
    expires_at: datetime
    is_pending: bool = False
    """Whether the second factor is outstanding."""

    def __repr__(self) -> str:
        return "NewSession()"


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """Who has just given what opens the account, with its open keyring; not signed in before a session is started."""

    account: Account
    keyring: Keyring

    def __repr__(self) -> str:
        return f"SignedIn({self.account.account_id})"


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """An account just sealed, to be signed in to anew; `recovery_code` is shown once, only its hash is stored."""

    signed_in: SignedIn
    recovery_code: str
    sessions_ended: int
    keys_revoked: int
    webhooks_lessened: int
    """That were told all of a message, and now are told the least."""

    def __repr__(self) -> str:
        return f"Sealed({self.signed_in!r})"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return []


class Recovered(msgspec.Struct, frozen=True, kw_only=True):
    """Who has given a recovery code and a new password; `recovery_code` takes the old one's place, shown once."""

    signed_in: SignedIn
    recovery_code: str

    def __repr__(self) -> str:
        return f"Recovered({self.signed_in!r})"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return []


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """What the database knows of a session or API key, with the account and the wrap of its keyring.

    The wrap is the instance's, or the credential's own, or (None) there is neither.
    """

    account_id: UUID
    login: str
    is_admin: bool
    status: str
    secret_hash: bytes
    expires_at: datetime | None
    holder_id: UUID | None
    holder_kind: HolderKind | None
    keyring: bytes | None
    credential_id: UUID
    kind: Kind
    scopes: Sequence[str] = SCOPES
    alias_id: UUID | None = None
    domain: str | None = None
    last_used_on: date | None = None
    is_pending: bool = False
    fresh_until: datetime | None = None
    has_failing_domain: bool = False
    has_disabled_webhook: bool = False
