import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.accounts.strength import _LOOKED_AT, check_password, fault_of
from app.errors import Invalid
from app.vault.passwords import MAX_PASSWORD_CHARS


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "dragonmonkeyhorse",
        "kX9#mq2$vL7z",
        "пароль пароль",
        "a" * (2 * _LOOKED_AT) + "kX9#mq2$vL7z",
        "kX9#mq2$vL7z" + "a" * (2 * _LOOKED_AT),
        "x" * (MAX_PASSWORD_CHARS - 20) + "correct horse battery"[-20:],
        "4@8({[</369&#!1/|0$5+7%2/4@8({[</369&#!1/|0$5+7%2/",
    ],
)
def test_what_is_hard_to_guess_passes(password: str) -> None:
    assert fault_of(password, login="ada") == ""
    check_password(password, login="ada")


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("", "at least 10"),
        ("x" * 9, "at least 10"),
        ("x" * (MAX_PASSWORD_CHARS + 1), "at most 1024"),
        ("password1234", "Many people use this password"),
        ("1234567890", "hundred passwords"),
        ("Password123!", "Capital letters at the usual places help little"),
        ("P@ssw0rd2024", "@ for a"),
        ("drowssap1987", "backwards"),
        ("abcdefghijkl", "Sequences"),
        ("19841984198", "Repeats as in abcabc"),
        ("margaret1987", "Common names"),
        ("a" * 200, "The same character many times"),
        ("\ud800" * 12, "The same character many times"),
        (" " * 30, "The same character many times"),
        ("ada.lovelace1", "Your login and the name of this service"),
        ("LovelaceAda", "Your login and the name of this service"),
        ("correcthorsebatterystaple", "Use a few more words"),
        ("Correct Horse Battery Staple", "Use a few more words"),
        ("maytheforcebewithyou1", "Use a few more words"),
        ("thequickbrownfoxjumpsoverthelazydog", "Use a few more words"),
        ("the quick brown fox", "Use a few more words"),
        ("PosteRestante", "Your login and the name of this service"),
        ("restante1815", "Your login and the name of this service"),
    ],
)
def test_what_is_easy_to_guess_is_told_why(password: str, said: str) -> None:
    fault = fault_of(password, login=" Ada.Lovelace ")
    assert said in fault
    assert password not in fault or not password.strip()


def test_the_form_learns_which_field_is_wrong() -> None:
    with pytest.raises(Invalid) as caught:
        check_password("password1234", login="ada", field="new_password")
    assert [fault.field for fault in caught.value.fields] == ["new_password"]
    assert caught.value.fields[0].message.endswith("or a password manager.")


def test_there_are_no_rules_of_composition() -> None:
    """Letters alone, digits alone and words in any script are as good as they are hard to guess."""
    for password in ("wbqzkxvjtpnd", "730418526901377", "лампа облако гвоздь"):
        assert fault_of(password, login="ada") == ""


@given(st.text(min_size=10, max_size=80), st.text(max_size=80))
def test_any_text_gets_an_answer(password: str, login: str) -> None:
    assert isinstance(fault_of(password, login=login), str)


def test_why_says_nothing_in_the_librarys_words() -> None:
    for password in ("qwertyuiop12", "zxcvbnmasdf", "elephantine", "20012001200", "MARGARETHE1", "summer2023"):
        fault = fault_of(password, login="ada")
        assert "Warning" not in fault
        assert "Suggestion" not in fault
