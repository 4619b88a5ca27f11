"""Whether mail for one recipient is taken. Pure: facts in, a Decision out; no clock, no database."""

from datetime import datetime

import msgspec

from app.core.aliases import expiry
from app.core.aliases.model import Ending, Mailbox
from app.core.domains.model import Obstacle
from app.core.policy.model import Decision, Reason
from app.core.rules.model import Verdict

OK = Decision(accept=True, code=250, enhanced="2.1.5", text="Recipient ok", reason="accepted")

_DEFERRED = 421


def _no(code: int, enhanced: str, text: str, reason: Reason) -> Decision:
    return Decision(accept=False, code=code, enhanced=enhanced, text=text, reason=reason)


BAD_ADDRESS = _no(553, "5.1.3", "This is not a mail address we can read", "bad_address")
RELAY = _no(550, "5.7.1", "We take mail for our own domains only; relaying is denied", "relay")
UNKNOWN = _no(550, "5.1.1", "There is no such address here", "unknown_alias")
SUSPENDED = _no(450, "4.2.1", "This mailbox takes no mail at the moment; try again later", "account_suspended")
LEAVING = _no(450, "4.2.1", SUSPENDED.text, "account_leaving")
ALIAS_SUSPENDED = _no(550, "5.2.1", "This address was suspended and takes no mail", "alias_suspended")
BLOCKED = _no(550, "5.7.1", "This address takes no mail from this sender", "sender_blocked")
OVER_QUOTA = _no(452, "4.2.2", "This mailbox is full; try again later", "over_quota")
NO_ROLE_YET = _no(450, "4.2.1", "Nobody looks after this address yet; try again later", "role_address")
DOMAIN_PAUSED = _no(450, "4.2.1", "This domain takes no mail at the moment; try again later", "domain_paused")
TOO_MANY_NEW = _no(450, "4.2.1", "This domain takes no more new addresses for now; try again later", "too_many_new")
TOO_MANY = _no(452, "4.5.3", "Too many recipients in one message; send the rest in another", "too_many_recipients")
LOOKUP_FAILED = _no(451, "4.3.0", "We cannot look this address up right now; try again later", "lookup_failed")

_OBSTACLES: dict[Obstacle, Decision] = {"domain_paused": DOMAIN_PAUSED, "too_many_new": TOO_MANY_NEW}
_ENDINGS: dict[Ending, Reason] = {"date": "alias_expired", "count": "alias_limit", "idle": "alias_idle"}


def decide(
    mailbox: Mailbox | None,
    *,
    is_our_domain: bool,
    is_role: bool,
    announced_size: int,
    verdict: Verdict | None,
    now: datetime,
    obstacle: Obstacle | None = None,
) -> Decision:
    """Decide on a recipient whose address is well-formed.

    `postmaster` and `abuse` of our own domains (`is_role`) are taken whatever state their alias is in, and from
    whomever.

    `announced_size` is what MAIL's SIZE parameter said (RFC 1870), in bytes; 0 when it was silent. `verdict` is what
    the rules say of the envelope's sender, `obstacle` what keeps mail for an unknown address out for now.
    """
    if mailbox is None:
        return _of_nobody(is_our_domain=is_our_domain, is_role=is_role, obstacle=obstacle)
    if mailbox.is_domain_paused:
        return DOMAIN_PAUSED
    if is_role:
        return OK
    closed = _of_closed(mailbox, now)
    if closed is not None:
        return closed
    if verdict == "block":
        return BLOCKED
    if mailbox.stored_bytes + announced_size > mailbox.storage_limit:
        return OVER_QUOTA
    return OK


def _of_nobody(*, is_our_domain: bool, is_role: bool, obstacle: Obstacle | None) -> Decision:
    if not is_our_domain:
        return RELAY
    if obstacle is not None:
        return _OBSTACLES[obstacle]
    return NO_ROLE_YET if is_role else UNKNOWN


def unconditional(mailbox: Mailbox) -> Mailbox:
    """The mailbox of a role address, whose alias takes mail of everybody and without end, whatever is set."""
    return msgspec.structs.replace(mailbox, has_rules=False, screening="open", messages_left=None)


def stopped(mailbox: Mailbox, reason: Reason) -> Decision:
    """What its owner chose for when the alias takes no mail: 550, 421, or a 250 for mail that is dropped."""
    match mailbox.when_disabled:
        case "refuse":
            return _no(550, "5.1.1", "This address no longer takes mail", reason)
        case "defer":
            return _no(_DEFERRED, "4.2.1", "This address takes no mail at the moment; try again later", reason)
        case "discard":
            return Decision(accept=True, code=250, enhanced="2.1.5", text=OK.text, reason=reason, keep=False)


def beside_others(decision: Decision) -> Decision:
    """The same for a transaction that has recipients already: 450 for 421.

    By RFC 5321 section 4.2.3 421 says that the connection ends, and clients that hang up then leave the others' mail
    unsent, at each new attempt.
    """
    return msgspec.structs.replace(decision, code=450) if decision.code == _DEFERRED else decision


def _of_closed(mailbox: Mailbox, now: datetime) -> Decision | None:
    """What the state of the account, then that of the alias, says; None where both take mail."""
    if mailbox.status != "active":
        return LEAVING if mailbox.status == "leaving" else SUSPENDED
    if mailbox.is_suspended:
        return ALIAS_SUSPENDED
    reason = _why_closed(mailbox, now)
    return None if reason is None else stopped(mailbox, reason)


def _why_closed(mailbox: Mailbox, now: datetime) -> Reason | None:
    if not mailbox.is_enabled:
        return "alias_disabled"
    ending = expiry.ending(
        expires_at=mailbox.expires_at,
        messages_left=mailbox.messages_left,
        idle_days=mailbox.idle_days,
        idle_from=mailbox.idle_from,
        last_received_on=mailbox.last_received_on,
        now=now,
    )
    return None if ending is None else _ENDINGS[ending]
