"""What events tell."""

from uuid import UUID

import msgspec

from app.api.openapi.examples import ids, messages
from app.core.aliases.resources import AliasRef
from app.core.events.model import AliasEvent, DomainEvent, QuotaEvent, TestEvent
from app.core.messages.resources import FullMessage, ListedAttachment, ThinMessage

_WHOLE = {name: getattr(messages.WHOLE, name) for name in FullMessage.__struct_fields__}
_ATTACHMENTS = [
    ListedAttachment(**{name: getattr(one, name) for name in ListedAttachment.__struct_fields__})
    for one in messages.WHOLE.attachments
]

EXAMPLES: tuple[msgspec.Struct, ...] = (
    AliasEvent(alias=AliasRef(id=UUID(ids.ALIAS), email=ids.EMAIL), reason="owner"),
    DomainEvent(domain=ids.DOMAIN),
    QuotaEvent(quota="storage", percent=80, used=8_589_934_592, limit=10_737_418_240),
    TestEvent(webhook_id=UUID(ids.WEBHOOK), text="This is a test."),
    FullMessage(**_WHOLE),
    ThinMessage(**{name: _WHOLE[name] for name in ThinMessage.__struct_fields__} | {"attachments": _ATTACHMENTS}),
)
