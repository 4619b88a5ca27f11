import pytest

from app.lib.scripts import is_mixed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("shop", False),
        ("", False),
        ("straße", False),
        ("почта", False),
        ("πωλητής", False),
        ("佐々木", False),
        ("コーヒー", False),
        ("らーめん東京", False),
        ("東京shop", False),
        ("서울abc大", False),
        ("1234-5678", False),
        ("раypal", True),
        ("gοοgle", True),
        ("почтаαβ", True),
        ("서울カナ", True),
        ("shopא", True),
    ],
)
def test_scripts_that_are_not_written_together_are_told(text: str, expected: bool) -> None:
    assert is_mixed(text) is expected
