"""What webhooks are told, and how their endpoints answered, in the owner's words. Pure."""

from collections.abc import Mapping
from http import HTTPStatus

from app.core.events.model import EventType
from app.core.webhooks.model import Attempt, DeliveryState, DisabledReason

EVENTS: Mapping[EventType, str] = {
    "message.received": "A message has come",
    "message.held": "A message waits in the waiting room",
    "message.refused": "A message was refused, put off or dropped",
    "alias.created": "An alias was made",
    "alias.disabled": "An alias was switched off or deleted",
    "alias.expired": "An alias has come to its end",
    "domain.verified": "A domain's proof was found",
    "domain.failing": "A domain's proof is missing",
    "quota.warning": "Storage or aliases are nearly used up",
    "webhook.test": "A test",
}
STATES: Mapping[DeliveryState, str] = {"pending": "Waiting", "delivered": "Delivered", "failed": "Given up"}
DISABLED: Mapping[DisabledReason, str] = {
    "gone": "It answered 410, which says that it is gone for good.",
    "failing": "It has answered nothing well for three days.",
}
_FAULTS: Mapping[str, str] = {
    "dns": "Its name has no address",
    "refused_address": "Its name leads to where nothing is sent: not to the public internet, or without encryption",
    "connect": "Nobody took the connection",
    "tls": "No encrypted connection: the certificate is not valid for this name, or there is none",
    "timeout": "No connection within 5 seconds",
    "too_slow": "No answer within 15 seconds",
    "reset": "The connection broke before the answer",
    "bad_answer": "What came back was not an answer by HTTP",
    "unreadable": "What was to be told is gone or damaged",
}


def attempt_words(attempt: Attempt) -> str:
    """How an attempt went, without a full stop; codes that are not known yet as they are."""
    if attempt.status is None:
        code = attempt.error or "unknown"
        return _FAULTS.get(code, code.replace("_", " ").capitalize())
    if 200 <= attempt.status < 300:  # noqa: PLR2004 - RFC 9110 section 15.3
        return f"Taken, with {attempt.status}{_phrase(attempt.status)}"
    is_redirect = 300 <= attempt.status < 400  # noqa: PLR2004 - RFC 9110 section 15.4
    advice = ": redirects are not followed, so give the address it leads to" if is_redirect else ""
    return f"It answered {attempt.status}{_phrase(attempt.status)}{advice}"


def answer_text(answer: bytes) -> str:
    """The beginning of an answer as text that changes nothing around it."""
    text = answer.decode("utf-8", "replace")
    return "".join(one if one.isprintable() or one in "\n\t" else "\ufffd" for one in text)


def _phrase(status: int) -> str:
    try:
        return f" ({HTTPStatus(status).phrase})"
    except ValueError:
        return ""
