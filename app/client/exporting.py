"""An export of everything into a folder, part by part; what was interrupted goes on with the next byte."""

import json
import os
from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

import click
import httpx
import msgspec

from app.client import output
from app.client.failures import Foreign, Unreachable
from app.client.server import Server, data_of
from app.client.text import file_name
from app.errors import Invalid, NotFound

FORMATS = ("maildir", "mbox", "attachments")
_STATE = ".restante-export.json"
_TRIES = 5
_PAUSE = 2
_FIRST_BYTE_SECONDS = 300.0
"""Before the first byte of a part the server reads all of it."""


class _Unfinished(msgspec.Struct, kw_only=True):
    """What is kept beside the parts until all of them are there."""

    url: str
    export_id: str
    etags: dict[str, str] = {}
    """By file: what its first bytes are of."""


def everything(there: Server, folder: Path, *, formats: tuple[str, ...]) -> None:
    """All parts into the folder, which is made where it is missing; those that are there are left. Raises Invalid."""
    state = _state(folder)
    if state is not None and state.url != there.url:
        raise Invalid(f"In {folder} lies the beginning of an export from {state.url}. Choose another folder.")
    export = _known(there, state) if state else None
    if state is None or export is None:
        if state is not None:
            output.tell("The export that was begun has ended; beginning another one. What is there stays.")
        export = data_of(there.post("/exports", {"formats": list(formats)})[1])
        state = _Unfinished(url=there.url, export_id=str(export["id"]))
        _keep(folder, state)
    parts = [(one, _path(folder, one)) for one in export["parts"]]
    with output.progress() as bar:
        total = sum(one["size"] or one["estimated_size"] for one, _ in parts)
        task = bar.add_task("Exporting", total=total, is_bytes=True)
        for part, place in parts:
            _fetch(there, state, folder, part, place, lambda done: bar.update(task, advance=done))
    (folder / _STATE).unlink()
    size = sum(place.stat().st_size for _, place in parts)
    click.echo(f"{folder}: {len(parts)} files, {output.size(size)}, {export['message_count']:,} messages.")


def _fetch(
    there: Server, state: _Unfinished, folder: Path, part: Mapping[str, Any], place: Path, tell: Callable[[int], object]
) -> None:
    if place.exists():
        tell(place.stat().st_size)
        return
    begun = place.with_name(f"{place.name}.part")
    told = begun.stat().st_size if begun.exists() else 0
    tell(told)
    for attempt in range(1, _TRIES + 1):
        try:
            _go_on(there, state, folder, part, begun, tell)
            break
        except Unreachable as failure:
            if not failure.is_broken or attempt == _TRIES:
                raise
            output.tell(f"{failure.detail} Going on in {_PAUSE} s.")
            there.pause(_PAUSE)
    begun.replace(place)


def _go_on(
    there: Server, state: _Unfinished, folder: Path, part: Mapping[str, Any], begun: Path, tell: Callable[[int], object]
) -> None:
    """Fetch what is missing of a part, or all of it where it is no longer the same."""
    have = begun.stat().st_size if begun.exists() else 0
    etag = state.etags.get(begun.name)
    headers = {"Range": f"bytes={have}-", "If-Range": etag} if have and etag else {}
    path = f"/exports/{state.export_id}/parts/{part['number']}"
    with there.opened(path, headers=headers, timeout=_FIRST_BYTE_SECONDS, also=(HTTPStatus(416),)) as response:
        if response.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            if _size_of(response) == have:
                return  # it was complete, and the program ended before it could say so
            begun.unlink()
            tell(-have)
            raise Unreachable("The part is no longer what it was.", is_broken=True)
        is_same = response.status_code == HTTPStatus.PARTIAL_CONTENT
        if not is_same and have:
            tell(-have)
        if fresh := response.headers.get("ETag"):
            state.etags[begun.name] = fresh
            _keep(folder, state)
        try:
            with begun.open("ab" if is_same else "wb") as file:
                for chunk in response.iter_bytes():
                    file.write(chunk)
                    tell(len(chunk))
        except OSError as error:
            raise Invalid(f"{begun} cannot be written: {error.strerror}.") from error


def _size_of(response: httpx.Response) -> int | None:
    size = response.headers.get("Content-Range", "").rpartition("/")[2]
    return int(size) if size.isdigit() else None


def _known(there: Server, state: _Unfinished) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return data_of(there.get(f"/exports/{state.export_id}"))
    except NotFound:
        return None


def _path(folder: Path, part: Mapping[str, Any]) -> Path:
    """Where a part goes: its name is the server's, and stays in the folder. Raises Foreign."""
    name = file_name(str(part["filename"]), otherwise="")
    if not name.endswith(".zip"):
        raise Foreign
    return folder / name


def _state(folder: Path) -> _Unfinished | None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return msgspec.json.decode((folder / _STATE).read_bytes(), type=_Unfinished)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError:
        raise Invalid(f"{folder / _STATE} is damaged. Delete it, and the export begins anew.") from None
    except OSError as error:
        raise Invalid(f"{folder} cannot be used: {error.strerror}.") from error


def _keep(folder: Path, state: _Unfinished) -> None:
    fresh = folder / f"{_STATE}.{os.getpid()}"
    try:
        fresh.write_text(json.dumps(msgspec.to_builtins(state)))
        fresh.replace(folder / _STATE)
    except OSError as error:
        raise Invalid(f"{folder} cannot be written: {error.strerror}.") from error
