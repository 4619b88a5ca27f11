"""A text file a day, in UTC, written by many processes at once; those that are older than ten days are deleted."""

import os
import re
import sys
from datetime import date, timedelta
from pathlib import Path

from app.lib.times import utc_today

DAYS = 10
"""A file's day and the nine days after it; on the next one it goes."""


class DailyFile:
    """`<folder>/<name>-<day>.log`, mode 0600. A line is one write, so that lines of several processes never mix.

    Opened at its first line, and again by the first one of each day, which also deletes what is too old. Where it
    cannot be written, lines go to stderr: a full disk must not stop what they tell of.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name
        self._day: date | None = None
        self._file = -1

    def write(self, text: str) -> int:
        """Append; the number of characters, as of any text file."""
        try:
            today = utc_today()
            if today != self._day:
                self._open(today)
            os.write(self._file, text.encode("utf-8", "replace"))
        except OSError:
            sys.stderr.write(text)
        return len(text)

    def flush(self) -> None:
        """Nothing waits."""

    def _open(self, today: date) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._folder / f"{self._name}-{today.isoformat()}.log"
        opened = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if self._file >= 0:
            os.close(self._file)
        self._file, self._day = opened, today
        delete_old(self._folder, self._name, today)


def delete_old(folder: Path, name: str, today: date) -> int:
    """Delete the files of this name that are older than ten days; how many. Other files are not ours to touch."""
    dated = re.compile(rf"{re.escape(name)}-(\d{{4}}-\d{{2}}-\d{{2}})\.log\Z")
    count = 0
    for path in folder.iterdir():
        found = dated.match(path.name)
        if found and found[1] <= (today - timedelta(days=DAYS)).isoformat():
            path.unlink(missing_ok=True)
            count += 1
    return count
