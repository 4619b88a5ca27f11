import pytest

from app.core.accounts import service as accounts
from app.core.aliases import service as aliases
from app.core.aliases.address import Address
from app.core.aliases.model import AliasPatch
from app.core.platform import Platform
from app.core.policy.service import decide_recipient
from app.core.privacy import deletion
from app.errors import Unavailable
from app.lib.times import utc_now
from tests import mail
from tests.core.conftest import Owner


async def reason(platform: Platform, text: str, size: int = 0, sender: str = "eve@shop.example") -> str:
    ruling = await decide_recipient(platform, text, sender=sender, announced_size=size, now=utc_now())
    assert ruling.mailbox is None or ruling.decision.reason not in {"relay", "unknown_alias", "bad_address"}
    return ruling.decision.reason


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ada-alias@restante.test", "accepted"),
        ("Ada-Alias+tag@Restante.Test", "accepted"),
        ('"ada-alias"@restante.test', "accepted"),
        ("nobody@restante.test", "unknown_alias"),
        ("ada-alias@elsewhere.test", "relay"),
        ("ada-alias%elsewhere.test@restante.test", "unknown_alias"),
        ("elsewhere.test!ada-alias@restante.test", "unknown_alias"),
        ("postmaster@restante.test", "role_address"),
        ("postmaster@elsewhere.test", "relay"),
        ("PostMaster", "role_address"),
        ("abuse", "bad_address"),
        ("nonsense", "bad_address"),
        ("", "bad_address"),
        ("a\0@restante.test", "bad_address"),
        ("\udcff@restante.test", "bad_address"),
        ("ada-alias@[127.0.0.1]", "bad_address"),
    ],
)
async def test_recipients_as_senders_write_them(platform: Platform, ada: Owner, text: str, expected: str) -> None:
    assert ada.alias.is_enabled
    assert await reason(platform, text) == expected


async def test_the_state_of_alias_and_account_decides(platform: Platform, ada: Owner) -> None:
    address, account_id = ada.alias.address, ada.account.account_id
    assert await reason(platform, address, size=ada.account.storage_limit + 1) == "over_quota"
    async with platform.db.transaction() as conn:
        patch = AliasPatch(is_enabled=False)
        await aliases.update(conn, account_id, ada.actor.keyring, ada.alias.alias_id, patch, now=utc_now())
    assert await reason(platform, address) == "alias_disabled"
    async with platform.db.transaction() as conn:
        await accounts.suspend(conn, ada.account, is_suspended=True)
    assert await reason(platform, address) == "account_suspended"
    await deletion.delete(platform, ada.account.account_id, now=utc_now())
    assert await reason(platform, address) == "unknown_alias"


async def test_roles_that_somebody_has_are_always_taken(platform: Platform, ada: Owner) -> None:
    async with platform.db.transaction() as conn:
        for role in ("postmaster", "abuse"):
            address = Address(role, "restante.test")
            await mail.take(conn, ada.account.account_id, address)
        await accounts.suspend(conn, ada.account, is_suspended=True)
    for text in ("postmaster", "POSTMASTER@restante.test", "abuse@restante.test", "abuse+tag@restante.test"):
        assert await reason(platform, text) == ("account_suspended" if "+" in text else "accepted")


async def test_without_a_domain_the_bare_postmaster_is_nobody(platform: Platform) -> None:
    async with platform.db.connection() as conn:
        await conn.execute("DELETE FROM domains")
    assert await reason(platform, "postmaster") == "bad_address"


async def test_a_database_that_is_gone_is_unavailable(platform: Platform) -> None:
    await platform.db.close()
    with pytest.raises(Unavailable):
        await reason(platform, "ada@restante.test")
