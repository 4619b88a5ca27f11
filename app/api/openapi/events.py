"""What webhooks are sent, as OpenAPI 3.1's `webhooks`: one request an event type."""

from collections.abc import Mapping
from typing import Any

from app.api.body import JSON
from app.api.openapi import examples
from app.api.openapi.schemas import Schema, Schemas
from app.core.events.model import AliasEvent, DomainEvent, EventType, QuotaEvent, TestEvent
from app.core.messages.resources import FullMessage, ThinMessage
from app.core.refusals.resources import RefusalResource

DATA: Mapping[EventType, tuple[str, tuple[type[Any], ...]]] = {
    "message.received": ("A message came in.", (ThinMessage, FullMessage)),
    "message.held": (
        "A message came from a sender whom the alias does not know, and waits.",
        (ThinMessage, FullMessage),
    ),
    "message.refused": ("Mail was not kept.", (RefusalResource,)),
    "alias.created": ("There is a new alias.", (AliasEvent,)),
    "alias.disabled": ("An alias was switched off, or deleted.", (AliasEvent,)),
    "alias.expired": ("An alias takes no more mail: its day has come, or it has all its messages.", (AliasEvent,)),
    "domain.verified": ("A domain is proven, and takes mail.", (DomainEvent,)),
    "domain.failing": ("The proof of a domain is missing.", (DomainEvent,)),
    "quota.warning": ("What the account may have is nearly used up, or wholly.", (QuotaEvent,)),
    "webhook.test": ("Somebody asked for a test.", (TestEvent,)),
}
"""When each is told, and what `data` is: of messages by what the webhook wants (`content`), thin or full."""
_EVENT_ID = "0199e8b7-2c41-7e02-9d5f-68a1c07b3e94"
_SIGNED = (
    ("webhook-id", "The event's id: the same however often it is sent."),
    ("webhook-timestamp", "When this request was made, in Unix seconds."),
    ("webhook-signature", "`v1,` and the base64 of an HMAC-SHA256 of id, timestamp and body joined by dots; several."),
)


def types() -> list[type[Any]]:
    """All that events tell."""
    return list(dict.fromkeys(kind for _, kinds in DATA.values() for kind in kinds))


def webhooks(schemas: Schemas) -> Schema:
    """The section of the document."""
    return {name: {"post": _request(name, words, kinds, schemas)} for name, (words, kinds) in DATA.items()}


def _request(name: EventType, words: str, kinds: tuple[type[Any], ...], schemas: Schemas) -> Schema:
    of_data = [schemas.of(kind) for kind in kinds]
    schema = {
        "type": "object",
        "properties": {
            "id": {"type": "string", "format": "uuid", "description": "The event's own, for ever."},
            "type": {"type": "string", "const": name},
            "timestamp": {"type": "string", "format": "date-time", "description": "When it happened."},
            "data": of_data[0] if len(of_data) == 1 else {"anyOf": of_data},
        },
        "required": ["id", "type", "timestamp", "data"],
    }
    example = {
        "id": _EVENT_ID,
        "type": name,
        "timestamp": "2026-11-19T10:02:17.344Z",
        "data": examples.answer(kinds[0]),
    }
    return {
        "operationId": f"on_{name.replace('.', '_')}",
        "summary": name,
        "description": f"{words} Signed after Standard Webhooks; told at least once.",
        "tags": ["Webhooks"],
        "parameters": [
            {"name": field, "in": "header", "required": True, "description": says, "schema": {"type": "string"}}
            for field, says in _SIGNED
        ],
        "requestBody": {"required": True, "content": {JSON: {"schema": schema, "example": example}}},
        "responses": {
            "2XX": {"description": "You have it. Anything else is tried again, for three days."},
            "410": {"description": "Nothing more is wanted: the webhook is switched off."},
        },
        "security": [],
    }
