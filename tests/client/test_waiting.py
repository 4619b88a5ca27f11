"""`restante wait` against the real route, and against servers that come and go."""

import asyncio
import re
from collections.abc import Sequence

import pytest

from app.client.login import Login
from app.client.server import Server
from app.client.waiting import arrival
from app.errors import RestanteError, Unavailable
from tests.api.conftest import Api, User
from tests.client.conftest import Cli
from tests.client.scripted import HANG_UP, Scripted, answer, problem

PLAIN = b"From: Shop <news@shop.example>\r\nSubject: Your order\r\n\r\nThank you.\r\n"
CODE = (
    b"From: Shop <login@shop.example>\r\nSubject: Your sign-in\r\n\r\n"
    b"Your code is 482913. Or use https://shop.example/in?t=1\r\n"
)
EMPTY = answer("200 OK", '{"data": [], "next": null}', Date="Sat, 21 Nov 2026 09:00:00 GMT")
NONE = answer("204 No Content")
FOUND = answer("200 OK", '{"data": {"id": "b", "code": "1234"}, "next": "n2"}')
NO_CODE = answer("200 OK", '{"data": {"id": "a", "code": null}, "next": "n1"}')
BUSY = problem("503 Service Unavailable", "unavailable", "Busy.")


async def test_a_message_that_came_is_shown(cli: Cli, api: Api, ada: User) -> None:
    await api.deliver(ada, CODE)
    done = await cli("wait", "--since", "1h", "--alias", ada.alias.address)
    assert done.stdout.startswith("Code: 482913\nLink: https://shop.example/in?t=1\nFrom:")
    assert "Subject:  Your sign-in\n" in done.stdout


async def test_the_code_alone_of_the_first_message_that_has_one(cli: Cli, api: Api, ada: User) -> None:
    await api.deliver(ada, PLAIN)
    await api.deliver(ada, CODE)
    assert (await cli("wait", "--since", "1h", "--code")).stdout == "482913\n"
    assert (
        await cli("wait", "--since", "1h", "--links", "--subject", "sign in")
    ).stdout == "https://shop.example/in?t=1\n"
    assert (await cli.json("wait", "--since", "1h", "--from", "shop.example"))["subject"] == "Your order"


async def test_the_real_program_gets_what_comes_while_it_waits(cli: Cli, api: Api, ada: User) -> None:
    await api.deliver(ada, PLAIN)
    waiting = asyncio.create_task(cli.program("wait", "--alias", ada.alias.address, "--code", "--timeout", "60s"))
    while not waiting.done():
        await api.deliver(ada, CODE)
        await asyncio.wait([waiting], timeout=0.5)
    assert await waiting == ("482913\n", "")


async def test_nothing_in_time_has_an_exit_code_of_its_own(cli: Cli, api: Api, ada: User) -> None:
    await api.deliver(ada, PLAIN)
    assert await cli.fails("wait", "--timeout", "0", code=3) == "Nothing came in time.\n"


async def test_what_cannot_be_waited_for_is_told(cli: Cli) -> None:
    assert "alias" in await cli.fails("wait", "--alias", "nobody@restante.test")
    assert await cli.fails("wait", "--from", "no sender")


def wait(answers: Sequence[bytes], **options: object) -> tuple[object, list[str]]:
    """What comes of these answers, and the query of each request."""
    with Scripted(answers) as there, Server(Login(url=there.url, key="x"), pause=lambda _: None) as server:
        found = arrival(server, {"from": "a.example"}, **{"timeout": 600, **options})  # type: ignore[arg-type]
    return found, [one.split(b" ")[1].decode().partition("?")[2] for one in there.asked]


@pytest.mark.parametrize(
    ("answers", "afters"),
    [
        ([EMPTY, FOUND], [None]),
        ([EMPTY, NONE, NONE, FOUND], [None, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"]),
        ([EMPTY.replace(b"[]", b'[{"id": "m"}]').replace(b": 26", b": 37"), NONE, FOUND], [None, "m"]),
        ([EMPTY, HANG_UP, BUSY, FOUND], [None, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"]),
    ],
)
def test_asking_again_begins_where_waiting_began(answers: list[bytes], afters: list[str | None]) -> None:
    found, queries = wait(answers)
    assert found == {"id": "b", "code": "1234"}
    assert queries[0] == "limit=1"
    told = [re.search(r"after=([^&]+)", one) for one in queries[1:]]
    assert [one[1].replace("%3A", ":") if one else None for one in told] == afters
    assert all("from=a.example" in one and "timeout=50" in one for one in queries[1:])


def test_messages_without_a_code_are_passed_over_by_who_wants_one() -> None:
    found, queries = wait([EMPTY, NO_CODE, FOUND], wants_code=True)
    assert found == {"id": "b", "code": "1234"}
    assert "after=n1" in queries[2]
    assert wait([EMPTY, NO_CODE])[0] == {"id": "a", "code": None}


def test_since_is_by_the_servers_clock() -> None:
    _, queries = wait([EMPTY, FOUND], since=90)
    assert "after=2026-11-21T08%3A58%3A30.000Z" in queries[1]


def test_a_server_that_stays_away_is_told() -> None:
    with pytest.raises(Unavailable):
        wait([EMPTY, BUSY], timeout=0)


def test_an_older_server_is_told() -> None:
    with pytest.raises(RestanteError, match="older"):
        wait([EMPTY, problem("404 Not Found", "not_found", "There is nothing at this address.")])
