import pytest

from app.core.instance.service import check_key
from app.core.platform import Platform
from app.errors import Conflict
from app.vault.instance import InstanceKey


async def test_the_first_key_becomes_the_databases_own(platform: Platform) -> None:
    other = InstanceKey("another instance secret that tests know")
    async with platform.db.transaction() as conn:
        await check_key(conn, platform.instance)
        await check_key(conn, platform.instance)
    with pytest.raises(Conflict, match="RESTANTE_SECRET"):
        async with platform.db.transaction() as conn:
            await check_key(conn, other)
    async with platform.db.transaction() as conn:
        await check_key(conn, platform.instance)
