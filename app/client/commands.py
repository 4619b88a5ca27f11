"""The commands for people and scripts with an API key: they talk to a server of theirs, and to nothing else."""

import os
import sys
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path

import click

from app.client import exporting, files, login, lookup, output, showing
from app.client.importing.command import bring
from app.client.login import Login
from app.client.server import Server, data_of, logged_in
from app.client.text import line
from app.client.waiting import wait
from app.errors import RestanteError

_FOLDERS = ("inbox", "archive", "spam", "trash", "held", "all")
_STATES = ("current", "on", "off", "expired", "archived", "deleted")
_FORMATS = ("words", "name", "uuid", "random", "site")
_MAY_NOT_SEE = frozenset({"scope_missing", "key_bound"})
_AS_JSON = click.option("--json", "as_json", is_flag=True, help="The API's own data.")
_LIMIT = click.IntRange(1, 10_000)


@click.command("login")
@click.option("--url", help="The server's address; asked for where it is missing. [env: RESTANTE_URL]")
@click.option("--key-stdin", is_flag=True, help="Read the API key from standard input instead of asking.")
@click.option("--insecure", is_flag=True, help="Take http:// to another machine.")
def log_in(*, url: str | None, key_stdin: bool, insecure: bool) -> None:
    """Keep a server's address and an API key for the other commands.

    Keys are made on the page Keys of the server. The key is asked for and not shown, unless RESTANTE_API_KEY has it.
    """
    environ = os.environ
    address = url or environ.get(login.URL) or click.prompt("Address of the server")
    address = login.checked_url(address, is_insecure=insecure or environ.get(login.INSECURE) == "1")
    key = sys.stdin.readline() if key_stdin else environ.get(login.KEY) or click.prompt("API key", hide_input=True)
    given = Login(url=address, key=login.checked_key(key))
    with Server(given) as there:
        try:
            name = data_of(there.get("/account")).get("login", "")
        except RestanteError as error:
            if error.code not in _MAY_NOT_SEE:
                raise
            name = ""
    place = login.save(environ, given)
    click.echo(f"Logged in to {given.url}{f' as {line(str(name))}' if name else ''}. The key is kept in {place}.")


@click.command("logout")
def log_out() -> None:
    """Forget the address and the key. The key itself goes on to work: delete it on the page Keys."""
    login.forget(os.environ)
    click.echo("Forgotten. The key itself still works; delete it on the server's page Keys if nobody needs it.")


@click.command()
@click.option("--folder", type=click.Choice(_FOLDERS), help="Inbox by default; with --search, all but spam and trash.")
@click.option("--limit", type=_LIMIT, default=25, show_default=True, help="How many, the newest first.")
@click.option("--unread", is_flag=True, help="Those not read yet.")
@click.option("--alias", help="Those to this alias (address or id).")
@click.option("--search", help="Those that this search finds, as on the page Search.")
@_AS_JSON
def inbox(
    *, folder: str | None, limit: int, unread: bool, alias: str | None, search: str | None, as_json: bool
) -> None:
    """List messages, the newest first.

    Into a pipe: id, time, sender, alias and subject, with tabs between.
    """
    with logged_in() as there:
        params = {"q": search} if search else {}
        chosen = folder or ("all" if search else "inbox")
        params |= {"folder": chosen} if chosen != "all" else {}
        params |= {"is_read": "false"} if unread else {}
        params |= {"alias_id": lookup.alias_id(there, alias)} if alias else {}
        found = list(lookup.pages(there, "/messages", params, limit=limit))
    if as_json:
        output.show_json(found)
    elif found:
        showing.show_messages(found)
    else:
        output.tell("No messages.")


@click.command()
@click.argument("message_id", metavar="ID")
@click.option("--html", is_flag=True, help="Its HTML, as hostile as the sender wrote it.")
@click.option("--source", is_flag=True, help="The original, byte for byte.")
@click.option("--attachment", help="A file of the message, by its number.", metavar="N")
@click.option("-o", "--output", "target", help="Where the file goes; - is standard output. Never over another file.")
@click.option("--mark-read", is_flag=True, help="Mark the message read.")
@_AS_JSON
def read(
    *,
    message_id: str,
    html: bool,
    source: bool,
    attachment: str | None,
    target: str | None,
    mark_read: bool,
    as_json: bool,
) -> None:
    """Show the message whose id begins with ID, as `restante inbox` shows it (8 digits at least)."""
    if sum([html, source, attachment is not None, as_json]) > 1:
        raise click.UsageError("Give one of --html, --source, --attachment and --json.")
    with logged_in() as there:
        found = lookup.message_id(there, message_id)
        path = f"/messages/{found}"
        if source:
            files.save(there, f"{path}/source", target or files.STDOUT)
        else:
            message = data_of(there.get(path, {} if as_json or html else {"html_as_text": "true"}))
            if attachment is not None:
                files.save_attachment(there, path, message, attachment, target)
            elif html:
                output.show_bytes([(message["html"] or "").encode()])
            elif as_json:
                output.show_json(message)
            else:
                showing.show_message(message)
        if mark_read:
            there.patch(path, {"is_read": True})


