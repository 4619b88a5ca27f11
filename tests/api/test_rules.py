"""Blocks, allows, letting held mail in, and refusals over the API."""

from uuid import UUID

import pytest

from app.core.filing import service as filing
from app.core.refusals.model import NewRefusal, RefusalDetails
from app.core.refusals.recorder import Recorder
from app.lib.ids import new_id
from app.lib.times import utc_now
from tests.api.conftest import Api, User

BLOCKS, ALLOWS, REFUSALS, MESSAGES = "/api/v1/blocks", "/api/v1/allows", "/api/v1/refusals", "/api/v1/messages"
LETTER = b"From: Bob <bob@mail.shop.example>\r\nSubject: hello\r\n\r\nhi\r\n"


async def listed(api: Api, user: User, path: str = BLOCKS, **params: str) -> list[str]:
    answer = await api.get(path, user, params=params)
    assert answer.status_code == 200
    return [rule["sender"] for rule in answer.json()["data"]]


@pytest.mark.parametrize(("path", "verdict"), [(BLOCKS, "block"), (ALLOWS, "allow")])
async def test_a_rule_is_made_read_deleted_and_restored(api: Api, ada: User, path: str, verdict: str) -> None:
    body = {"sender": "Bob@Shop.example", "alias_id": str(ada.alias.alias_id), "note": "loud"}
    answer = await api.request("POST", path, ada, json=body)
    assert answer.status_code == 201
    made = answer.json()["data"]
    assert {name: made[name] for name in made if name not in {"id", "created_at"}} == {
        "verdict": verdict,
        "kind": "address",
        "sender": "bob@shop.example",
        "alias": {"id": str(ada.alias.alias_id), "email": ada.alias.address},
        "note": "loud",
        "hit_count": 0,
        "last_hit_on": None,
    }
    assert answer.headers["location"].endswith(f"{path}/{made['id']}")
    one = f"{path}/{made['id']}"
    assert (await api.get(one, ada)).json()["data"] == made
    again = await api.request("POST", path, ada, json=body)
    assert (again.status_code, again.json()["data"]) == (200, made)
    assert (await api.request("DELETE", one, ada)).status_code == 204
    assert (await api.refused("GET", one, ada))["status"] == 404
    assert (await api.request("POST", f"{one}/restore", ada)).json()["data"] == made
    assert (await api.refused("POST", f"{one}/restore", ada))["status"] == 404


async def test_blocks_and_allows_are_two_lists(api: Api, ada: User) -> None:
    made = (await api.request("POST", BLOCKS, ada, json={"sender": "shop.example"})).json()["data"]
    assert (await listed(api, ada), await listed(api, ada, ALLOWS)) == (["shop.example"], [])
    for method in ("GET", "DELETE"):
        assert (await api.refused(method, f"{ALLOWS}/{made['id']}", ada))["status"] == 404
    turned = await api.request("POST", ALLOWS, ada, json={"sender": "shop.example"})
    assert turned.status_code == 200
    assert (await listed(api, ada), await listed(api, ada, ALLOWS)) == ([], ["shop.example"])
    restore = f"{BLOCKS}/{made['id']}/restore"
    assert (await api.refused("POST", restore, ada))["status"] == 409
    assert (await api.request("DELETE", f"{ALLOWS}/{turned.json()['data']['id']}", ada)).status_code == 204
    assert (await api.request("POST", restore, ada)).json()["data"] == made


async def test_lists_are_narrowed_and_paged(api: Api, ada: User) -> None:
    for number in range(5):
        await api.request("POST", BLOCKS, ada, json={"sender": f"s{number}.example", "note": "odd" * (number % 2)})
    own = {"sender": "own.example", "alias_id": str(ada.alias.alias_id)}
    await api.request("POST", BLOCKS, ada, json=own)
    assert await listed(api, ada, q="ODD") == ["s3.example", "s1.example"]
    assert await listed(api, ada, alias_id=str(ada.alias.alias_id)) == ["own.example"]
    assert "own.example" not in await listed(api, ada, everywhere="true")
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        params = {"limit": "4"} | ({"cursor": cursor} if cursor else {})
        answer = (await api.get(BLOCKS, ada, params=params)).json()
        seen += [rule["sender"] for rule in answer["data"]]
        cursor = answer["next"]
    assert seen == ["own.example", *(f"s{number}.example" for number in (4, 3, 2, 1, 0))]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"sender": "no sender"}, "sender"),
        ({"sender": "com"}, "sender"),
        ({"sender": "foo@bar@baz.example"}, "sender"),
        ({}, "sender"),
        ({"sender": "a.example", "message_id": str(new_id())}, "sender"),
        ({"sender": "a.example", "also": "trash"}, "message_id"),
        ({"sender": "a.example", "note": "x" * 501}, "note"),
        ({"sender": "a.example", "kind": "planet"}, "kind"),
        ({"message_id": str(new_id()), "alias_id": str(new_id())}, "alias_id"),
    ],
)
async def test_bad_rules_are_told_by_field(api: Api, ada: User, body: dict[str, object], field: str) -> None:
    problem = await api.refused("POST", BLOCKS, ada, json=body)
    assert problem["status"] == 422
    assert [fault["field"] for fault in problem["errors"]] == [field]
    assert await listed(api, ada) == []


async def test_the_sender_of_a_message(api: Api, ada: User) -> None:
    message_id = str(await api.deliver(ada, LETTER))
    body = {"message_id": message_id, "kind": "domain", "everywhere": True, "also": "spam"}
    made = (await api.request("POST", BLOCKS, ada, json=body)).json()["data"]
    assert (made["sender"], made["alias"]) == ("shop.example", None)
    assert (await api.get(f"{MESSAGES}/{message_id}", ada)).json()["data"]["folder"] == "spam"


