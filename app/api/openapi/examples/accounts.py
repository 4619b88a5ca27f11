"""The account, and categories."""

from datetime import date
from uuid import UUID

from app.api.openapi.examples import ids
from app.api.schemas.accounts import AccountPatchBody, AccountResource
from app.api.schemas.categories import CategoryPatchBody, CategoryResource, NewCategoryBody

EXAMPLES = (
    AccountResource(
        account_id=UUID("01994c11-d07f-7290-b7e5-6f13a80c2d9e"),
        login="ada",
        created_on=date(2026, 9, 14),
        message_count=1873,
        stored_bytes=412_883_104,
        storage_limit=10_737_418_240,
        alias_count=64,
        alias_limit=10_000,
        domain_limit=100,
        alias_format="words",
        alias_domain=None,
    ),
    AccountPatchBody(alias_format="site"),
    CategoryResource(id=UUID(ids.CATEGORY), name="Shops", colour="teal"),
    NewCategoryBody(name="Shops", colour="teal"),
    CategoryPatchBody(name="Shops and deliveries"),
)
