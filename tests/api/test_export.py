import re

import httpx

from app.core.messages.store import Committer
from tests.api.conftest import Api, User
from tests.mail import deliver

PLAIN = b"From: a@shop.example\r\nSubject: One\r\n\r\nHello\r\n"
IDS = re.compile(r"^X-Restante-Id: (\S+)$", re.MULTILINE)


async def test_all_mail_comes_as_one_file(api: Api, ada: User, bob: User) -> None:
    ids = [str(await api.deliver(ada, PLAIN)) for _ in range(3)]
    await api.deliver(bob, PLAIN)
    response = await api.get("/api/v1/export", ada)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/mbox"
    assert re.fullmatch(
        r'attachment; filename="?restante-\d{4}-\d\d-\d\d\.mbox"?', response.headers["content-disposition"]
    )
    assert IDS.findall(response.text) == ids
    assert response.text.count("\n\nHello\n\n") == 3


async def test_held_mail_is_in_it_and_a_folder_can_be_asked_for(api: Api, ada: User) -> None:
    first = str(await api.deliver(ada, PLAIN))
    await api.request("PATCH", f"/api/v1/aliases/{ada.alias.alias_id}", ada, json={"screening": "known"})
    stranger = PLAIN.replace(b"shop", b"stranger")
    await deliver(Committer(api.platform.db, shard=0), api.platform, stranger, ada.alias.address, sender="x@b.example")
    all_of_it = IDS.findall((await api.get("/api/v1/export", ada)).text)
    assert (len(all_of_it), all_of_it[0]) == (2, first)
    held = await api.get("/api/v1/export", ada, params={"folder": "held"})
    assert IDS.findall(held.text) == all_of_it[1:]
    inbox = await api.get("/api/v1/export", ada, params={"folder": "inbox", "alias_id": str(ada.alias.alias_id)})
    assert IDS.findall(inbox.text) == [first]
    assert (await api.get("/api/v1/export", ada, params={"is_starred": "true"})).text == ""


async def test_what_is_asked_for_wrongly_is_told(api: Api, ada: User) -> None:
    for params in ({"folder": "nowhere"}, {"after": "2026-11-21T09:30:00"}, {"until": "x"}):
        assert (await api.refused("GET", "/api/v1/export", ada, params=params))["status"] in {400, 422}


async def test_head_reads_nothing(api: Api, ada: User) -> None:
    await api.deliver(ada, PLAIN)
    response: httpx.Response = await api.client.head("/api/v1/export", headers=ada.headers)
    assert (response.status_code, response.content) == (200, b"")
