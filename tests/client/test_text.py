import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.client import text


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Hello", "Hello"),
        ("  two\r\n lines\t and\x85more ", "two lines and more"),
        ("\x1b[2J\x1b]8;;https://evil.example\x07click\x1b]8;;\x07", "�[2J�]8;;https://evil.example�click�]8;;�"),
        ("\x9b31mred", "�31mred"),
        ("abc\u202etxt.exe", "abc�txt.exe"),
        ("\u2066a\u2069 \u200fb \u061cc", "�a� �b �c"),
        ("soft\u00adhyphen zero\u200bwidth \ufeffmark", "soft�hyphen zero�width �mark"),
        ("tag\U000e0041s", "tag�s"),
        ("línea 日本 👩\u200d🔬 می\u200cخواهم", "línea 日本 👩\u200d🔬 می\u200cخواهم"),
        ("lone\ud800surrogate", "lone�surrogate"),
    ],
)
def test_a_line_cannot_steer_the_terminal(written: str, shown: str) -> None:
    assert text.line(written) == shown


def test_a_block_keeps_its_lines_and_tabs() -> None:
    assert text.block("a\r\nb\rc\u2028d\te\x0bf\x1b[0m\n") == "a\nb\nc\nd\te\nf�[0m\n"


@given(st.text())
def test_nothing_unsafe_is_ever_shown(written: str) -> None:
    for shown, kept in ((text.line(written), ""), (text.block(written), "\n\t")):
        for char in shown:
            is_harmless = char in f"{kept}\u200c\u200d"
            assert is_harmless or unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert "\n" not in text.line(written)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "_.._etc_passwd"),
        (".bashrc", "bashrc"),
        ("C:\\x\\y.exe", "C_x_y.exe"),
        ("a\u202efdp.exe", "a_fdp.exe"),
        ("\x00", "_"),
        ("...", "attachment-1"),
        ("", "attachment-1"),
        ("-", "attachment-1"),
    ],
)
def test_a_file_stays_in_its_folder(written: str, name: str) -> None:
    assert text.file_name(written, otherwise="attachment-1") == name


@given(st.text(max_size=400))
def test_a_file_name_is_always_one(written: str) -> None:
    name = text.file_name(written, otherwise="attachment-1")
    assert name
    assert "/" not in name
    assert name[0] not in ".-"
    assert len(name.encode()) <= 200
