"""Exports, and a message from elsewhere."""

from uuid import UUID

from app.api.openapi.examples import ids
from app.api.schemas.exports import ExportPartResource, ExportResource, ImportedResource, NewExportBody

MESSAGE = "From: Kites <shop@kites.example>\r\nSubject: Your order\r\n\r\nIt is on its way.\r\n"

EXAMPLES = (
    NewExportBody(formats=["maildir", "attachments"]),
    ExportResource(
        id=UUID(ids.EXPORT),
        formats=("maildir", "attachments"),
        created_at="2026-11-22T09:30:00.412Z",
        ends_at="2026-11-29T09:30:00.412Z",
        message_count=1873,
        estimated_size=431_220_118,
        parts=[
            ExportPartResource(
                number=1,
                filename="restante-2026-11-22-91c0d4-001.zip",
                message_count=0,
                size=None,
                estimated_size=0,
                is_fetched=True,
            ),
            ExportPartResource(
                number=2,
                filename="restante-2026-11-22-91c0d4-002.zip",
                message_count=1512,
                size=268_101_377,
                estimated_size=268_420_003,
                is_fetched=False,
            ),
        ],
    ),
    ImportedResource(id=UUID(ids.MESSAGE), is_new=True),
)
