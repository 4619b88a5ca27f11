from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.lib.blobs.disposition import attachment


@pytest.mark.parametrize(
    ("filename", "header"),
    [
        ("report.pdf", 'attachment; filename="report.pdf"'),
        ("two words (1).txt", 'attachment; filename="two words (1).txt"'),
        ("", 'attachment; filename="attachment"'),
        ("..", 'attachment; filename="attachment"'),
        ("../../etc/passwd", 'attachment; filename="passwd"'),
        ("C:\\temp\\a.txt", 'attachment; filename="a.txt"'),
        (
            "a\r\nSet-Cookie: x=1",
            "attachment; filename=\"a Set-Cookie_ x=1\"; filename*=UTF-8''a%20Set-Cookie%3A%20x%3D1",
        ),
        ('a"b.txt', "attachment; filename=\"a_b.txt\"; filename*=UTF-8''a%22b.txt"),
        ("Übersicht.pdf", "attachment; filename=\"Ubersicht.pdf\"; filename*=UTF-8''%C3%9Cbersicht.pdf"),
        ("請求書", "attachment; filename=\"attachment\"; filename*=UTF-8''%E8%AB%8B%E6%B1%82%E6%9B%B8"),
        ("請求書.pdf", "attachment; filename=\"attachment.pdf\"; filename*=UTF-8''%E8%AB%8B%E6%B1%82%E6%9B%B8.pdf"),
        ("invoice\u202efdp.exe", 'attachment; filename="invoicefdp.exe"'),
        ("bad\ud800.txt", 'attachment; filename="bad.txt"'),
        (f"{'x' * 300}.tar.gz", f'attachment; filename="{"x" * 117}.gz"'),
        ("x" * 300, f'attachment; filename="{"x" * 120}"'),
        ("invoice.pdf.exe", 'attachment; filename="invoice.pdf.exe"'),
        ("trailing. . .", 'attachment; filename="trailing"'),
        (" ...hidden ", 'attachment; filename="hidden"'),
        ("CON", 'attachment; filename="_CON"'),
        ("nul.txt", 'attachment; filename="_nul.txt"'),
        ("Lpt1.tar.gz", 'attachment; filename="_Lpt1.tar.gz"'),
        ("console.txt", 'attachment; filename="console.txt"'),
        ("50 % & more.pdf", "attachment; filename=\"50 _ _ more.pdf\"; filename*=UTF-8''50%20%25%20%26%20more.pdf"),
        ("%2e%2e%2fetc", "attachment; filename=\"_2e_2e_2fetc\"; filename*=UTF-8''%252e%252e%252fetc"),
        ("'it''s'.txt", "attachment; filename=\"_it__s_.txt\"; filename*=UTF-8''%27it%27%27s%27.txt"),
        ("\U0001f389.pdf", "attachment; filename=\"attachment.pdf\"; filename*=UTF-8''%F0%9F%8E%89.pdf"),
        ("pay\u200dpal\u200c.exe", 'attachment; filename="paypal.exe"'),
        ("a\x00b\x7fc\ufeff\uffff\ue000.txt", 'attachment; filename="abc.txt"'),
    ],
)
def test_says_the_name(filename: str, header: str) -> None:
    assert attachment(filename) == header


@pytest.mark.parametrize(
    "name", ["\U0001f468\u200d\U0001f469\u200d\U0001f467.jpg", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645.pdf"]
)
def test_words_and_emoji_of_several_parts_stay_whole(name: str) -> None:
    assert attachment(name).endswith(f"; filename*=UTF-8''{quote(name)}")


@given(st.text(alphabet=st.characters(codec="utf-8"), min_size=60), st.sampled_from(["", ".tar.gz", ".\u8acb\u6c42"]))
def test_a_name_fits_a_file_system_and_keeps_its_suffix(stem: str, suffix: str) -> None:
    header = attachment(f"a{stem.replace('/', '').replace(chr(92), '')}b{suffix}")
    name = unquote(header.rpartition("''")[2]) if "filename*" in header else header[22:-1]
    assert 0 < len(name.encode()) <= 201
    assert name == name.strip(". ")
    assert name.endswith(suffix[-3:])


@given(st.text())
def test_is_always_a_safe_header(filename: str) -> None:
    header = attachment(filename)
    assert header.startswith('attachment; filename="')
    assert header.isascii()
    assert header.isprintable()
    assert header.count('"') == 2
    assert "\\" not in header
