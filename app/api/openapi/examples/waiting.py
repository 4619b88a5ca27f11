"""Messages that were waited for."""

from uuid import UUID

from app.api.openapi.examples import ids
from app.api.schemas.waiting import LinkResource, Waited, WaitedMessage
from app.core.aliases.resources import AliasRef
from app.core.messages.resources import HeaderResource, Person, TlsResource

_TEXT = "Hello Ada,\n\nyour code is 482 913. Or confirm at https://kites.example/confirm?token=b7Kq\n"

EXAMPLES = (
    Waited(
        data=WaitedMessage(
            id=UUID(ids.MESSAGE),
            thread_id=UUID(ids.THREAD),
            alias=AliasRef(id=UUID(ids.ALIAS), email=ids.EMAIL),
            sender=Person(name="Kite shop", address="hello@kites.example"),
            to=[Person(name="", address=ids.EMAIL)],
            cc=[],
            subject="Confirm your address",
            snippet="Hello Ada, your code is 482 913. Or confirm at https://kites.example/confirm?token=b7Kq",
            received_at="2026-11-19T10:02:17.344Z",
            sent_at="2026-11-19T10:02:15.000Z",
            size=1_204,
            folder="inbox",
            is_read=False,
            is_starred=False,
            attachments=[],
            is_readable=True,
            text=_TEXT,
            html=None,
            is_truncated=False,
            headers=[HeaderResource(name="Subject", value="Confirm your address")],
            is_imported=False,
            notes=[],
            enclosed=[],
            tls=TlsResource(version="TLSv1.3", cipher="TLS_AES_256_GCM_SHA384"),
            invitations=[],
            links=[LinkResource(url="https://kites.example/confirm?token=b7Kq", text="")],
            code="482913",
        ),
        next="AZnotwUwcACAAAAAAAAAAAGZ6LcsQH0ZtqUPToPH0hs",
    ),
)
