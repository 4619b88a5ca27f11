"""Medians, ratios, the table and the JSON file."""

import io
import json
from pathlib import Path

from rich.console import Console

from bench import report
from bench.report import Row

MINE = Row(
    scenario="small",
    label="ours",
    runs=[{"accepted_per_s": 900.0, "other_cores": 0.25}, {"accepted_per_s": 1500.0, "ended 451": 2.0}],
)
THEIRS = Row(scenario="small", label="rival", runs=[{"accepted_per_s": 400.0, "cpu_ms": 6.0, "other_cores": 0.5}])


def test_medians_count_a_missing_figure_as_nothing() -> None:
    assert MINE.median == {"accepted_per_s": 1200.0, "other_cores": 0.125, "ended 451": 1.0}


def test_a_ratio_is_of_what_both_have() -> None:
    assert report.ratio(MINE, THEIRS).median == {"accepted_per_s": 3.0}


def test_the_table_shows_every_figure_whole() -> None:
    shown = io.StringIO()
    report.show([MINE, THEIRS], Console(file=shown, width=40))
    text = shown.getvalue()
    assert [word for word in ("small", "accepted per s", "ended 451", "1,200", "400", "6") if word not in text] == []
    assert "…" not in text


def test_the_file_holds_every_run(tmp_path: Path) -> None:
    report.write([MINE], tmp_path / "results" / "a.json")
    written = json.loads((tmp_path / "results" / "a.json").read_text())
    assert written["machine"]["cores"] >= 1
    assert written["rows"] == [
        {"scenario": "small", "label": "ours", "runs": MINE.runs, "median": MINE.median},
    ]
