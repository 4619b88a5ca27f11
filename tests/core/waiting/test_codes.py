"""A labelled set of invented mails, none of them real."""

import tomllib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.messages.rendition import readable
from app.core.waiting.codes import code_of


class Mail(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    subject: str
    text: str | None = None
    html: str = ""
    code: str | None = None


_FILE = Path(__file__).with_name("codes.toml")
MAILS = msgspec.convert(tomllib.loads(_FILE.read_text())["mail"], list[Mail])


def found_in(mail: Mail) -> str | None:
    return code_of(mail.subject, readable(mail.html) if mail.text is None else mail.text)


@pytest.mark.parametrize("mail", MAILS, ids=lambda mail: mail.name)
def test_the_code_that_a_person_would_type(mail: Mail) -> None:
    assert found_in(mail) == mail.code


def test_the_set_is_large_and_nothing_in_it_is_missed_or_made_up() -> None:
    """In counts: of 86 codes all are found, and none is found in the 41 mails without one."""
    with_code = [mail for mail in MAILS if mail.code is not None]
    without = [mail for mail in MAILS if mail.code is None]
    assert (len(with_code), len(without)) == (86, 41)
    assert sum(found_in(mail) == mail.code for mail in with_code) == 86
    assert sum(found_in(mail) is not None for mail in without) == 0


@given(st.text(), st.text())
def test_no_text_is_too_odd(subject: str, text: str) -> None:
    found = code_of(subject, text)
    assert found is None or 4 <= len(found) <= 17


@pytest.mark.parametrize(
    "piece", ["code: 1", "1 2 ", "code 123456 ", "A-", "ABC-", "code ", "a1", "\n1234", "#", "验证码1"]
)
def test_a_long_text_costs_no_more_than_its_length(piece: str) -> None:
    """Steps that grow with the square of it would take minutes."""
    code_of(piece * 10_000, piece * 100_000)


def test_what_is_marked_by_invisible_signs_is_read_as_it_looks() -> None:
    assert code_of("\u200bYour code\ufeff", "4\u200b8\u200b2\u200b9\u200b1\u200b3") == "482913"
