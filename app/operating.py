"""The commands for who runs a service: they read its configuration and work on its database, on its machine."""

import asyncio
import json
import sys
from collections.abc import Mapping
from datetime import timedelta
from functools import partial

import click

from app import commands, serve, wiring


@click.command("serve")
def serve_command() -> None:
    """Run the whole service: database (unless DATABASE_URL is set), web, mail, worker."""
    serve.serve(wiring.load_config())


@click.command()
def web() -> None:
    """Run one web process: pages and API."""
    config = wiring.load_config()
    serve.run_role(config, partial(serve.run_web, config))


@click.command()
def smtp() -> None:
    """Run one mail process; several may share the port."""
    config = wiring.load_config()
    serve.run_role(config, partial(serve.run_smtp, config))


@click.command()
def worker() -> None:
    """Run one worker process: jobs."""
    config = wiring.load_config()
    serve.run_role(config, partial(wiring.run_worker, config))


@click.command()
def migrate() -> None:
    """Bring the database to the schema this version needs."""
    config = wiring.load_config()
    with serve.database(config) as dsn:
        applied = serve.migrate_now(dsn)
        asyncio.run(serve.prepare(config, dsn))
    click.echo("\n".join(f"applied {name}" for name in applied) or "nothing to do")


@click.command()
def check() -> None:
    """Read the configuration, try the database and the object store, and say what is wrong."""
    config = wiring.load_config()
    with serve.database(config) as dsn:
        faults = asyncio.run(serve.check(config, dsn))
    for line in faults:
        click.echo(f"restante: {line}", err=True)
    if faults:
        sys.exit(1)
    click.echo("Configuration, database and object store are fine.")


@click.group()
def account() -> None:
    """Accounts: make, list, suspend, delete."""


@account.command("create")
@click.argument("login")
@click.option("--admin", is_flag=True, help="Make it an administrator.")
@click.option("--sealed", is_flag=True, help="Only its owner can open it; answers with a recovery code, shown once.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of asking.")
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def account_create(*, login: str, admin: bool, sealed: bool, password_stdin: bool, as_json: bool) -> None:
    """Make an account that signs in as LOGIN."""
    made = commands.account_create(login, _password(is_piped=password_stdin), is_admin=admin, is_sealed=sealed)
    _run(made, as_json=as_json)


@account.command("password")
@click.argument("login")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of asking.")
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def account_password(*, login: str, password_stdin: bool, as_json: bool) -> None:
    """Give the account of LOGIN another password and end its sessions; not of a sealed account."""
    _run(commands.account_password(login, _password(is_piped=password_stdin)), as_json=as_json)


@account.command("second-factor-off")
@click.argument("login")
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def account_second_factor_off(*, login: str, as_json: bool) -> None:
    """Let LOGIN sign in by the password alone: for an owner who has lost the app and the backup codes."""
    _run(commands.account_second_factor_off(login), as_json=as_json)


def _password(*, is_piped: bool) -> str:
    if is_piped:
        return sys.stdin.readline().rstrip("\r\n")
    typed: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return typed


@account.command("list")
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def account_list(*, as_json: bool) -> None:
    """List the accounts and what they hold."""
    _run(commands.account_list(), as_json=as_json)


@account.command("suspend")
@click.argument("login")
@click.option("--undo", is_flag=True, help="Let the account go on.")
@click.option("--reason", default="other", help="Told to its owner: report, abuse, terms, law, owner or other.")
@click.option("--words", default="", help="What its owner is told besides, when signing in.")
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def account_suspend(*, login: str, undo: bool, reason: str, words: str, as_json: bool) -> None:
    """Suspend the account of LOGIN: no signing in, and mail is refused for the time being."""
    _run(commands.account_suspend(login, is_suspended=not undo, reason=reason, words=words), as_json=as_json)


@account.command("limits")
@click.argument("login")
@click.option("--aliases", "alias_limit", type=int, help="How many aliases it may have, those it has deleted aside.")
@click.option("--domains", "domain_limit", type=int, help="How many domains of its own.")
@click.option("--storage", "storage_limit", type=int, help="How many bytes.")
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def account_limits(
    *, login: str, alias_limit: int | None, domain_limit: int | None, storage_limit: int | None, as_json: bool
) -> None:
    """Show what the account of LOGIN may have, or change it."""
    changed = commands.account_limits(
        login, alias_limit=alias_limit, domain_limit=domain_limit, storage_limit=storage_limit
    )
    _run(changed, as_json=as_json)


