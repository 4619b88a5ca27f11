"""Domains."""

from datetime import date

from app.api.openapi.examples import ids
from app.api.schemas.domains import (
    DomainPatchBody,
    DomainResource,
    NewDomainBody,
    PatternResource,
    RecordResource,
    SharedDomainResource,
    SharedPatchBody,
)

_PROOF = "restante-verify=4t7mkq2vxh3c9n5w"

EXAMPLES = (
    DomainResource(
        domain=ids.DOMAIN,
        unicode=ids.DOMAIN,
        is_mixed_script=False,
        state="active",
        is_receive_only=True,
        is_taken=False,
        added_on=date(2026, 10, 2),
        proven_on=date(2026, 10, 2),
        checked_at="2026-11-20T06:00:12.031Z",
        next_check_at="2026-11-21T06:00:12.031Z",
        failing_since=None,
        pauses_at=None,
        records=[
            RecordResource(
                kind="proof",
                type="TXT",
                name=ids.DOMAIN,
                value=_PROOF,
                is_required=True,
                state="ok",
                found=[_PROOF],
                advice="",
            ),
            RecordResource(
                kind="mx",
                type="MX",
                name=ids.DOMAIN,
                value="10 mx.mail.example.",
                is_required=True,
                state="ok",
                found=["10 mx.mail.example."],
                advice="",
            ),
        ],
        zone_file=f'{ids.DOMAIN}. 3600 IN TXT "{_PROOF}"\n{ids.DOMAIN}. 3600 IN MX 10 mx.mail.example.\n',
        catch_all="make",
        catch_all_alias_id=None,
        catch_all_pattern=PatternResource(kind="wildcard", text="shop-*"),
    ),
    NewDomainBody(domain=ids.DOMAIN),
    DomainPatchBody(catch_all="make", catch_all_pattern=PatternResource(kind="wildcard", text="shop-*")),
    SharedDomainResource(domain="mail.example", unicode="mail.example", is_default=True, is_configured=True),
    SharedPatchBody(is_default=True),
)
