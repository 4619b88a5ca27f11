from collections.abc import Callable
from uuid import UUID

import pytest

from app.errors import CannotOpen
from app.vault.instructions import open_instruction
from app.vault.outbox import open_outgoing, seal_outgoing

FlipsFail = Callable[[Callable[[bytes], object], bytes], None]

KEY = bytes(range(32))


def seal(account_id: UUID, row_id: UUID) -> bytes:
    return seal_outgoing(KEY, account_id=account_id, purpose="payload", row_id=row_id, plaintext=b"a message")


def test_the_worker_reads_what_waits(account_id: UUID, message_id: UUID, every_change_fails: FlipsFail) -> None:
    sealed = seal(account_id, message_id)
    assert b"message" not in sealed
    assert sealed != seal(account_id, message_id)

    def open_it(value: bytes) -> bytes:
        return open_outgoing(KEY, account_id=account_id, purpose="payload", row_id=message_id, sealed=value)

    assert open_it(sealed) == b"a message"
    every_change_fails(open_it, sealed)


def test_it_opens_in_its_place_alone(account_id: UUID, other_id: UUID, message_id: UUID) -> None:
    sealed = seal(account_id, message_id)
    for key, account, purpose, row in (
        (KEY[::-1], account_id, "payload", message_id),
        (KEY, other_id, "payload", message_id),
        (KEY, account_id, "webhook", message_id),
        (KEY, account_id, "payload", other_id),
    ):
        with pytest.raises(CannotOpen):
            open_outgoing(key, account_id=account, purpose=purpose, row_id=row, sealed=sealed)
    with pytest.raises(CannotOpen):
        open_instruction(KEY, account_id=account_id, purpose="payload", row=str(message_id), sealed=sealed)
    with pytest.raises(ValueError, match="32 bytes"):
        seal_outgoing(b"", account_id=account_id, purpose="payload", row_id=message_id, plaintext=b"")
