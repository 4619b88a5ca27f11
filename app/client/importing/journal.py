"""Which messages of an import are done, so that one that was interrupted goes on behind them."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from app.errors import Invalid


class Journal:
    """A line a message. It is only there to save time: what is brought twice is stored once."""

    def __init__(self, environ: Mapping[str, str], url: str, source: Path) -> None:
        home = environ.get("XDG_STATE_HOME", "")
        folder = Path(home) if home.startswith("/") else Path("~/.local/state").expanduser()
        told = f"{url}\n{source.resolve()}".encode()
        self._place = folder / "restante" / "imports" / f"{hashlib.sha256(told).hexdigest()[:32]}.txt"
        try:
            self._place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = os.fdopen(os.open(self._place, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600), "a+")
        except OSError as error:
            raise Invalid(f"{self._place} cannot be written: {error.strerror}.") from error
        self._file.seek(0)
        # A line without its end was cut off, as the program was.
        self._done = {line.rstrip("\n") for line in self._file if line.endswith("\n")}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def __contains__(self, key: str) -> bool:
        return _line(key) in self._done

    def note(self, key: str) -> None:
        """It is done."""
        self._file.write(f"{_line(key)}\n")
        self._file.flush()

    def forget(self) -> None:
        """All of it is done."""
        self._place.unlink(missing_ok=True)


def _line(key: str) -> str:
    """Names of files may hold anything."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]
