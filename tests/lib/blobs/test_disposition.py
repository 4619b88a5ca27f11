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
    ],
)
def test_says_the_name(filename: str, header: str) -> None:
    assert attachment(filename) == header


@given(st.text())
def test_is_always_a_safe_header(filename: str) -> None:
    header = attachment(filename)
    assert header.startswith('attachment; filename="')
    assert header.isascii()
    assert header.isprintable()
    assert header.count('"') == 2
    assert "\\" not in header
