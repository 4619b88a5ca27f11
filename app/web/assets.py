"""The files of static/: read once, served from memory under names that change with their content."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec

STATIC = Path(__file__).resolve().parents[2] / "static"
_TYPES = {".css": "text/css", ".svg": "image/svg+xml", ".txt": "text/plain"}
_HASH_CHARS = 12


class Asset(msgspec.Struct, frozen=True):
    """One file."""

    content: bytes
    content_type: str


class Assets:
    """All files of a folder; a file of a type we do not serve is an error at the start."""

    def __init__(self, folder: Path = STATIC) -> None:
        self._by_url_name: dict[str, Asset] = {}
        self._urls: dict[str, str] = {}
        for path in sorted(folder.iterdir()):
            content = path.read_bytes()
            url_name = f"{path.stem}.{hashlib.sha256(content).hexdigest()[:_HASH_CHARS]}{path.suffix}"
            self._by_url_name[url_name] = Asset(content, _TYPES[path.suffix])
            self._urls[path.name] = f"/static/{url_name}"

    @property
    def urls(self) -> Mapping[str, str]:
        """File name -> path, with the content's hash in it."""
        return self._urls

    def find(self, url_name: str) -> Asset | None:
        """What the path's last segment names."""
        return self._by_url_name.get(url_name)
