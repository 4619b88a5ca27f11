"""Who may see the pages below /admin: nobody else is told that they are there. And the words these pages use."""

from collections.abc import Mapping
from typing import Any

from litestar import Request
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from app.core.administration.model import Action
from app.errors import NotFound
from app.web.session import FreshSession, GivenSession, Session, provide_fresh_session

GivenAdmin = NamedDependency[SkipValidation[Session]]
"""The session of an administrator; a handler asks for it by the name `admin`."""
GivenFreshAdmin = NamedDependency[SkipValidation[FreshSession]]
"""The same with the password just given, for changes; by the name `fresh_admin`."""

_ACTIONS: Mapping[Action, str] = {
    "account_created": "made the account",
    "account_limits_changed": "changed the limits of the account",
    "account_suspended": "suspended the account",
    "account_restored": "restored the account",
    "account_deleted": "deleted the account",
    "account_deletion_asked": "put the account down for deletion",
    "account_deletion_cancelled": "kept the account after all",
    "admin_granted": "made the account an administrator's",
    "admin_revoked": "made the account an ordinary one",
    "alias_created": "made an alias in the account",
    "alias_looked_up": "looked up an alias of the account by its address",
    "alias_suspended": "suspended an alias of the account",
    "alias_restored": "restored an alias of the account",
    "aliases_exported": "exported the aliases of the account",
    "key_created": "made an API key of the account",
    "key_revoked": "revoked an API key of the account",
    "shared_domain_added": "added a shared domain",
    "shared_domain_default": "made a shared domain the default",
    "shared_domain_removed": "removed a shared domain",
    "domain_released": "released a domain from its account",
    "plan_created": "made a plan",
    "plan_changed": "changed a plan",
    "plan_retired": "took a plan off sale",
    "vouchers_created": "made vouchers",
    "voucher_revoked": "revoked a voucher",
    "purchase_refunded": "refunded a purchase",
    "jobs_retried": "had a failed job repeated",
}


async def provide_admin(session: GivenSession) -> Session:
    """The session, where it is an administrator's. Raises NotFound for everybody else."""
    if not session.actor.is_admin:
        raise NotFound
    return session


async def provide_fresh_admin(request: Request[Any, Any, Any], session: GivenSession) -> FreshSession:
    """The same where the password was given within ten minutes. Raises NotFound, PasswordNeeded."""
    return await provide_fresh_session(request, await provide_admin(session))


def action_words(action: str) -> str:
    """What was done, as the end of a sentence about who did it; actions that are not known yet as they are."""
    return next((words for known, words in _ACTIONS.items() if known == action), action.replace("_", " "))
