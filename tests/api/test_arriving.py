"""Lists read page by page while mail arrives and things are made: nothing twice, and nothing of before left out."""

import pytest

from tests.api.conftest import Api, User

MAIL = b"From: Eve <eve%d@shop.example>\r\nSubject: number %d\r\n\r\nThe word\r\n"


async def _more(api: Api, user: User, number: int) -> None:
    await api.deliver(user, MAIL % (number, number))
    await api.make_alias(user.actor, f"number {number}")
    rule = {"sender": f"eve{number}@other.example"}
    assert (await api.request("POST", "/api/v1/blocks", user, json=rule)).status_code == 201


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/messages",
        "/api/v1/messages?folder=inbox&is_read=false",
        "/api/v1/messages?q=word",
        "/api/v1/messages?q=%22the+word%22",
        "/api/v1/aliases",
        "/api/v1/aliases?q=number",
        "/api/v1/blocks",
        "/api/v1/aliases/{alias}/senders?sort=first",
    ],
)
async def test_pages_stay_right_while_things_arrive(api: Api, ada: User, path: str) -> None:
    for number in range(5):
        await _more(api, ada, number)
    path = path.format(alias=ada.alias.alias_id)
    path += "&limit=2" if "?" in path else "?limit=2"
    before = (await api.get(path.replace("limit=2", "limit=100"), ada)).json()["data"]
    seen, cursor, number = [], None, 5
    while True:
        page = (await api.get(path + (f"&cursor={cursor}" if cursor else ""), ada)).json()
        seen += [one["id"] for one in page["data"]]
        cursor = page["next"]
        if cursor is None:
            break
        await _more(api, ada, number)
        number += 1
    assert number > 6
    assert seen == [one["id"] for one in before]
