"""What an API key may do, in words; and the choices that most people need. Pure."""

from collections.abc import Collection, Mapping
from datetime import timedelta

from app.core.auth.scopes import ALL_SCOPES, SCOPES, Scope

GROUPS: tuple[tuple[str, Mapping[Scope, str]], ...] = (
    (
        "Mail",
        {
            "messages:read": "Read mail and attachments, and search",
            "messages:write": "Mark, move and delete mail, and let waiting mail in",
        },
    ),
    (
        "Aliases",
        {
            "aliases:read": "See aliases and categories, and who writes to them",
            "aliases:write": "Make, change and delete aliases and categories",
        },
    ),
    (
        "Blocking",
        {
            "rules:read": "See who is blocked and allowed",
            "rules:write": "Block and allow senders",
            "refusals:read": "See which mail was refused",
        },
    ),
    (
        "Domains",
        {"domains:read": "See your domains", "domains:write": "Add, change and delete your domains"},
    ),
    (
        "Webhooks",
        {
            "webhooks:read": "See webhooks and what they delivered",
            "webhooks:write": "Make webhooks, which tell other programs of your mail",
        },
    ),
    (
        "Account and keys",
        {
            "account:read": "See how much the account holds and may hold",
            "account:write": "Change what new aliases look like",
            "keys:read": "See API keys",
            "keys:write": "Make keys that may do no more than this one, and revoke such",
        },
    ),
)
WORDS: Mapping[Scope, str] = {scope: words for _, group in GROUPS for scope, words in group.items()}

PRESETS: Mapping[str, tuple[str, frozenset[Scope]]] = {
    "passwords": ("For a password manager: make aliases, and see nothing", frozenset({"aliases:write"})),
    "mail": ("Read mail, and change nothing", frozenset({"messages:read", "aliases:read"})),
    "everything": ("Everything", ALL_SCOPES),
}
CHOSEN = "chosen"
"""The choice of no preset: what is ticked."""

_TOLD = 2

LIFETIMES: Mapping[str, tuple[str, timedelta | None]] = {
    "ever": ("When I revoke it", None),
    "30": ("After 30 days", timedelta(days=30)),
    "90": ("After 90 days", timedelta(days=90)),
    "365": ("After a year", timedelta(days=365)),
}


def summary(scopes: Collection[Scope]) -> str:
    """What a key with these may do, in one line: a preset's words, or the first two things and how many more."""
    preset = next((words for words, of_preset in PRESETS.values() if of_preset == frozenset(scopes)), None)
    if preset:
        return preset
    words = [WORDS[scope] for scope in SCOPES if scope in scopes]
    rest = len(words) - _TOLD
    return "; ".join([*words[:_TOLD], *([f"and {rest} more"] if rest > 0 else [])])
