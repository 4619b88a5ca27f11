"""What commands say: JSON for programs, lines with tabs into pipes, tables as wide as the terminal for people."""

import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from app.client.text import block, line

Row = Mapping[str, Any]
_WIDE = 90
_UNITS = ("bytes", "KB", "MB", "GB")
_THOUSAND = 1000
_TEXT_WIDTH = 100


def console() -> Console:
    """Standard output; what is written there is ours or was made safe, and is no markup."""
    return Console(highlight=False, markup=False, emoji=False)


def tell(text: str) -> None:
    """A line about what goes on, aside from the output."""
    click.echo(text, err=True)


def progress() -> Progress:
    """A bar on standard error where somebody looks, else nothing. Tasks say with `is_bytes` what they count."""
    err = Console(stderr=True, highlight=False, markup=False, emoji=False)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        _Amount(),
        TimeRemainingColumn(),
        console=err,
        disable=not err.is_terminal,
    )


class _Amount(ProgressColumn):
    """How much of how much, in bytes or messages."""

    def render(self, task: Task) -> Text:
        """`12 MB of 3 GB`, `120 of 1,873`."""
        total = int(task.total or 0)
        done = min(int(task.completed), total) if total else int(task.completed)
        shown = size if task.fields.get("is_bytes") else "{:,}".format
        return Text(f"{shown(done)} of {shown(total)}")


def show_json(value: object) -> None:
    """The API's own data."""
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2))


class Column(msgspec.Struct, frozen=True):
    """Of a table: its `share` of the width that columns without one leave; `is_spare`: narrow terminals do without."""

    name: str
    share: int = 0
    is_spare: bool = False


def show_table(columns: Sequence[Column], rows: Sequence[Sequence[Text]]) -> None:
    """As a table where somebody looks, a line a row; else tabs between whole values."""
    out = console()
    if not out.is_terminal:
        for row in rows:
            click.echo("\t".join(cell.plain for cell in row))
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold", expand=True)
    shown = [index for index, one in enumerate(columns) if not one.is_spare or out.width >= _WIDE]
    for index in shown:
        table.add_column(columns[index].name, ratio=columns[index].share or None, no_wrap=True, overflow="ellipsis")
    for row in rows:
        table.add_row(*(row[index] for index in shown))
    out.print(table)


def show_fields(fields: Sequence[tuple[str, str]]) -> None:
    """`Name:  value` a line, names padded to one width. Empty values are left out."""
    out = console()
    width = max(len(name) for name, _ in fields) + 2
    for name, value in fields:
        if value:
            out.print(Text.assemble((f"{name}:".ljust(width), "bold"), line(value)), soft_wrap=not out.is_terminal)


def show_text(text: str) -> None:
    """A text of strangers: wrapped between words where somebody looks, else as it is but for what steers terminals."""
    out = console()
    safe = block(text).rstrip()
    if not out.is_terminal:
        click.echo(safe)
        return
    out.print(Text(safe), width=min(out.width, _TEXT_WIDTH))


def show_bytes(chunks: Any) -> None:  # noqa: ANN401 - an iterator of bytes
    """Byte for byte into a pipe or file; to a terminal made safe."""
    if console().is_terminal:
        click.echo(block(b"".join(chunks).decode("utf-8", "replace")))
        return
    sys.stdout.flush()
    out = sys.stdout.buffer
    for chunk in chunks:
        out.write(chunk)
    out.flush()


def person(one: Row | None) -> str:
    """`Name <address>`, whichever there is."""
    if not one:
        return ""
    name, address = str(one.get("name") or ""), str(one.get("address") or "")
    return f"{name} <{address}>" if name and address else name or address


def moment(text: str | None) -> str:
    """An RFC 3339 time as clocks here show it, to the minute."""
    return datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M") if text else ""


def size(count: int) -> str:
    """`12 KB`; thousands, not 1,024s."""
    amount, unit = float(count), 0
    while amount >= _THOUSAND and unit < len(_UNITS) - 1:
        amount, unit = amount / _THOUSAND, unit + 1
    return f"{amount:.0f} {_UNITS[unit]}"
