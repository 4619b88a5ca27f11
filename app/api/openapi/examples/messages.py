"""Messages, and what is inside them."""

from typing import Any
from uuid import UUID

import msgspec

from app.api.enclosed import WholeEnclosed
from app.api.openapi.examples import ids
from app.api.schemas.invitations import AttendeeResource, InvitationResource, WhenResource
from app.api.schemas.messages import (
    ChangedResource,
    EnclosedResource,
    HighlightPiece,
    ListedMessage,
    MessageActionBody,
    MessagePatchBody,
    NoteResource,
    ThreadResource,
    WholeMessage,
)
from app.core.aliases.resources import AliasRef
from app.core.messages.resources import (
    AttachmentResource,
    HeaderResource,
    MessageResource,
    Person,
    TlsResource,
)

_SHOP = Person(name="Kite shop", address="orders@kites.example")
_COURIER = Person(name="", address="tracking@parcels.example")
_HEADERS = [
    HeaderResource(name="From", value="Kite shop <orders@kites.example>"),
    HeaderResource(name="To", value=ids.EMAIL),
    HeaderResource(name="Subject", value="Your kite is on its way"),
    HeaderResource(name="Message-ID", value="<8417.dispatch@kites.example>"),
]
_FORWARDED = EnclosedResource(
    id=ids.ENCLOSED,
    sender=_COURIER,
    to=[_SHOP],
    cc=[],
    subject="Parcel 8417 collected",
    snippet="We have collected parcel 8417 and will deliver it on Friday.",
    sent_at="2026-11-19T09:20:00.000Z",
    size=1840,
    attachment_ids=[],
)
_DELIVERY = InvitationResource(
    kind="event",
    method="PUBLISH",
    uid="8417@parcels.example",
    sequence=0,
    summary="Delivery of parcel 8417",
    start=WhenResource(
        local="2026-11-20T09:00:00", is_date=False, zone="Europe/Berlin", utc="2026-11-20T08:00:00.000Z"
    ),
    end=WhenResource(local="2026-11-20T12:00:00", is_date=False, zone="Europe/Berlin", utc="2026-11-20T11:00:00.000Z"),
    occurrence=None,
    recurrence="",
    rrule="",
    location="At your door",
    description="",
    comment="",
    url="https://parcels.example/8417",
    conference="",
    organiser=AttendeeResource(
        name="Parcels", address="tracking@parcels.example", answer="accepted", is_optional=False, is_room=False
    ),
    attendees=[],
    left_out=0,
)
_MESSAGE = MessageResource(
    id=UUID(ids.MESSAGE),
    thread_id=UUID(ids.THREAD),
    alias=AliasRef(id=UUID(ids.ALIAS), email=ids.EMAIL),
    sender=_SHOP,
    to=[Person(name="", address=ids.EMAIL)],
    cc=[],
    subject="Your kite is on its way",
    snippet="Hello Ada, the red one left us this morning. You will find the invoice attached.",
    received_at="2026-11-19T10:02:17.344Z",
    sent_at="2026-11-19T10:02:15.000Z",
    size=84_211,
    folder="inbox",
    is_read=False,
    is_starred=False,
    is_readable=True,
    attachments=[
        AttachmentResource(
            id=ids.ATTACHMENT,
            filename="invoice-8417.pdf",
            content_type="application/pdf",
            size=58_113,
            role="file",
            url="https://mail.example/attachments/AZ6Lsn0R",
            url_expires_at="2026-11-19T10:09:00.000Z",
        )
    ],
)


def _parts(one: msgspec.Struct) -> dict[str, Any]:
    return msgspec.structs.asdict(one)


WHOLE = WholeMessage(
    **_parts(_MESSAGE),
    text="Hello Ada,\n\nthe red one left us this morning. You will find the invoice attached.\n",
    html=None,
    is_truncated=False,
    headers=_HEADERS,
    is_imported=False,
    notes=[
        NoteResource(code="signed_smime", text="Signed (S/MIME). Restante did not check the signature."),
    ],
    enclosed=[_FORWARDED],
    tls=TlsResource(version="TLSv1.3", cipher="TLS_AES_256_GCM_SHA384"),
    invitations=[_DELIVERY],
)

EXAMPLES = (
    _MESSAGE,
    ListedMessage(
        **_parts(_MESSAGE),
        highlight=[
            HighlightPiece(text="Hello Ada, the red one left us this morning. You will find the ", is_hit=False),
            HighlightPiece(text="invoice", is_hit=True),
            HighlightPiece(text=" attached.", is_hit=False),
        ],
    ),
    WHOLE,
    WholeEnclosed(
        **_parts(_FORWARDED),
        text="We have collected parcel 8417 and will deliver it on Friday.\n",
        html=None,
        is_truncated=False,
        headers=[HeaderResource(name="Subject", value="Parcel 8417 collected")],
        notes=[],
        enclosed=[],
        invitations=[],
    ),
    ThreadResource(id=UUID(ids.THREAD), messages=[_MESSAGE]),
    MessagePatchBody(is_read=True, folder="archive"),
    MessageActionBody(ids=[UUID(ids.MESSAGE), UUID(ids.SECOND_MESSAGE)], action="archive"),
    ChangedResource(changed=2),
)