@click.command()
@click.option("-o", "--output", "target", help="Where it goes; - is standard output. Never over a file.")
@click.option("--folder", type=click.Choice(_FOLDERS), default="all", show_default=True)
@click.option("--alias", help="Mail to this alias alone (address or id).")
@click.option(
    "--everything", "place", metavar="DIR", help="Mail, attachments, aliases, rules and settings, as ZIP files."
)
@click.option(
    "--format",
    "formats",
    multiple=True,
    type=click.Choice(exporting.FORMATS),
    help="With --everything: how mail is in it; all of them unless given.",
)
def export(*, target: str | None, folder: str, alias: str | None, place: str | None, formats: tuple[str, ...]) -> None:
    """Save all mail, or a part of it, as one mbox file; or with --everything all there is into a folder.

    One with --everything that was interrupted goes on where it was when it is begun again.
    """
    if (target is None) == (place is None):
        raise click.UsageError("Give -o FILE for an mbox file, or --everything DIR.")
    if place is not None and (alias or folder != "all"):
        raise click.UsageError("--folder and --alias go with -o.")
    with logged_in() as there:
        if place is not None:
            exporting.everything(there, Path(place), formats=formats or exporting.FORMATS)
            return
        params = {} if folder == "all" else {"folder": folder}
        params |= {"alias_id": lookup.alias_id(there, alias)} if alias else {}
        files.save(there, "/export", target or files.STDOUT, params)
    if target is not None and target != files.STDOUT:
        click.echo(f"{target} ({output.size(Path(target).stat().st_size)})")


@click.command()
@click.argument("sender", required=False)
@click.option("--alias", help="On this alias alone (address or id); else on all of them.")
@click.option("--message", "message_id", metavar="ID", help="Whoever wrote this message, on its alias.")
@click.option("--domain", is_flag=True, help="With --message: the sender's whole domain.")
@click.option("--everywhere", is_flag=True, help="With --message: on all aliases.")
@click.option("--also", type=click.Choice(["trash", "spam"]), help="With --message: where the sender's mail goes.")
@click.option("--note", default="", help="Why, for yourself.")
@_AS_JSON
def block(
    *,
    sender: str | None,
    alias: str | None,
    message_id: str | None,
    domain: bool,
    everywhere: bool,
    also: str | None,
    note: str,
    as_json: bool,
) -> None:
    """Refuse mail of SENDER from now on: an address, or a domain with all its subdomains."""
    if (sender is None) == (message_id is None):
        raise click.UsageError("Give a SENDER or --message ID.")
    if message_id is None and (domain or everywhere or also):
        raise click.UsageError("--domain, --everywhere and --also go with --message.")
    if message_id is not None and alias is not None:
        raise click.UsageError("The message has its alias; give --everywhere for all of them.")
    with logged_in() as there:
        body: dict[str, object] = {"note": note}
        if message_id is not None:
            body |= {"message_id": lookup.message_id(there, message_id), "everywhere": everywhere, "also": also}
            body["kind"] = "domain" if domain else "address"
        else:
            body |= {"sender": sender, "alias_id": lookup.alias_id(there, alias) if alias else None}
        status, answer = there.post("/blocks", body)
    rule = data_of(answer)
    if as_json:
        output.show_json(rule)
        return
    place = line(rule["alias"]["email"]) if rule["alias"] else "all aliases"
    done = "is blocked" if status == HTTPStatus.CREATED else "was blocked already"
    click.echo(f"{line(rule['sender'])} {done} on {place}.")


@click.command("new")
@click.argument("local_part", required=False)
@click.option("--site", help="The site it is for: a host name or the address of a page.")
@click.option("--description", help="What it is for.")
@click.option("--domain", help="On this domain; else on the one that you prefer.")
@click.option("--format", "style", type=click.Choice(_FORMATS), help="How an address made at random looks.")
@_AS_JSON
def alias_new(
    *,
    local_part: str | None,
    site: str | None,
    description: str | None,
    domain: str | None,
    style: str | None,
    as_json: bool,
) -> None:
    """Make an alias and print its address: LOCAL_PART before the @, or one made at random."""
    wanted = {
        "local_part": local_part,
        "site": site,
        "description": description,
        "domain": domain,
        "format": style,
    }
    with logged_in() as there:
        _, answer = there.post("/aliases", {name: value for name, value in wanted.items() if value is not None})
    made = data_of(answer)
    if as_json:
        output.show_json(made)
    else:
        click.echo(line(made["email"]))


@click.command("list")
@click.option("--search", help="Those that have all these words in address, description, site, note or category.")
@click.option("--state", type=click.Choice(_STATES), default="current", show_default=True)
@click.option("--limit", type=_LIMIT, default=100, show_default=True, help="How many, the newest first.")
@_AS_JSON
def alias_list(*, search: str | None, state: str, limit: int, as_json: bool) -> None:
    """List aliases, the newest first.

    Into a pipe: address, state, messages, day of the newest one, and what it is for, with tabs between.
    """
    with logged_in() as there:
        params = {"state": state} | ({"q": search} if search else {})
        found = list(lookup.pages(there, "/aliases", params, limit=limit))
    if as_json:
        output.show_json(found)
    elif found:
        showing.show_aliases(found)
    else:
        output.tell("No aliases.")


COMMANDS: Mapping[str, click.Command] = {
    "login": log_in,
    "logout": log_out,
    "inbox": inbox,
    "read": read,
    "wait": wait,
    "block": block,
    "export": export,
    "import": bring,
    "alias new": alias_new,
    "alias list": alias_list,
}
"""By what they are called."""
