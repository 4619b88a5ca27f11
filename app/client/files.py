"""Originals and attachments on their way into a file or a pipe; never over a file that is there, never half of one."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from app.client import output
from app.client.server import Params, Server
from app.client.text import file_name, line
from app.errors import Conflict, Invalid, NotFound

STDOUT = "-"


def save(server: Server, path: str, target: str, params: Params | None = None) -> None:
    """What the server has at `path`, into the file `target` or to standard output. Raises Conflict, Invalid."""
    with server.stream(path, params) as chunks:
        if target == STDOUT:
            output.show_bytes(chunks)
        else:
            _write(Path(target), chunks)


def save_attachment(server: Server, path: str, message: Mapping[str, Any], number: str, target: str | None) -> None:
    """An attachment of the message at `path`; without a `target` under its own name in this folder. Raises NotFound."""
    found = next((one for one in message["attachments"] if one["id"] == number), None)
    if found is None:
        there = ", ".join(f"{one['id']} ({line(one['filename'])})" for one in message["attachments"])
        raise NotFound(f"The message has no attachment {line(number)}. It has: {there or 'none'}.")
    name = target or file_name(found["filename"], otherwise=f"attachment-{number}")
    save(server, f"{path}/attachments/{number}", name)
    if name != STDOUT:
        click.echo(f"{name} ({output.size(Path(name).stat().st_size)})")


def _write(target: Path, chunks: Iterator[bytes]) -> None:
    try:
        file = target.open("xb")
    except FileExistsError:
        raise Conflict(f"There is a file {target} already. Name another with -o.") from None
    except OSError as error:
        raise Invalid(f"{target} cannot be written: {error.strerror}.") from error
    try:
        with file:
            for chunk in chunks:
                file.write(chunk)
    except BaseException as error:
        target.unlink()
        if isinstance(error, OSError):
            raise Invalid(f"{target} cannot be written: {error.strerror}.") from error
        raise
