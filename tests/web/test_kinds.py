import pytest

from app.web.kinds import kind


@pytest.mark.parametrize(
    ("content_type", "filename", "words"),
    [
        ("application/pdf", "a.pdf", "PDF document"),
        ("application/octet-stream", "A.PDF", "PDF document"),
        ("image/jpeg", "photo", "picture"),
        ("image/svg+xml", "logo.svg", "drawing"),
        ("video/quicktime", "a.mov", "video"),
        ("text/x-unknown", "notes", "text"),
        ("application/pdf", "invoice.pdf.exe", "program"),
        ("image/png", "run.js", "program"),
        ("application/octet-stream", "", "file"),
        ("application/octet-stream", "pdf", "file"),
        ("application/x-odd", "odd.odd", "file (application/x-odd)"),
    ],
)
def test_files_are_called_what_people_call_them(content_type: str, filename: str, words: str) -> None:
    assert kind(content_type, filename) == words
