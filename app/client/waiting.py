"""`restante wait`: until a message comes, in requests short enough for any proxy on the way."""

import math
import re
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from app.client import failures, output, showing
from app.client.failures import Foreign
from app.client.server import Server, data_of, json_of, logged_in
from app.client.text import line
from app.errors import NotFound, Unavailable
from app.lib.times import rfc3339

TIMED_OUT = 3
"""The exit code where nothing came in time."""
_ONE_REQUEST_SECONDS = 50
"""Common proxies give up on a silent answer after 60."""
_GRACE_SECONDS = 20
_PAUSE_SECONDS = 1
_EVER = "1970-01-01T00:00:00Z"
_SPAN = re.compile(r"(\d{1,6})\s*([smhd]?)\Z")
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}

Row = Mapping[str, Any]


class _Seconds(click.ParamType[int]):
    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """`90`, `90s`, `5m`, `2h` or `1d` in seconds."""
        if isinstance(value, int):
            return value
        found = _SPAN.match(str(value))
        if found is None:
            self.fail("give seconds, or a number with s, m, h or d", param, ctx)
        return int(found[1]) * _UNITS[found[2]]


@click.command()
@click.option("--alias", help="That comes to this alias (address or id).")
@click.option("--from", "sender", help="From this address, or this domain.")
@click.option("--subject", help="With these words in its subject.")
@click.option("--timeout", type=_Seconds(), default="60s", show_default=True, help="For how long, as in 90s, 5m, 1h.")
@click.option("--since", type=_Seconds(), help="Also what has come in the last 30s, 5m, 1h; else only what is to come.")
@click.option(
    "--code", "wants_code", is_flag=True, help="Print the one-time code alone; wait for a message that has one."
)
@click.option("--links", "wants_links", is_flag=True, help="Print its links alone, one a line.")
@click.option("--json", "as_json", is_flag=True, help="The API's own data.")
def wait(
    *,
    alias: str | None,
    sender: str | None,
    subject: str | None,
    timeout: int,
    since: int | None,
    wants_code: bool,
    wants_links: bool,
    as_json: bool,
) -> None:
    """Wait for a message and show it. Exit code 3: none came in time.

    In a script: code=$(restante wait --alias shop@example.org --code)
    """
    if sum([wants_code, wants_links, as_json]) > 1:
        raise click.UsageError("Give one of --code, --links and --json.")
    asked = {"alias": alias, "from": sender, "subject": subject}
    params = {name: value for name, value in asked.items() if value is not None}
    with logged_in() as there:
        message = arrival(there, params, timeout=timeout, since=since, wants_code=wants_code)
        if message is not None and not (wants_code or wants_links or as_json) and message["text"] is None:
            whole = data_of(there.get(f"/messages/{message['id']}", {"html_as_text": "true"}))
            message = {**message, "text": whole["text"]}
    if message is None:
        output.tell("Nothing came in time.")
        raise SystemExit(TIMED_OUT)
    if as_json:
        output.show_json(message)
    elif wants_code:
        click.echo(line(message["code"]))
    elif wants_links:
        for link in message["links"]:
            click.echo(line(showing.url_of(link)))
    else:
        showing.show_arrival(message)


def arrival(
    server: Server, params: Mapping[str, str], *, timeout: float, since: int | None = None, wants_code: bool = False
) -> Row | None:
    """The message that came; None after `timeout` seconds. With `since`, also one that came in as many seconds before.

    A server that stops answering meanwhile is asked again, from the message that was the newest when this began, so
    that nothing is missed. Raises what `failures` makes of other answers.
    """
    asked, newest = dict(params), server.answer("GET", "/messages", params={"limit": "1"})
    start = next((str(row["id"]) for row in data_of(json_of(newest))), _EVER)
    if since is not None:
        now = failures.served_at(newest) or datetime.now(UTC)
        asked["after"] = rfc3339(now - timedelta(seconds=since))
    deadline = time.monotonic() + timeout
    failure: Unavailable | None = None
    for left in _countdown(deadline):
        seconds = min(_ONE_REQUEST_SECONDS, math.ceil(left))
        try:
            response = server.answer(
                "GET",
                "/messages/wait",
                params={**asked, "timeout": str(seconds)},
                timeout=seconds + _GRACE_SECONDS,
                tries=1,
            )
        except NotFound as error:
            raise error if "alias" in params else Foreign() from None
        except Unavailable as error:
            failure = error
            server.pause(min(_PAUSE_SECONDS, left))
        else:
            failure = None
            answer = json_of(response) if response.content else None
            if answer is not None:
                message: Row = data_of(answer)
                if message["code"] or not wants_code:
                    return message
                asked["after"] = answer["next"]
        asked.setdefault("after", start)
    if failure is not None:
        raise failure
    return None


def _countdown(deadline: float) -> Iterator[float]:
    """The seconds left, again and again while there are any; once at least."""
    yield max(0.0, deadline - time.monotonic())
    while (left := deadline - time.monotonic()) > 0:
        yield left
