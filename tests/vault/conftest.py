"""One account's keys and names for the tests of the vault, and what every sealed value must withstand."""

from collections.abc import Callable
from uuid import UUID

import pytest

from app.errors import CannotOpen
from app.vault.keyring import Keyring, new_keyring

FlipsFail = Callable[[Callable[[bytes], object], bytes], None]


@pytest.fixture(scope="session")
def keyring() -> Keyring:
    return new_keyring()


@pytest.fixture(scope="session")
def account_id() -> UUID:
    return UUID("01930000-0000-7000-8000-00000000000a")


@pytest.fixture(scope="session")
def message_id() -> UUID:
    return UUID("01930000-0000-7000-8000-00000000000b")


@pytest.fixture(scope="session")
def other_id() -> UUID:
    return UUID("01930000-0000-7000-8000-00000000000c")


@pytest.fixture(scope="session")
def every_change_fails() -> FlipsFail:
    """Asserts that the value opens, and no longer does once any byte is changed, or it is cut or lengthened."""

    def check(open_it: Callable[[bytes], object], sealed: bytes) -> None:
        open_it(sealed)
        for place in range(len(sealed)):
            for bit in (0x01, 0x80):
                changed = bytearray(sealed)
                changed[place] ^= bit
                with pytest.raises(CannotOpen):
                    open_it(bytes(changed))
        for other in (b"", sealed[:1], sealed[:13], sealed[:-1], sealed[1:], sealed + b"\0"):
            with pytest.raises(CannotOpen):
                open_it(other)

    return check