async def test_many_at_once(api: Api, ada: User) -> None:
    await api.request("POST", ALLOWS, ada, json={"sender": "turned.example"})
    body = {"senders": ["a@b.example", "turned.example", "no sender", "a@b.example"]}
    answer = await api.request("POST", f"{BLOCKS}/batch", ada, json=body)
    assert [(one["sender"], one["outcome"]) for one in answer.json()["data"]] == [
        ("a@b.example", "made"),
        ("turned.example", "turned"),
        ("no sender", "invalid"),
        ("a@b.example", "there"),
    ]
    too_many = await api.refused("POST", f"{BLOCKS}/batch", ada, json={"senders": ["a.example"] * 1001})
    assert too_many["status"] == 422
    long = [f"{number:060}@{'.'.join(['d' * 60] * 3)}.example" for number in range(1000)]
    answer = await api.request("POST", f"{BLOCKS}/batch", ada, json={"senders": long})
    assert {one["outcome"] for one in answer.json()["data"]} == {"made"}


@pytest.mark.parametrize("allow", [False, True])
async def test_held_mail_is_listed_apart_and_let_in(api: Api, ada: User, allow: bool) -> None:
    first, second = [await api.deliver(ada, LETTER) for _ in range(2)]
    await filing.apply(api.platform, ada.actor, "held", [first, second], now=utc_now())
    assert (await api.get(MESSAGES, ada)).json()["data"] == []
    waiting = (await api.get(MESSAGES, ada, params={"folder": "held"})).json()["data"]
    assert [one["id"] for one in waiting] == [str(second), str(first)]
    answer = await api.request("POST", f"{MESSAGES}/{first}/release", ada, json={"allow": allow})
    data = answer.json()["data"]
    assert data["released"] == (2 if allow else 1)
    assert (data["rule"] or {}).get("sender") == ("bob@mail.shop.example" if allow else None)
    assert len((await api.get(MESSAGES, ada, params={"folder": "inbox"})).json()["data"]) == data["released"]
    assert (await api.refused("POST", f"{MESSAGES}/{first}/release", ada))["status"] == 404


async def test_refusals(api: Api, ada: User, bob: User) -> None:
    recorder = Recorder(api.platform.db)
    for number in range(3):
        details = RefusalDetails(f"bounce{number}@list.example", ("bob@shop.example",), ada.alias.address)
        new = NewRefusal(
            account_id=ada.account.account_id,
            alias_id=ada.alias.alias_id,
            public_key=ada.actor.keyring.public_bytes(),
            code=550,
            reason="sender_blocked",
            details=details,
        )
        await recorder.record([new])
    await recorder.close()
    page = (await api.get(REFUSALS, ada, params={"limit": "2"})).json()
    rest = (await api.get(REFUSALS, ada, params={"limit": "2", "cursor": page["next"]})).json()
    newest = page["data"][0]
    assert [one["envelope_from"] for one in page["data"] + rest["data"]] == [
        f"bounce{number}@list.example" for number in (2, 1, 0)
    ]
    assert rest["next"] is None
    assert {name: newest[name] for name in ("code", "reason", "sender", "header_from", "recipient", "count")} == {
        "code": 550,
        "reason": "sender_blocked",
        "sender": "bob@shop.example",
        "header_from": ["bob@shop.example"],
        "recipient": ada.alias.address,
        "count": 1,
    }
    assert (await api.get(f"{REFUSALS}/{newest['id']}", ada)).json()["data"] == newest
    assert (await api.get(REFUSALS, ada, params={"alias_id": str(bob.alias.alias_id)})).json()["data"] == []
    assert (await api.get(REFUSALS, bob)).json()["data"] == []
    assert (await api.refused("GET", f"{REFUSALS}/{newest['id']}", bob))["status"] == 404
    async with api.platform.db.transaction() as conn:
        await conn.execute("UPDATE refusals SET details = 'x' WHERE refusal_id = %s", (newest["id"],))
    told = [(one["is_readable"], one["sender"]) for one in (await api.get(REFUSALS, ada)).json()["data"]]
    assert told == [(False, None), *[(True, "bob@shop.example")] * 2]


async def test_another_account_s_ids_are_not_there(api: Api, ada: User, bob: User) -> None:
    made = (await api.request("POST", BLOCKS, ada, json={"sender": "shop.example"})).json()["data"]
    message_id: UUID = await api.deliver(ada, LETTER.replace(b"shop.example", b"other.example"))
    one = f"{BLOCKS}/{made['id']}"
    tries: list[tuple[str, str, dict[str, object]]] = [
        ("GET", one, {}),
        ("DELETE", one, {}),
        ("POST", f"{one}/restore", {}),
        ("POST", BLOCKS, {"message_id": str(message_id)}),
        ("POST", BLOCKS, {"sender": "a.example", "alias_id": str(ada.alias.alias_id)}),
        ("POST", f"{BLOCKS}/batch", {"senders": ["a.example"], "alias_id": str(ada.alias.alias_id)}),
        ("POST", f"{MESSAGES}/{message_id}/release", {}),
    ]
    for method, path, body in tries:
        problem = await api.refused(method, path, bob, json=body)
        assert problem["status"] == 404, path
    assert await listed(api, bob) == []
    assert await listed(api, ada) == ["shop.example"]
