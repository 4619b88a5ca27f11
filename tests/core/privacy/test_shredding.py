"""What a backup from before the deletion opens afterwards: nothing."""

import pytest

from app.core.accounts import service as accounts
from app.core.accounts.holders import service as holders
from app.core.accounts.model import Holder
from app.core.privacy import deletion
from app.errors import CannotOpen, Conflict, Unavailable
from app.lib.times import utc_now
from app.vault.instance import InstanceKey
from app.vault.keyring import unwrap_index_key
from tests.core.conftest import Owner


async def test_a_backup_and_the_instance_key_open_nothing_of_a_deleted_account(ada: Owner) -> None:
    platform, account_id = ada.platform, ada.account.account_id
    async with platform.db.connection() as conn:
        row = await (
            await conn.execute(
                """SELECT h.holder_id, h.keyring, a.index_key FROM holders h JOIN accounts a USING (account_id)
                   WHERE account_id = %s AND h.kind = 'instance'""",
                (account_id,),
            )
        ).fetchone()
    assert row is not None
    holder = Holder(account_id=account_id, holder_id=row[0], kind="instance", keyring=row[1])
    opened = holders.opened(platform.instance, holder, secret="")
    assert opened.to_bytes() == ada.actor.keyring.to_bytes(), "the backup is whole"
    await deletion.delete(platform, account_id, now=utc_now())
    for instance in (platform.instance, InstanceKey("an instance secret that only tests know")):
        with pytest.raises(CannotOpen):
            holders.opened(instance, holder, secret="")
        with pytest.raises(CannotOpen):
            unwrap_index_key(instance, account_id, row[2])


async def test_a_key_that_cannot_be_destroyed_keeps_the_deletion_going(
    ada: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform, keys = ada.platform, ada.platform.instance.account_keys
    assert keys is not None

    def fail(_keys: object, _account_id: object) -> None:
        raise OSError

    with monkeypatch.context() as patch:
        patch.setattr(type(keys), "destroy", fail)
        with pytest.raises(Unavailable):
            await deletion.delete(platform, ada.account.account_id, now=utc_now())
    assert keys.get(ada.account.account_id)
    assert await deletion.delete_due(platform, now=utc_now()) == 1
    assert keys.get(ada.account.account_id) == b""


async def test_a_start_without_the_folder_is_told_what_is_missing(ada: Owner) -> None:
    async with ada.platform.db.connection() as conn:
        await accounts.check_account_keys(conn, ada.platform.instance)
        with pytest.raises(Conflict) as caught:
            await accounts.check_account_keys(conn, InstanceKey("an instance secret that only tests know"))
    assert caught.value.code == "account_keys_missing"
