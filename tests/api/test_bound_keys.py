"""Every route with a key that is bound to an alias, or to a domain: it shows and changes nothing but what is theirs."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from litestar.handlers import HTTPRouteHandler

from app.api.router import ROUTES
from app.core.aliases import service as aliases
from app.core.aliases.model import Alias, NewAlias
from app.core.auth.scopes import SCOPES
from app.core.filing import service as filing
from app.core.messages.store import Committer
from app.core.refusals.model import NewRefusal, RefusalDetails
from app.core.refusals.recorder import Recorder
from app.lib.ids import first_id_at, new_id
from app.lib.times import utc_now
from tests import mail
from tests.api.conftest import Api, User

OPEN = [route for route in ROUTES if route.opt.get("for_bound_keys")]
CLOSED = [route for route in ROUTES if not route.opt.get("for_bound_keys")]
LETTER = b"""From: Shop <news@%(name)s.example>
Subject: secret of %(name)s
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

words of %(name)s
--b
Content-Type: text/plain
Content-Disposition: attachment; filename=%(name)s.txt

attached to %(name)s
--b
Content-Type: message/rfc822

From: inner@%(name)s.example
Subject: inner

inner
--b--
""".replace(b"\n", b"\r\n")


class Things(msgspec.Struct, frozen=True, kw_only=True):
    """An alias with all that can belong to one. Its `name` stands in everything that was written or received."""

    name: str
    alias: Alias
    message_id: str
    thread_id: str
    held_id: str
    rule_id: str
    deleted_rule_id: str
    refusal_id: str
    sender_id: str
    key_id: str
    webhook_id: str
    enclosed: str
    """The ordinal of the message inside the message."""

    @property
    def path_params(self) -> Mapping[str, str]:
        ordinals = {"ordinal": "1", "event_id": str(new_id())}
        ids = {name: getattr(self, name) for name in self.__struct_fields__ if name.endswith("_id")}
        return ordinals | ids | {"alias_id": str(self.alias.alias_id)}

    @property
    def marks(self) -> set[str]:
        """What tells of it wherever it is shown."""
        ids = {value for name, value in self.path_params.items() if name.endswith("_id")}
        return {self.name, self.alias.address, *ids}


async def furnish(api: Api, user: User, name: str, domain: str) -> Things:
    """An alias of the user with mail, held mail, rules, a refusal, a sender, a key and a webhook."""
    actor, now = user.actor, utc_now()
    async with api.platform.db.transaction() as conn:
        new = NewAlias(local_part=f"{name}-alias", domain=domain, description=f"for {name}", site="shop.example")
        made = now - timedelta(days=365)
        alias = await aliases.create(conn, actor.account_id, actor.keyring, new, now=made)
    committer = Committer(api.platform.db, shard=0)
    expected = b"From: news@shop.example\r\nSubject: from the shop\r\n\r\nhello\r\n"
    await mail.deliver(committer, api.platform, expected, alias.address, sender="news@shop.example")
    ids: list[str] = []
    for _ in range(2):
        committer = Committer(api.platform.db, shard=0)
        letter = LETTER % {b"name": name.encode()}
        await mail.deliver(committer, api.platform, letter, alias.address, sender=f"news@{name}.example")
        found = await api.get("/api/v1/messages", user, params={"alias_id": str(alias.alias_id), "limit": "1"})
        ids.append(found.json()["data"][0]["id"])
    await filing.apply(api.platform, actor, "held", [UUID(ids[1])], now=now)
    about: dict[str, Any] = {"alias_id": str(alias.alias_id), "note": f"note of {name}"}
    rules = [
        (await api.request("POST", "/api/v1/blocks", user, json={"sender": f"{which}.{name}.example"} | about)).json()
        for which in ("kept", "deleted")
    ]
    rule_ids = [rule["data"]["id"] for rule in rules]
    await api.request("DELETE", f"/api/v1/blocks/{rule_ids[1]}", user)
    refusal = NewRefusal(
        account_id=actor.account_id,
        alias_id=alias.alias_id,
        public_key=actor.keyring.public_bytes(),
        code=550,
        reason="sender_blocked",
        details=RefusalDetails(f"bad@{name}.example", (), alias.address),
    )
    recorder = Recorder(api.platform.db)
    await recorder.record([refusal])
    await recorder.close()
    senders = (await api.get(f"/api/v1/aliases/{alias.alias_id}/senders", user)).json()["data"]
    refused = (await api.get("/api/v1/refusals", user, params={"alias_id": str(alias.alias_id)})).json()["data"]
    bound = {"alias_id": str(alias.alias_id), "name": f"key of {name}", "scopes": ["keys:read"]}
    key = (await api.request("POST", "/api/v1/keys", user, json=bound)).json()["data"]
    hook = {"url": f"https://{name}.example/hook", "alias_id": str(alias.alias_id), "event_types": ["message.received"]}
    webhook = (await api.request("POST", "/api/v1/webhooks", user, json=hook)).json()["data"]
    whole = (await api.get(f"/api/v1/messages/{ids[0]}", user)).json()["data"]
    return Things(
        name=name,
        alias=alias,
        message_id=ids[0],
        thread_id=whole["thread_id"],
        held_id=ids[1],
        rule_id=rule_ids[0],
        deleted_rule_id=rule_ids[1],
        refusal_id=refused[0]["id"],
        sender_id=next(sender["id"] for sender in senders if sender["address"] == f"news@{name}.example"),
        key_id=key["id"],
        webhook_id=webhook["id"],
        enclosed=whole["enclosed"][0]["id"],
    )


class World(msgspec.Struct, frozen=True, kw_only=True):
    """Ada's things on two domains, Bob's, and keys of Ada's that may do everything, somewhere."""

    here: Things
    elsewhere: Things
    his: Things
    by_alias: str
    by_domain: str
    ada: User
    bob: User

    @property
    def foreign(self) -> tuple[tuple[User, Things], ...]:
        """What neither key may see, by whose it is."""
        return (self.ada, self.elsewhere), (self.bob, self.his)


