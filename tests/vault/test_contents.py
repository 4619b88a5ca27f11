from collections.abc import Callable
from hashlib import sha256
from uuid import UUID

import pytest

from app.errors import CannotOpen
from app.vault.chunks import new_blob_key
from app.vault.contents import content_digest, lock_blob_key, unlock_blob_key

FlipsFail = Callable[[Callable[[bytes], object], bytes], None]

KEY = bytes(range(32))
HASH = sha256(b"a file").digest()
BLOB_KEY = bytes(range(32, 64))


def lock(account_id: UUID, blob_id: UUID) -> bytes:
    return lock_blob_key(KEY, HASH, account_id=account_id, blob_id=blob_id, blob_key=BLOB_KEY)


def test_whoever_has_the_content_and_the_index_key_opens(account_id: UUID, other_id: UUID) -> None:
    locked = lock(account_id, other_id)
    assert len(locked) == 61
    assert BLOB_KEY not in locked
    opened = unlock_blob_key(KEY, HASH, account_id=account_id, blob_id=other_id, locked_key=locked)
    assert opened == BLOB_KEY


def test_nobody_else_does(account_id: UUID, other_id: UUID) -> None:
    locked = lock(account_id, other_id)
    other_hash = sha256(b"another file").digest()
    for index_key, content_hash, account, blob in (
        (KEY[::-1], HASH, account_id, other_id),
        (KEY, other_hash, account_id, other_id),
        (KEY, HASH, other_id, other_id),
        (KEY, HASH, account_id, account_id),
    ):
        with pytest.raises(CannotOpen):
            unlock_blob_key(index_key, content_hash, account_id=account, blob_id=blob, locked_key=locked)


def test_a_changed_lock_does_not_open(account_id: UUID, other_id: UUID, every_change_fails: FlipsFail) -> None:
    every_change_fails(
        lambda locked: unlock_blob_key(KEY, HASH, account_id=account_id, blob_id=other_id, locked_key=locked),
        lock(account_id, other_id),
    )


def test_digests_differ_by_account_and_content_and_are_no_hash_of_it() -> None:
    other_hash = sha256(b"another file").digest()
    digests = {content_digest(key, found) for key in (KEY, KEY[::-1]) for found in (HASH, other_hash)}
    assert len(digests) == 4
    assert {len(digest) for digest in digests} == {32}
    assert HASH not in digests
    assert content_digest(KEY, HASH) == content_digest(KEY, HASH)


def test_locking_twice_tells_nobody_that_it_is_the_same_key(account_id: UUID, other_id: UUID) -> None:
    assert lock(account_id, other_id) != lock(account_id, other_id)


@pytest.mark.parametrize(("key", "content_hash"), [(b"", HASH), (KEY[:16], HASH), (KEY, b""), (KEY, HASH[:16])])
def test_a_key_or_hash_of_another_length_is_refused(account_id: UUID, key: bytes, content_hash: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        content_digest(key, content_hash)
    with pytest.raises(ValueError, match="32 bytes"):
        lock_blob_key(key, content_hash, account_id=account_id, blob_id=account_id, blob_key=new_blob_key())
    with pytest.raises(ValueError, match="32 bytes"):
        unlock_blob_key(key, content_hash, account_id=account_id, blob_id=account_id, locked_key=bytes(61))
