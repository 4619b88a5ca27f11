"""The commands for who sells: plans, and vouchers to sell by hand."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TextIO

import click

from app import sales, serve, wiring
from app.commands import Command, Row
from app.core.billing import sheets
from app.errors import Conflict, Invalid

_CHANGEABLE = (
    click.option("--price", help="As in 29 or 29.50."),
    click.option("--currency", help="Three letters, as in EUR."),
    click.option("--storage", "storage_limit", type=int, help="Bytes."),
    click.option("--aliases", "alias_limit", type=int, help="How many."),
    click.option("--domains", "domain_limit", type=int, help="Of one's own, how many."),
    click.option("--line", "lines", multiple=True, help="What else is in it; may be repeated."),
    click.option("--position", type=int, help="In the shop; small numbers come first."),
    click.option("--on-sale/--off-sale", "is_on_sale", default=None, help="Whether the shop shows it."),
)


def _with_fields(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_CHANGEABLE):
        command = option(command)
    return command


@click.group()
def plan() -> None:
    """Plans: what is sold."""


@plan.command("create")
@click.argument("name")
@_with_fields
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def plan_create(*, name: str, as_json: bool, **fields: object) -> None:
    """Make a plan called NAME. It needs a price and a currency."""
    given = _given(fields)
    for needed in ("price", "currency"):
        if needed not in given:
            raise Invalid.field(needed, f"A plan needs a {needed}: give --{needed}.")
    _show(_run(sales.plan_create(name, given)), as_json=as_json)


@plan.command("change")
@click.argument("name")
@click.option("--name", "new_name", help="Another name.")
@_with_fields
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def plan_change(*, name: str, new_name: str | None, as_json: bool, **fields: object) -> None:
    """Change the plan NAME (or its id); what is not given stays. While vouchers of it are out, it can only grow."""
    _show(_run(sales.plan_change(name, _given({"name": new_name, **fields}))), as_json=as_json)


@plan.command("list")
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def plan_list(*, as_json: bool) -> None:
    """List the plans, and how many vouchers of each nobody has redeemed."""
    _show(_run(sales.plan_list()), as_json=as_json)


@click.group()
def voucher() -> None:
    """Vouchers: codes for a plan, to sell by hand."""


@voucher.command("create")
@click.option("-n", "count", type=int, default=1, show_default=True, help="How many, at most 1,000.")
@click.option("--plan", "plan_name", required=True, help="The name or id of their plan.")
@click.option("--sheet", type=click.Path(path_type=Path), help="Write a sheet to print: FILE.html, or text.")
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def voucher_create(*, count: int, plan_name: str, sheet: Path | None, as_json: bool) -> None:
    """Make vouchers. Their codes are shown, or written, this once; only hashes are kept."""
    file = _new_file(sheet) if sheet else None
    try:
        made = _run(sales.voucher_create(plan_name, count))
    except BaseException:
        if file and sheet:
            file.close()
            sheet.unlink()
        raise
    if not isinstance(made, dict):
        raise TypeError
    if file and sheet and _is_written(file, _sheet(sheet, made)):
        click.echo(f"{len(made['codes'])} vouchers for {made['plan']} are in {sheet}.")
    elif as_json:
        click.echo(json.dumps(made))
    else:
        click.echo("\n".join(made["codes"]))


@voucher.command("void")
@click.argument("code")
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def voucher_void(*, code: str, as_json: bool) -> None:
    """Make the voucher CODE worthless, one that was lost for example."""
    _show(_run(sales.voucher_void(code)), as_json=as_json)


@click.command()
@click.argument("payment")
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def purchase(*, payment: str, as_json: bool) -> None:
    """Show the purchase of PAYMENT, Stripe's pi_…, and whether its voucher is still there to be taken back."""
    _show(_run(sales.purchase_show(payment)), as_json=as_json)


def _new_file(path: Path) -> TextIO:
    """For its owner alone; opened first, or codes might be made for no file. Raises Conflict, Invalid."""
    try:
        return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8")
    except FileExistsError:
        raise Conflict(
            f"{path} is there already, and may hold codes that are nowhere else.", code="file_exists"
        ) from None
    except OSError as error:
        raise Invalid.field("sheet", f"{path} cannot be made: {error.strerror}.") from None


def _sheet(path: Path, made: Row) -> str:
    build = sheets.as_html if path.suffix.lower() in {".html", ".htm"} else sheets.as_text
    return build(made["plan"], made["codes"], holds=made["holds"], directions=made["directions"])


def _is_written(file: TextIO, text: str) -> bool:
    """False, with a word on stderr, where the disk is full: then the codes are printed instead."""
    try:
        with file:
            file.write(text)
    except OSError as error:
        click.echo(f"restante: The sheet could not be written: {error.strerror}. The codes:", err=True)
        return False
    return True


def _given(fields: Mapping[str, Any]) -> dict[str, Any]:
    """What was said; click gives None, or an empty tuple, for the rest."""
    return {name: value for name, value in fields.items() if value is not None and value != ()}


def _run(command: Command) -> Row | list[Row]:
    return serve.run_command(wiring.load_config(), command)


def _show(answer: Row | list[Row], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(answer))
        return
    for row in answer if isinstance(answer, list) else [answer]:
        click.echo("  ".join(f"{name}={value}" for name, value in row.items()))


COMMANDS: Mapping[str, click.Command] = {"plan": plan, "voucher": voucher, "purchase": purchase}
"""By what they are called."""