@pytest.fixture
async def world(api: Api, ada: User, bob: User) -> World:
    here = await furnish(api, ada, "here", "second.test")
    everything = list(SCOPES)
    keys = []
    for place in ({"alias_id": str(here.alias.alias_id)}, {"domain": "second.test"}):
        made = await api.request("POST", "/api/v1/keys", ada, json={"scopes": everything} | place)
        keys.append(made.json()["data"]["key"])
    return World(
        here=here,
        elsewhere=await furnish(api, ada, "elsewhere", "restante.test"),
        his=await furnish(api, bob, "foreigner", "second.test"),
        by_alias=keys[0],
        by_domain=keys[1],
        ada=ada,
        bob=bob,
    )


def by(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def calls(route: HTTPRouteHandler, things: Things | None = None) -> list[tuple[str, str]]:
    """(method, path) of the route, with the ids of these things in the path, or with any."""
    params = dict(things.path_params) if things else {}
    if things and "enclosed" in route.handler_name:
        params["ordinal"] = things.enclosed
    if things and route.handler_name == "release_message":
        params["message_id"] = things.held_id
    if things and route.handler_name == "restore_rule":
        params["rule_id"] = things.deleted_rule_id

    def value(found: re.Match[str]) -> str:
        anything = {"uuid": str(new_id()), "int": "1", "str": "second.test"}
        return params.get(found[1], anything[found[2]])

    methods = sorted(route.http_methods - {"HEAD"})
    return [(one, "/api/v1" + re.sub(r"{(\w+):(\w+)}", value, path)) for path in route.paths for one in methods]


BODIES: Mapping[str, object] = {
    "update_message": {"is_read": True, "folder": "trash"},
    "release_message": {"allow": True},
    "update_alias": {"description": "taken"},
    "update_sender": {"is_expected": True},
    "update_key": {"name": "taken"},
    "update_webhook": {"description": "taken"},
    "replay_deliveries": {"from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z"},
}
"""What is sent with an id in the path, where anything is."""

PARAMS: Mapping[str, tuple[dict[str, str], ...]] = {
    "list_messages": ({}, {"folder": "held"}, {"q": "words"}, {"q": "in:anywhere secret"}, {"is_read": "false"}),
    "wait_for_message": ({"after": "2020-01-01T00:00:00Z", "timeout": "0"},),
    "export_messages": ({},),
    "list_rules": ({}, {"everywhere": "true"}, {"q": "example"}),
    "list_refusals": ({},),
    "list_aliases": ({}, {"q": "for"}, {"sort": "busiest"}, {"state": "on"}),
    "list_leaks": ({},),
    "list_keys": ({},),
    "get_current_key": ({},),
    "list_event_types": ({},),
    "list_webhooks": ({},),
}
"""How lists are asked for."""
STREAMS = {"stream_events"}
"""Those that have no end, and a test of their own."""
ASK_BY_ALIAS = {"list_messages", "export_messages", "list_rules", "list_refusals"}
"""Those that can be asked for one alias."""
SHOW_NOTHING = {"list_event_types", "get_current_key"}
"""Those that tell of nothing that belongs to an alias, but for the key's own."""


def offers(things: Things) -> Mapping[str, tuple[tuple[object, set[int]], ...]]:
    """By handler, bodies that name other people's things or everybody's, and what they may be answered with."""
    alias_id, nothing = str(things.alias.alias_id), {403, 404, 422}
    hook = {"url": "https://hook.example/", "event_types": ["message.received"]}
    return {
        "update_messages": (({"ids": [things.message_id, things.held_id], "action": "trash"}, {200}),),
        "update_aliases": (({"ids": [alias_id], "action": "off"}, {200}),),
        "create_rule": (
            ({"sender": "a.example", "alias_id": alias_id}, nothing),
            ({"message_id": things.message_id}, nothing),
            ({"sender": "a.example"}, {403}),
        ),
        "create_rules": (
            ({"senders": ["a.example"], "alias_id": alias_id}, nothing),
            ({"senders": ["a.example"]}, {403}),
        ),
        "create_alias": (({"domain": "restante.test"}, {403, 422}),),
        "suggest_alias": (({"domain": "restante.test"}, {403, 422}),),
        "create_key": (
            ({"scopes": ["keys:read"], "alias_id": alias_id}, nothing),
            ({"scopes": ["keys:read"], "domain": "restante.test"}, {403}),
        ),
        "create_webhook": ((hook | {"alias_id": alias_id}, nothing), (hook, {403})),
    }


def has_id(route: HTTPRouteHandler) -> bool:
    return any("_id:" in path for path in route.paths)


async def state_of(api: Api, world: World) -> list[object]:
    """All that there is of what the keys may not touch."""
    found: list[object] = []
    for user, things in world.foreign:
        ids = things.path_params
        for path in (
            f"aliases/{ids['alias_id']}",
            f"aliases/{ids['alias_id']}/senders",
            f"messages?alias_id={ids['alias_id']}",
            f"messages?folder=held&alias_id={ids['alias_id']}",
            f"blocks?alias_id={ids['alias_id']}",
            f"refusals?alias_id={ids['alias_id']}",
            f"keys/{ids['key_id']}",
            f"webhooks/{ids['webhook_id']}",
        ):
            answer = await api.get(f"/api/v1/{path}", user)
            assert answer.status_code == 200, path
            found.append(re.sub(r'"url(_expires_at)?": ?"[^"]*"', "", answer.text))
    return found


async def test_what_cannot_be_narrowed_is_closed(api: Api, world: World) -> None:
    assert len(CLOSED) > 15
    for route in CLOSED:
        for method, path in calls(route, world.here):
            for key in (world.by_alias, world.by_domain):
                problem = await api.refused(method, path, headers=by(key), json={})
                assert (problem["status"], problem["code"]) == (403, "key_bound"), (method, path)


async def test_ids_that_are_not_theirs_are_not_there(api: Api, world: World) -> None:
    before = await state_of(api, world)
    for route in filter(has_id, OPEN):
        body = BODIES.get(route.handler_name, {})
        for _, things in world.foreign:
            for method, path in calls(route, things):
                for key in (world.by_alias, world.by_domain):
                    options = {} if method in {"GET", "DELETE"} else {"json": body}
                    problem = await api.refused(method, path, headers=by(key), **options)  # type: ignore[arg-type]
                    assert problem["status"] == 404, (method, path)
    assert await state_of(api, world) == before


async def test_ids_that_are_theirs_are_there(api: Api, world: World) -> None:
    """So that what is not found above is not found for the right reason."""
    seen = 0
    for route in filter(has_id, OPEN):
        for method, path in calls(route, world.here):
            if method == "GET" and "allows" not in path and "deliveries/" not in path:
                for key in (world.by_alias, world.by_domain):
                    answer = await api.get(path, headers=by(key))
                    assert answer.status_code == 200, path
                    assert not any(mark in answer.text for _, things in world.foreign for mark in things.marks), path
                    seen += 1
    assert seen > 20


async def test_lists_show_what_is_theirs_alone(api: Api, world: World) -> None:
    asked = [route for route in OPEN if not has_id(route) and "GET" in route.http_methods]
    assert {route.handler_name for route in asked} == {*PARAMS, *STREAMS}, "say here how a new list is asked for"
    for route in (one for one in asked if one.handler_name not in STREAMS):
        for method, path in calls(route):
            shown = ""
            narrowed = [{"alias_id": str(things.alias.alias_id)} for _, things in world.foreign]
            for params in (*PARAMS[route.handler_name], *(narrowed if route.handler_name in ASK_BY_ALIAS else ())):
                for key in (world.by_alias, world.by_domain):
                    answer = await api.request(method, path, headers=by(key), params=params)
                    assert answer.status_code in {200, 204}, (path, params)
                    shown += answer.text
                    for _, things in world.foreign:
                        assert not [mark for mark in things.marks if mark in answer.text], (path, params)
            if route.handler_name not in SHOW_NOTHING and "allows" not in path:
                assert world.here.name in shown, path


async def test_a_stream_of_events_tells_of_what_is_theirs_alone(api: Api, world: World) -> None:
    """What is stored later is told later, so the last event stands behind all that were left out."""
    committer = Committer(api.platform.db, shard=0)
    await mail.deliver(committer, api.platform, LETTER % {b"name": b"last"}, world.here.alias.address)
    params = {"after": str(first_id_at(utc_now() - timedelta(days=1)))}
    for key in (world.by_alias, world.by_domain):
        told = ""
        async with api.client.stream("GET", "/api/v1/events", params=params, headers=by(key)) as response:
            async for line in response.aiter_lines():
                told += line
                if "secret of last" in line:
                    break
        assert "secret of here" in told
        assert not [mark for _, things in world.foreign for mark in things.marks if mark in told]


async def test_bodies_that_name_what_is_not_theirs(api: Api, world: World) -> None:
    before = await state_of(api, world)
    asked = [
        route
        for route in OPEN
        if not has_id(route) and "GET" not in route.http_methods and not route.opt.get("streams_body")
    ]
    assert {route.handler_name for route in asked} == set(offers(world.his)), "say here what a new route can be offered"
    for route in asked:
        for _, things in world.foreign:
            for body, allowed in offers(things)[route.handler_name]:
                for method, path in calls(route):
                    for key in (world.by_alias, world.by_domain):
                        answer = await api.request(method, path, headers=by(key), json=body)
                        assert answer.status_code in allowed, (path, body, answer.text)
                        if answer.status_code == 200:
                            assert answer.json()["data"] == {"changed": 0}
    assert await state_of(api, world) == before


async def test_messages_brought_to_what_is_not_theirs(api: Api, world: World) -> None:
    before = await state_of(api, world)
    for _, things in world.foreign:
        for key in (world.by_alias, world.by_domain):
            headers = {**by(key), "Content-Type": "message/rfc822"}
            params = {"alias_id": str(things.alias.alias_id)}
            path = "/api/v1/messages/import"
            answer = await api.request("POST", path, headers=headers, params=params, content=b"a: b\r\n\r\nc\r\n")
            assert answer.status_code == 404, answer.text
    assert await state_of(api, world) == before


async def test_what_is_theirs_can_be_changed(api: Api, world: World) -> None:
    here, key = world.here, by(world.by_alias)
    alias_id = str(here.alias.alias_id)
    own = {"sender": "x.example", "alias_id": alias_id}
    assert (await api.request("POST", "/api/v1/blocks", headers=key, json=own)).status_code == 201
    ids = {"ids": [here.message_id], "action": "archive"}
    changed = await api.request("POST", "/api/v1/messages/actions", headers=key, json=ids)
    assert changed.json()["data"] == {"changed": 1}
    off = {"ids": [alias_id, str(world.elsewhere.alias.alias_id)], "action": "off"}
    changed = await api.request("POST", "/api/v1/aliases/actions", headers=key, json=off)
    assert changed.json()["data"] == {"changed": 1}
    release = f"/api/v1/messages/{here.held_id}/release"
    assert (await api.request("POST", release, headers=key, json={"allow": True})).json()["data"]["released"] == 1


async def test_a_key_of_a_domain_makes_aliases_there(api: Api, world: World) -> None:
    key = by(world.by_domain)
    for body in ({}, {"domain": "Second.test."}):
        made = (await api.request("POST", "/api/v1/aliases", headers=key, json=body)).json()["data"]
        assert made["email"].endswith("@second.test")
        assert (await api.get(f"/api/v1/aliases/{made['id']}", headers=key)).status_code == 200
        assert (await api.refused("GET", f"/api/v1/aliases/{made['id']}", headers=by(world.by_alias)))["status"] == 404
    suggested = await api.request("POST", "/api/v1/aliases/suggestions", headers=key, json={})
    assert suggested.json()["data"]["domain"] == "second.test"
    problem = await api.refused("POST", "/api/v1/aliases", headers=by(world.by_alias), json={})
    assert problem["code"] == "key_bound"


async def test_a_conversation_is_shown_as_far_as_it_is_theirs(api: Api, world: World) -> None:
    """Two aliases got the same message, and so share its conversation."""
    letter = b"From: a@b.example\r\nMessage-ID: <both@b.example>\r\nSubject: both\r\n\r\nhi\r\n"
    addresses = (world.here.alias.address, world.elsewhere.alias.address)
    await mail.deliver(Committer(api.platform.db, shard=0), api.platform, letter, *addresses)
    found = (await api.get("/api/v1/messages", world.ada, params={"q": "both"})).json()["data"]
    (thread_id,) = {one["thread_id"] for one in found}
    path = f"/api/v1/threads/{thread_id}"
    assert len((await api.get(path, world.ada)).json()["data"]["messages"]) == 2
    for key in (world.by_alias, world.by_domain):
        (shown,) = (await api.get(path, headers=by(key))).json()["data"]["messages"]
        assert shown["alias"]["email"] == world.here.alias.address
