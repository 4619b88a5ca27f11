"""Aliases, and files of them."""

from datetime import UTC, date, datetime
from uuid import UUID

from app.api.openapi.examples import ids
from app.api.schemas.alias_files import ImportedLineResource, ImportResource
from app.api.schemas.aliases import (
    AliasActionBody,
    AliasPatchBody,
    AliasResource,
    NewAliasBody,
    NewSuggestionBody,
    SuggestionResource,
)

CSV = "alias,note,enabled\nshop.kite@mail.example,Kite shop,true\nold.forum@mail.example,,false\n"

EXAMPLES = (
    AliasResource(
        id=UUID(ids.ALIAS),
        email=ids.EMAIL,
        is_enabled=True,
        is_suspended=False,
        when_disabled="refuse",
        description="Kite shop",
        site="kites.example",
        note="Ordered the red one, 12 November.",
        category_id=UUID(ids.CATEGORY),
        is_pinned=False,
        is_archived=False,
        deleted_on=None,
        expires_at=None,
        message_limit=None,
        messages_left=None,
        idle_days=None,
        expired_by=None,
        screening="open",
        created_at="2026-11-12T08:15:30.482Z",
        message_count=7,
        last_received_on=date(2026, 11, 19),
        is_readable=True,
    ),
    NewAliasBody(description="Kite shop", site="https://kites.example/checkout", format="words"),
    AliasPatchBody(is_enabled=False, when_disabled="defer", note=None),
    AliasActionBody(
        ids=[UUID(ids.ALIAS), UUID(ids.SECOND_ALIAS)], action="expiry", expires_at=datetime(2099, 1, 31, 12, tzinfo=UTC)
    ),
    NewSuggestionBody(format="site", site="kites.example"),
    SuggestionResource(email="kites-x7k2@mail.example", local_part="kites-x7k2", domain="mail.example"),
    ImportResource(
        source="plain",
        is_preview=True,
        unused=[],
        counts={"made": 1, "taken": 1},
        lines=[
            ImportedLineResource(
                line=2,
                written="shop.kite@mail.example",
                outcome="made",
                email="shop.kite@mail.example",
                detail=None,
            ),
            ImportedLineResource(
                line=3,
                written="old.forum@mail.example",
                outcome="taken",
                email=None,
                detail="This address is somebody's, or was once.",
            ),
        ],
    ),
)
