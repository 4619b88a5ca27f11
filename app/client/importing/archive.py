"""An export of ours: its ZIP archives, or the folder that they were unpacked into."""

import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from app.client.importing.letters import Letter
from app.errors import Invalid

_KNOWN_FORMATS = range(1, 2)
_MAX_JSON = 512 * 1024 * 1024


class Archive:
    """The files of an export, wherever they lie."""

    def __init__(self, place: Path) -> None:
        """Raises Invalid for what is no export, or lacks parts."""
        self._place = place
        self._in: dict[str, zipfile.ZipFile] = {}
        if place.is_dir() and (place / "account.json").is_file():
            return
        zips = sorted(place.glob("restante-*.zip")) if place.is_dir() else [place]
        for one in zips:
            try:
                opened = zipfile.ZipFile(one)
            except (zipfile.BadZipFile, OSError) as error:
                raise Invalid(f"{one} is no whole ZIP archive. Was its download interrupted?") from error
            self._in |= dict.fromkeys(opened.namelist(), opened)

    @staticmethod
    def is_at(place: Path) -> bool:
        """Whether it looks as if there was one."""
        if place.is_dir():
            return (place / "account.json").is_file() or any(place.glob("restante-*.zip"))
        return zipfile.is_zipfile(place)

    def json(self, name: str) -> Any:  # noqa: ANN401 - any JSON value
        """What a file says; None where there is none. Raises Invalid."""
        data = self._read(name)
        if data is None:
            return None
        try:
            return msgspec.json.decode(data[:_MAX_JSON])
        except msgspec.DecodeError as error:
            raise Invalid(f"{name} of the export is damaged.") from error

    def text(self, name: str) -> bytes | None:
        """A file's bytes; None where there is none."""
        return self._read(name)

    def check(self) -> None:
        """Raises Invalid for a format that only newer programs know, and for parts that are missing."""
        account = self.json("account.json")
        if account is None:
            return
        if account.get("format") not in _KNOWN_FORMATS:
            raise Invalid("This export is of a newer Restante. Install that, and import with it.")
        if account.get("formats") and "maildir" not in account["formats"]:
            raise Invalid("This export has its mail not as Maildir. Export once more, or import the mbox files.")
        lists = len(self._lists())
        if account.get("formats") and lists != account["parts"] - 1:
            raise Invalid(
                f"The export has {account['parts']} parts, and {lists + 1} of them are here. Bring the others, too."
            )

    def letters(self) -> Iterator[Letter]:
        """Its messages, in their order: from the Maildir, which has them byte for byte. Raises Invalid."""
        for name in self._lists():
            for line in (self._read(name) or b"").splitlines():
                yield self._letter(msgspec.json.decode(line))

    def count(self) -> int:
        """How many messages there are."""
        return sum((self._read(name) or b"").count(b"\n") for name in self._lists())

    def _letter(self, told: dict[str, Any]) -> Letter:
        name = str(told["file"])

        def read() -> bytes:
            data = self._read(name)
            if data is None:
                raise Invalid("This export has no Maildir: export once more, with `--format maildir`.")
            return data

        return Letter(
            key=str(told["id"]),
            read=read,
            alias=told["alias"],
            received_at=told["received_at"],
            folder=told["folder"],
            is_read=told["is_read"],
            is_starred=told["is_starred"],
            delivered_to=told["delivered_to"],
            envelope_from=told["envelope_from"],
        )

    def _lists(self) -> list[str]:
        names = self._in or [str(one.relative_to(self._place)) for one in (self._place / "mail").glob("messages-*")]
        return sorted(name for name in names if PurePosixPath(name).match("mail/messages-*.jsonl"))

    def _read(self, name: str) -> bytes | None:
        """Names are those that were listed, or written by us; none leads out of the folder."""
        try:
            if self._in:
                return self._in[name].read(name) if name in self._in else None
            place = (self._place / name).resolve()
            return place.read_bytes() if place.is_relative_to(self._place.resolve()) and place.is_file() else None
        except (OSError, zipfile.BadZipFile) as error:
            raise Invalid(f"{name} of the export cannot be read: it is damaged.") from error
