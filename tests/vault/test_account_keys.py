"""Keys of accounts in files of their own: without one, what the instance holds of the account does not open."""

import stat
from pathlib import Path

import pytest

from app.errors import CannotOpen
from app.lib.ids import new_id
from app.vault.account_keys import AccountKeys
from app.vault.instance import InstanceKey
from app.vault.keyring import instance_holder_key, new_index_key, unwrap_index_key, wrap_index_key

SECRET = "an instance secret of 32 characters"


def test_a_key_is_made_once_and_kept_for_its_owner_alone(tmp_path: Path) -> None:
    folder, account_id = tmp_path / "made" / "keys", new_id()
    keys = AccountKeys(folder)
    assert keys.get(account_id) == b""
    keys.make(account_id)
    key = keys.get(account_id)
    assert len(key) == 32
    assert AccountKeys(folder).get(account_id) == key
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()] == [0o600]
    assert [path.stat().st_mtime % 86_400 for path in folder.iterdir()] == [0]  # a copy of it tells the day alone
    with pytest.raises(FileExistsError):
        keys.make(account_id)
    keys.make(other := new_id())
    assert keys.get(other) != key
    assert key.hex() not in repr(keys)


def test_a_destroyed_key_is_gone_and_destroying_it_again_is_fine(tmp_path: Path) -> None:
    keys, account_id = AccountKeys(tmp_path), new_id()
    keys.make(account_id)
    with (tmp_path / str(account_id)).open("rb") as file:
        assert file.read() == keys.get(account_id)
        for _ in range(2):
            keys.destroy(account_id)
        file.seek(0)
        assert file.read() == bytes(32), "the file itself was overwritten"
    assert keys.get(account_id) == b""
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_key_is_told(tmp_path: Path) -> None:
    account_id = new_id()
    (tmp_path / str(account_id)).write_bytes(b"short")
    with pytest.raises(CannotOpen):
        AccountKeys(tmp_path).get(account_id)


def test_without_the_key_the_instance_opens_nothing_of_the_account(tmp_path: Path) -> None:
    keys, account_id, older = AccountKeys(tmp_path), new_id(), new_id()
    instance, plain = InstanceKey(SECRET, keys), InstanceKey(SECRET)
    keys.make(account_id)
    index_key, holder_key = new_index_key(), instance_holder_key(instance, account_id)
    wrapped = wrap_index_key(instance, account_id, index_key)
    assert unwrap_index_key(InstanceKey(SECRET, AccountKeys(tmp_path)), account_id, wrapped) == index_key
    keys.destroy(account_id)
    for one in (instance, plain):
        assert instance_holder_key(one, account_id) != holder_key
        with pytest.raises(CannotOpen):
            unwrap_index_key(one, account_id, wrapped)
    assert instance_holder_key(instance, older) == instance_holder_key(plain, older), "accounts without a key go on"
