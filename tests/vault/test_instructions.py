from collections.abc import Callable
from uuid import UUID

import pytest

from app.errors import CannotOpen
from app.vault.instructions import open_instruction, seal_instruction

FlipsFail = Callable[[Callable[[bytes], object], bytes], None]

KEY = bytes(range(32))


def seal(account_id: UUID) -> bytes:
    return seal_instruction(KEY, account_id=account_id, purpose="catch-all", row="a.test", plaintext=b"shop-*")


def test_receiving_reads_what_the_owner_said(account_id: UUID, every_change_fails: FlipsFail) -> None:
    sealed = seal(account_id)
    assert b"shop" not in sealed

    def open_it(value: bytes) -> bytes:
        return open_instruction(KEY, account_id=account_id, purpose="catch-all", row="a.test", sealed=value)

    assert open_it(sealed) == b"shop-*"
    every_change_fails(open_it, sealed)


def test_it_opens_in_its_place_alone(account_id: UUID, other_id: UUID) -> None:
    sealed = seal(account_id)
    for key, account, purpose, row in (
        (KEY[::-1], account_id, "catch-all", "a.test"),
        (KEY, other_id, "catch-all", "a.test"),
        (KEY, account_id, "else", "a.test"),
        (KEY, account_id, "catch-all", "b.test"),
    ):
        with pytest.raises(CannotOpen):
            open_instruction(key, account_id=account, purpose=purpose, row=row, sealed=sealed)
    with pytest.raises(ValueError, match="32 bytes"):
        seal_instruction(b"", account_id=account_id, purpose="catch-all", row="a.test", plaintext=b"")
