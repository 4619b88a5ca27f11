"""What people see: tables as wide as their terminal."""

import io
import sys
from typing import Any

import pytest
from rich.cells import cell_len

from app.client import lookup, showing
from app.client.output import moment, person, size


def message(number: int, **changes: object) -> dict[str, Any]:
    return {
        "id": f"0198{number:04x}-0000-7000-8000-{number:012x}",
        "received_at": "2026-11-21T09:30:00.123Z",
        "from": {"name": "A name that is rather long, as names of shops are", "address": "news@shop.example"},
        "alias": {"id": "x", "email": "shop-github-x7k2@restante.example"},
        "subject": "日本語の件名はとても長いのでここで切られるはずです。" * 3,
        "is_read": False,
        **changes,
    }


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(monkeypatch: pytest.MonkeyPatch, width: int, **environ: str) -> str:
    out = _Terminal()
    monkeypatch.setattr(sys, "stdout", out)
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in ({"COLUMNS": str(width), "LINES": "40", "TERM": "xterm"} | environ).items():
        monkeypatch.setenv(name, value)
    showing.show_messages([message(1), message(2, is_read=True, **{"from": None})])
    return out.getvalue()


@pytest.mark.parametrize("width", [50, 80, 120, 200])
def test_a_list_is_as_wide_as_the_terminal(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    lines = shown(monkeypatch, width, NO_COLOR="1", TERM="dumb").splitlines()
    assert len(lines) == 3
    assert all(cell_len(line) <= width for line in lines)
    assert lines[0].split() == ["Id", "Received", "From", *(["To"] if width >= 90 else []), "Subject"]
    assert "…" in lines[1]
    assert ("*" in lines[1], "*" in lines[2]) == (True, False)


def test_colours_and_weights_can_be_turned_off(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[1m" in shown(monkeypatch, 80)
    assert "\x1b[3" not in shown(monkeypatch, 80, NO_COLOR="1")


def test_short_ids_tell_messages_apart() -> None:
    assert lookup.short_ids([]) == []
    assert lookup.short_ids([message(1)["id"]]) == ["019800010000"]
    near = lookup.short_ids([f"01980000-0000-7000-8000-0000000000{end}0" for end in (1, 2)])
    assert near == ["0198000000007000800000000000001", "0198000000007000800000000000002"]


def test_small_words() -> None:
    assert [size(count) for count in (0, 999, 1000, 1_234_567, 10**13)] == [
        "0 bytes",
        "999 bytes",
        "1 KB",
        "1 MB",
        "10000 GB",
    ]
    assert person({"name": "Ada", "address": "a@b.example"}) == "Ada <a@b.example>"
    assert (person({"name": "", "address": "a@b.example"}), person(None)) == ("a@b.example", "")
    assert moment(None) == ""
