"""What the actions in the audit log are called on pages. Pure: `app.web.view` needs it before there is a session."""

from collections.abc import Mapping

from app.core.administration.model import Action

_ACTIONS: Mapping[Action, str] = {
    "account_created": "made the account",
    "account_limits_changed": "changed the limits of the account",
    "account_suspended": "suspended the account",
    "account_restored": "restored the account",
    "account_deleted": "deleted the account",
    "account_deletion_asked": "put the account down for deletion",
    "account_deletion_cancelled": "kept the account after all",
    "second_factor_off": "switched the second factor of the account off",
    "password_reset": "set the password of the account anew",
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


def action_words(action: str) -> str:
    """What was done, as the end of a sentence about who did it; actions that are not known yet as they are."""
    return next((words for known, words in _ACTIONS.items() if known == action), action.replace("_", " "))
