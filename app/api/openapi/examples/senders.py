"""Senders, numbers and leaks."""

from datetime import date
from uuid import UUID

from app.api.openapi.examples import ids
from app.api.schemas.senders import LeakedAliasResource, SenderPatchBody, SenderResource, StatisticsResource
from app.core.aliases.resources import AliasRef
from app.core.senders.model import Evidence, Leak, Week

_LEAK = Leak(
    source="kites.example",
    stranger="offers.example",
    first_on=date(2026, 11, 13),
    message_count=4,
    is_named=True,
    known=(Evidence(organisation="kites.example", since=date(2026, 11, 12), message_count=3),),
)

EXAMPLES = (
    SenderResource(
        id=UUID(ids.SENDER),
        name="Kite shop",
        address="orders@kites.example",
        organisation="kites.example",
        message_count=3,
        first_on=date(2026, 11, 12),
        last_on=date(2026, 11, 19),
        is_expected=True,
        leak=None,
        is_readable=True,
    ),
    SenderPatchBody(is_expected=True),
    StatisticsResource(
        received_count=7,
        last_received_on=date(2026, 11, 19),
        refused_count=5,
        sender_count=2,
        unlisted_count=0,
        weeks=(Week(monday=date(2026, 11, 9), message_count=4), Week(monday=date(2026, 11, 16), message_count=3)),
    ),
    LeakedAliasResource(alias=AliasRef(id=UUID(ids.ALIAS), email=ids.EMAIL), leaks=(_LEAK,)),
)
