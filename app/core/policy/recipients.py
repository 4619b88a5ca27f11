"""Whether mail for one recipient is taken. Pure: facts in, a Decision out; no clock, no database."""

from app.core.aliases.model import Mailbox
from app.core.policy.model import Decision, Reason

_OK = Decision(accept=True, code=250, enhanced="2.1.5", text="Recipient ok", reason="accepted")
_DISCARD = Decision(accept=True, code=250, enhanced="2.1.5", text="Recipient ok", reason="discarded", keep=False)


def _no(code: int, enhanced: str, text: str, reason: Reason) -> Decision:
    return Decision(accept=False, code=code, enhanced=enhanced, text=text, reason=reason)


BAD_ADDRESS = _no(553, "5.1.3", "This is not a mail address we can read", "bad_address")
RELAY = _no(550, "5.7.1", "We take mail for our own domains only; relaying is denied", "relay")
UNKNOWN = _no(550, "5.1.1", "There is no such address here", "unknown_alias")
DISABLED = _no(550, "5.1.1", "This address no longer takes mail", "alias_disabled")
DEFERRED = _no(421, "4.2.1", "This address takes no mail at the moment; try again later", "alias_disabled")
SUSPENDED = _no(450, "4.2.1", "This mailbox takes no mail at the moment; try again later", "account_suspended")
OVER_QUOTA = _no(452, "4.2.2", "This mailbox is full; try again later", "over_quota")
NO_ROLE_YET = _no(450, "4.2.1", "Nobody looks after this address yet; try again later", "role_address")
TOO_MANY = _no(452, "4.5.3", "Too many recipients in one message; send the rest in another", "too_many_recipients")
LOOKUP_FAILED = _no(451, "4.3.0", "We cannot look this address up right now; try again later", "lookup_failed")


def decide(mailbox: Mailbox | None, *, is_our_domain: bool, is_role: bool, announced_size: int) -> Decision:
    """Decide on a recipient whose address is well-formed.

    `postmaster` and `abuse` of our own domains (`is_role`) are taken whatever state their alias is in.

    `announced_size` is what MAIL's SIZE parameter said (RFC 1870), in bytes; 0 when it was silent.
    """
    if mailbox is None:
        if not is_our_domain:
            return RELAY
        return NO_ROLE_YET if is_role else UNKNOWN
    if is_role:
        return _OK
    if mailbox.status != "active":
        return SUSPENDED
    if not mailbox.is_enabled:
        return {"refuse": DISABLED, "defer": DEFERRED, "discard": _DISCARD}[mailbox.when_disabled]
    if mailbox.stored_bytes + announced_size > mailbox.storage_limit:
        return OVER_QUOTA
    return _OK