@account.command("delete")
@click.argument("login")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def account_delete(*, login: str, yes: bool, as_json: bool) -> None:
    """Delete the account of LOGIN with all its mail, at once and for ever."""
    if not yes:
        click.confirm(f"Delete {login} with all aliases and mail? This cannot be undone.", abort=True)
    _run(commands.account_delete(login), as_json=as_json)


@click.command("create")
@click.argument("address")
@click.option("--account", "login", required=True, help="The login of its owner.")
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def alias_create(*, address: str, login: str, as_json: bool) -> None:
    """Make the alias ADDRESS."""
    _run(commands.alias_create(address, login), as_json=as_json)


@click.command("export")
@click.option("--account", "login", required=True, help="The login of their owner.")
def alias_export(*, login: str) -> None:
    """Write all aliases as CSV to standard output."""
    answer = serve.run_command(wiring.load_config(), commands.alias_export(login))
    if isinstance(answer, dict):
        click.echo(answer["csv"].encode(), nl=False)


@click.group()
def key() -> None:
    """API keys."""


@key.command("create")
@click.option("--account", "login", required=True, help="The login of its owner.")
@click.option("--name", default="", help="What it is for.")
@click.option("--scope", "scopes", multiple=True, help="What it may do, as in messages:read; may be repeated.")
@click.option("--alias", help="See and do only what belongs to this address.")
@click.option("--domain", help="See and do only what belongs to the account's aliases on this domain.")
@click.option("--expires", "days", type=click.IntRange(1, 36500), help="After so many days.")
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def key_create(
    *,
    login: str,
    name: str,
    scopes: tuple[str, ...],
    alias: str | None,
    domain: str | None,
    days: int | None,
    as_json: bool,
) -> None:
    """Make an API key and print it, this once. Without --scope it may do everything."""
    lifetime = timedelta(days=days) if days else None
    command = commands.key_create(login, name, scopes=scopes, alias=alias, domain=domain, lifetime=lifetime)
    _run(command, as_json=as_json)


@key.command("list")
@click.option("--account", "login", required=True, help="The login of their owner.")
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def key_list(*, login: str, as_json: bool) -> None:
    """List an account's API keys, the newest first; the keys themselves are nowhere."""
    _run(commands.key_list(login), as_json=as_json)


@key.command("revoke")
@click.argument("key_id")
@click.option("--account", "login", required=True, help="The login of its owner.")
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def key_revoke(*, key_id: str, login: str, as_json: bool) -> None:
    """Revoke the key with the id KEY_ID, and all keys that were made with it."""
    _run(commands.key_revoke(login, key_id), as_json=as_json)


@click.group()
def domain() -> None:
    """Shared domains, and who has proven one."""


@domain.command("add")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def domain_add(*, name: str, as_json: bool) -> None:
    """Take mail for the domain NAME; everybody may make aliases there."""
    _run(commands.domain_add(name), as_json=as_json)


@domain.command("list")
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def domain_list(*, as_json: bool) -> None:
    """List the shared domains, the default first."""
    _run(commands.domain_list(), as_json=as_json)


@domain.command("default")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def domain_default(*, name: str, as_json: bool) -> None:
    """Make aliases on the shared domain NAME unless another is chosen."""
    _run(commands.domain_default(name), as_json=as_json)


@domain.command("remove")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def domain_remove(*, name: str, as_json: bool) -> None:
    """Take no more mail for the shared domain NAME, on which nobody has or had an alias."""
    _run(commands.domain_remove(name), as_json=as_json)


@domain.command("release")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def domain_release(*, name: str, as_json: bool) -> None:
    """Take the domain NAME from the account that has proven it, for who owns it now."""
    _run(commands.domain_release(name), as_json=as_json)


def _run(command: commands.Command, *, as_json: bool) -> None:
    answer = serve.run_command(wiring.load_config(), command)
    if as_json:
        click.echo(json.dumps(answer))
        return
    for row in answer if isinstance(answer, list) else [answer]:
        click.echo("  ".join(f"{name}={value}" for name, value in row.items()))


COMMANDS: Mapping[str, click.Command] = {
    "serve": serve_command,
    "check": check,
    "migrate": migrate,
    "web": web,
    "smtp": smtp,
    "worker": worker,
    "account": account,
    "key": key,
    "domain": domain,
    "alias create": alias_create,
    "alias export": alias_export,
}
"""By what they are called."""
