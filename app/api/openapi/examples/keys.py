"""API keys."""

from datetime import UTC, date, datetime
from uuid import UUID

from app.api.openapi.examples import ids
from app.api.schemas.keys import KeyPatchBody, KeyResource, MadeKeyResource, NewKeyBody

EXAMPLES = (
    KeyResource(
        id=UUID(ids.KEY),
        name="The laptop's script",
        scopes=["aliases:read", "messages:read"],
        alias=None,
        domain=ids.DOMAIN,
        created_on=date(2026, 11, 2),
        expires_at="2099-02-01T00:00:00.000Z",
        last_used_on=date(2026, 11, 20),
        made_with=None,
        is_current=False,
        is_readable=True,
    ),
    MadeKeyResource(
        id=UUID(ids.KEY),
        name="The laptop's script",
        scopes=["aliases:read", "messages:read"],
        alias=None,
        domain=ids.DOMAIN,
        created_on=date(2026, 11, 2),
        expires_at="2099-02-01T00:00:00.000Z",
        last_used_on=None,
        made_with=None,
        is_current=False,
        is_readable=True,
        key="rst_" + "0" * 38,
    ),
    NewKeyBody(
        name="The laptop's script",
        scopes=["aliases:read", "messages:read"],
        domain=ids.DOMAIN,
        expires_at=datetime(2099, 2, 1, tzinfo=UTC),
    ),
    KeyPatchBody(name="The old laptop's script"),
)
