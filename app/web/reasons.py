"""Why mail was refused, why something is suspended, what is to be careful about, in the owner's words. Pure."""

from collections.abc import Mapping
from http import HTTPStatus

from app.core.administration.model import Suspension
from app.core.messages.html.hosts import is_deceptive, readable_form
from app.core.rules.cautions import Caution
from app.core.rules.model import Rule
from app.web.dates import day

_CAUTIONS: Mapping[Caution, str] = {
    "mail_provider": "this is a mail provider, where anybody can have an address; a rule about it meets all of them.",
    "sending_service": "this service sends mail for many others; a rule about it meets all of them.",
    "public_suffix": "many owners have domains below this one; a rule about it meets all of them.",
}
_REASONS: Mapping[str, str] = {
    "sender_blocked": "You have blocked this sender",
    "alias_disabled": "The alias is switched off",
    "alias_expired": "The alias has expired",
    "alias_limit": "The alias has had all the messages it takes",
    "alias_idle": "The alias had not been used for too long",
    "alias_suspended": "The alias is suspended by an administrator",
    "account_suspended": "The account is suspended",
    "account_leaving": "The account was to be deleted",
    "domain_paused": "The alias's domain is paused",
    "too_many_new": "Too many new aliases were made by mail",
    "over_quota": "Your mailbox was full",
    "too_large": "The message was too large",
    "line_too_long": "The message had a line that was too long",
    "bare_cr_lf": "The message was malformed in a way that hides other messages",
    "too_many_recipients": "The message had too many recipients",
    "lookup_failed": "Restante had a fault of its own",
}
_OUTCOMES: Mapping[str, str] = {
    "accepted": "Taken",
    "held": "Taken, and held until the owner decides",
    "failed": "Put off: something of ours failed",
    "lookup_failed": "Put off: something of ours failed",
    "unknown_alias": "Refused: no such address",
    "relay": "Refused: not for a domain of ours",
    "bad_address": "Refused: no address at all",
    "sender_blocked": "Refused: the sender is blocked",
    "alias_disabled": "Alias switched off",
    "alias_expired": "Alias expired",
    "alias_limit": "Alias has had its messages",
    "alias_idle": "Alias not used for long",
    "alias_suspended": "Refused: the alias is suspended",
    "account_suspended": "Put off: the account is suspended or leaves",
    "domain_paused": "Put off: the domain's proof is missing",
    "too_many_new": "Put off: too many new aliases by mail",
    "role_address": "Put off: nobody looks after this address yet",
    "over_quota": "Put off: the mailbox is full",
    "too_large": "Refused: too large",
    "line_too_long": "Refused: a line too long",
    "bare_cr_lf": "Refused: malformed line ends",
    "too_many_recipients": "Put off: too many recipients",
}
_SUSPENSIONS: Mapping[str, str] = {
    "report": "a report about it is being looked into",
    "abuse": "it was used to harm or deceive others",
    "terms": "it was used against the terms of this service",
    "law": "an authority has ordered it",
    "owner": "its owner has asked for it",
    "other": "for a reason of its own",
}
_CHOICES: Mapping[str, str] = {
    "report": "A report is being looked into",
    "abuse": "Used to harm or deceive others",
    "terms": "Against the terms of this service",
    "law": "Ordered by an authority",
    "owner": "Asked for by its owner",
    "other": "Another reason, told below",
}


def caution_words(caution: Caution) -> str:
    """The end of a sentence that begins with "Careful:"."""
    return _CAUTIONS[caution]


def reason_words(reason: str) -> str:
    """Why, without a full stop; reasons that are not known yet as they are."""
    return _REASONS.get(reason, reason.replace("_", " ").capitalize())


def suspension_words(reason: str) -> str:
    """Why something is suspended, as the end of a sentence."""
    return _SUSPENSIONS.get(reason, reason)


def suspension_text(suspension: Suspension) -> str:
    """What the owner of a suspended account is told."""
    on = day(suspension.suspended_on.isoformat())
    told = f"This account is suspended since {on}: {suspension_words(suspension.reason)}."
    return f"{told} {suspension.words}".strip()


def suspension_choice(reason: str) -> str:
    """The same as a choice of a form."""
    return _CHOICES.get(reason, reason)


def mail_words(outcome: str) -> str:
    """What became of mail, for who runs the service; what is not known yet as it is."""
    return _OUTCOMES.get(outcome, outcome.replace("_", " ").capitalize())


def answer_words(code: int, reason: str) -> str:
    """What the sender learned of it."""
    if code < HTTPStatus.MULTIPLE_CHOICES:
        if reason == "sender_blocked":
            return "The sender was told nothing: the same mail was taken for others, your copy was dropped."
        return "The sender was told nothing: the mail was taken and dropped, as the alias says."
    if code < HTTPStatus.INTERNAL_SERVER_ERROR:
        return "The sender's server was asked to try again later."
    return "The sender was told, and gets the mail back."


def look_alike(rule: Rule) -> str:
    """The rule's domain as it looks, where its letters are made to be misread; else empty."""
    domain = rule.text.rpartition("@")[2]
    return readable_form(domain) if is_deceptive(domain) else ""


def readable(rule: Rule) -> str:
    """The rule's text in its own script where that differs from how domains are looked up; else empty."""
    local, at, domain = rule.text.rpartition("@")
    shown = f"{local}{at}{readable_form(domain)}"
    return shown if shown != rule.text else ""
