import io

import bcrypt
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from app.errors import CannotOpen, Invalid
from app.vault.passwords import (
    COST,
    MAX_PASSWORD_CHARS,
    PasswordCost,
    PasswordRecord,
    check_nothing,
    check_password,
    is_outdated,
    set_password,
)

CHEAP = PasswordCost(memory_kib=8, iterations=1, lanes=1, bcrypt_rounds=4)
TEXT = st.text(st.characters(categories=["L", "M", "N", "P", "S", "Zs"]), min_size=1, max_size=40)


@pytest.fixture(scope="module")
def record() -> PasswordRecord:
    return set_password("correct horse", cost=CHEAP)[0]


@settings(deadline=None, max_examples=30)
@given(TEXT)
def test_the_password_gives_the_same_key_each_time(password: str) -> None:
    record, key = set_password(password, cost=CHEAP)
    assert len(key) == 32
    assert check_password(password, record) == key


@settings(deadline=None, max_examples=30)
@given(st.text(max_size=40))
def test_another_password_gives_none(record: PasswordRecord, password: str) -> None:
    assert check_password(password, record) is None


def test_nothing_is_cut_at_72_bytes() -> None:
    record, _ = set_password("a" * 100 + "b", cost=CHEAP)
    assert check_password("a" * 100 + "c", record) is None


def test_the_same_password_is_never_stored_alike() -> None:
    (one, one_key), (two, two_key) = set_password("same", cost=CHEAP), set_password("same", cost=CHEAP)
    assert one.salt != two.salt
    assert one.verifier != two.verifier
    assert one_key != two_key


@pytest.mark.parametrize(
    ("chosen", "typed"),
    [
        ("caf\u00e9", "cafe\u0301"),
        ("\u212b", "\u00c5"),
        ("two words", "two\u00a0words"),
        ("two\u3000words", "two words"),
    ],
)
def test_what_keyboards_spell_differently_is_the_same_password(chosen: str, typed: str) -> None:
    record, key = set_password(chosen, cost=CHEAP)
    assert check_password(typed, record) == key


@pytest.mark.parametrize(
    ("chosen", "typed"),
    [("Word", "word"), ("word", "word "), ("\uff57ord", "word"), ("two words", "two  words")],
)
def test_case_width_and_spaces_count(chosen: str, typed: str) -> None:
    record, _ = set_password(chosen, cost=CHEAP)
    assert check_password(typed, record) is None


@pytest.mark.parametrize("password", ["", "x" * 1025, "a\nb", "a\0", "a\x7f", "\ud800", "\uffff", "\U000e0080"])
def test_what_is_no_password_is_refused(password: str) -> None:
    with pytest.raises(Invalid) as caught:
        set_password(password, cost=CHEAP)
    assert [field.field for field in caught.value.fields] == ["password"]


def test_the_longest_password_counts_to_its_end() -> None:
    longest = "x" * (MAX_PASSWORD_CHARS - 1) + "y"
    record, key = set_password(longest, cost=CHEAP)
    assert check_password(longest, record) == key
    assert check_password("x" * MAX_PASSWORD_CHARS, record) is None
    assert check_password(longest + "z", record) is None


@pytest.mark.parametrize("password", ["", "\ud800", "x" * 5000, "a\0b"])
def test_checking_takes_anything(record: PasswordRecord, password: str) -> None:
    assert check_password(password, record) is None
    check_nothing(password, cost=CHEAP)


def test_the_verifier_is_bcrypt_of_neither_the_password_nor_the_key() -> None:
    record, key = set_password("correct horse", cost=CHEAP)
    assert record.verifier.startswith("$2b$04$")
    for text in (b"correct horse", key, key.hex().encode()):
        assert not bcrypt.checkpw(text, record.verifier.encode())


@pytest.mark.parametrize("change", [{"memory_kib": 16}, {"iterations": 2}, {"lanes": 2}, {"bcrypt_rounds": 5}])
def test_a_record_of_another_cost_is_outdated(record: PasswordRecord, change: dict[str, int]) -> None:
    assert not is_outdated(record, cost=CHEAP)
    assert is_outdated(record, cost=msgspec.structs.replace(CHEAP, **change))


def test_what_people_get_is_what_was_decided(record: PasswordRecord) -> None:
    assert PasswordCost(memory_kib=65_536, iterations=3, lanes=1, bcrypt_rounds=10) == COST
    made, key = set_password("correct horse")
    assert (made.memory_kib, made.iterations, made.lanes, made.verifier[:7]) == (65_536, 3, 1, "$2b$10$")
    assert check_password("correct horse", made) == key
    assert not is_outdated(made)
    assert is_outdated(record)


def test_nobody_costs_what_somebody_does(monkeypatch: pytest.MonkeyPatch, record: PasswordRecord) -> None:
    rounds: list[bytes] = []
    hashpw = bcrypt.hashpw

    def counted(password: bytes, salt: bytes) -> bytes:
        rounds.append(salt[:7])
        return hashpw(password, salt)

    monkeypatch.setattr(bcrypt, "hashpw", counted)
    check_password("wrong", record)
    check_nothing("wrong", cost=CHEAP)
    assert rounds == [b"$2b$04$", b"$2b$04$"]


@pytest.mark.parametrize(
    "change",
    [
        {"verifier": ""},
        {"verifier": "garbage"},
        {"verifier": "$2b$99$"},
        {"iterations": 0},
        {"memory_kib": 1},
        {"salt": b""},
    ],
)
def test_a_damaged_record_is_no_wrong_password(record: PasswordRecord, change: dict[str, object]) -> None:
    with pytest.raises(CannotOpen):
        check_password("correct horse", msgspec.structs.replace(record, **change))


def test_a_record_shows_nothing(record: PasswordRecord) -> None:
    console = Console(file=io.StringIO(), width=500)
    with console.capture() as capture:
        console.print(record)
    for shown in (repr(record), str(record), capture.get()):
        assert record.verifier not in shown
        assert repr(record.salt) not in shown
