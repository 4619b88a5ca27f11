from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from litestar import Litestar

from app.api.errors import give_problems
from app.api.router import api_router
from app.core.platform import Platform
from app.lib.resolver import Resolver
from tests.api.conftest import Api, Serve, User, elsewhere
from tests.dns_server import DnsServer, running_dns

DOMAINS, SHARED = "/api/v1/domains", "/api/v1/shared-domains"


@pytest.fixture
async def zone() -> AsyncIterator[DnsServer]:
    async with running_dns() as made:
        yield made


@pytest.fixture
async def api(serve: Serve, platform: Platform, zone: DnsServer) -> Api:
    asking = msgspec.structs.replace(platform, resolver=Resolver([zone.server], timeout=20, lifetime=30))
    app = Litestar(
        route_handlers=[api_router(asking)],
        exception_handlers={Exception: elsewhere},
        openapi_config=None,
        logging_config=None,
    )
    give_problems(app)
    return await serve(app)


async def add(api: Api, user: User, name: str) -> dict[str, Any]:
    response = await api.request("POST", DOMAINS, user, json={"domain": name})
    assert response.status_code == 201
    made: dict[str, Any] = response.json()["data"]
    assert response.headers["location"].endswith(f"{DOMAINS}/{made['domain']}")
    return made


async def prove(api: Api, zone: DnsServer, user: User, name: str) -> dict[str, Any]:
    for record in (await add(api, user, name))["records"]:
        zone.set(record["name"].replace("*.", "restante."), record["type"], record["value"])
    response = await api.request("POST", f"{DOMAINS}/{name}/check", user)
    assert response.status_code == 200
    checked: dict[str, Any] = response.json()["data"]
    return checked


async def test_a_domain_is_added_proven_and_used(api: Api, zone: DnsServer, ada: User) -> None:
    made = await prove(api, zone, ada, "ada.test")
    assert (made["state"], made["is_receive_only"], made["catch_all"]) == ("active", True, "off")
    assert [(one["kind"], one["state"]) for one in made["records"]] == [
        (kind, "ok") for kind in ("proof", "mx", "spf", "dmarc", "dkim")
    ]
    assert "ada.test. 3600 IN MX 10 mx.restante.test.\n" in made["zone_file"]
    assert '_dmarc.ada.test. 3600 IN TXT "v=DMARC1; p=reject"\n' in made["zone_file"]
    listed = (await api.get(DOMAINS, ada)).json()
    assert (listed["data"], listed["next"]) == ([made], None)
    alias = await api.request("POST", "/api/v1/aliases", ada, json={"domain": "ada.test", "local_part": "info"})
    assert alias.json()["data"]["email"] == "info@ada.test"


async def test_unicode_names_are_told_in_both_forms(api: Api, ada: User) -> None:
    made = await add(api, ada, "Bücher.Example")
    assert (made["domain"], made["unicode"], made["is_mixed_script"]) == (
        "xn--bcher-kva.example",
        "bücher.example",
        False,
    )
    assert (await api.get(f"{DOMAINS}/b%C3%BCcher.example", ada)).json()["data"] == made
    assert (await add(api, ada, "раypal.example"))["is_mixed_script"] is True


@pytest.mark.parametrize(
    ("name", "status"),
    [
        *((name, 422) for name in ("", "com", "co.uk", "ada@ada.test", "1.2.3.4", "xn--a.example")),
        *((name, 409) for name in ("restante.test", "sub.restante.test", "MX.restante.test", "ada.test")),
    ],
)
async def test_names_that_cannot_be_ones_own(api: Api, ada: User, name: str, status: int) -> None:
    await add(api, ada, "ada.test")
    problem = await api.refused("POST", DOMAINS, ada, json={"domain": name})
    assert (problem["status"], [fault["field"] for fault in problem["errors"]]) == (status, ["domain"])


async def test_the_catch_all_is_changed_by_merge_patch(api: Api, zone: DnsServer, ada: User, bob: User) -> None:
    await prove(api, zone, ada, "ada.test")
    path = f"{DOMAINS}/ada.test"
    pattern = {"kind": "wildcard", "text": "shop-*"}
    changed = await api.request("PATCH", path, ada, json={"catch_all": "make", "catch_all_pattern": pattern})
    assert changed.json()["data"]["catch_all_pattern"] == pattern
    alias_id = str(ada.alias.alias_id)
    changed = await api.request("PATCH", path, ada, json={"catch_all": "alias", "catch_all_alias_id": alias_id})
    data = changed.json()["data"]
    assert (data["catch_all_alias_id"], data["catch_all_pattern"]) == (alias_id, pattern)
    wrong: list[tuple[dict[str, object], str]] = [
        ({"catch_all_alias_id": str(bob.alias.alias_id)}, "catch_all_alias_id"),
        ({"catch_all_pattern": {"kind": "regex", "text": "("}}, "catch_all_pattern"),
        ({"catch_all_pattern": {"kind": "sql", "text": "x"}}, "catch_all_pattern.kind"),
        ({"catch_all": "everything"}, "catch_all"),
        ({"state": "active"}, "state"),
    ]
    for patch, field in wrong:
        problem = await api.refused("PATCH", path, ada, json=patch)
        assert (problem["status"], [fault["field"] for fault in problem["errors"]]) == (422, [field])
    assert (await api.get(path, ada)).json()["data"] == data
    cleared = await api.request("PATCH", path, ada, json={"catch_all": "make", "catch_all_pattern": None})
    assert cleared.json()["data"]["catch_all_pattern"] is None


async def test_asking_again_at_once_is_told_to_wait(api: Api, zone: DnsServer, ada: User) -> None:
    await prove(api, zone, ada, "ada.test")
    response = await api.request("POST", f"{DOMAINS}/ada.test/check", ada)
    assert (response.status_code, response.json()["code"]) == (429, "checked_just_now")
    assert int(response.headers["retry-after"]) == 20


async def test_anothers_domain_is_not_found(api: Api, zone: DnsServer, ada: User, bob: User) -> None:
    await prove(api, zone, ada, "ada.test")
    for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/check")):
        problem = await api.refused(method, f"{DOMAINS}/ada.test{path}", bob)
        assert (problem["status"], problem["code"]) == (404, "not_found")
    assert (await api.refused("POST", DOMAINS, bob, json={"domain": "ada.test"}))["code"] == "domain_taken"
    assert (await add(api, bob, "sub.ada.test"))["state"] == "waiting"


async def test_a_deleted_domain_takes_its_aliases_out_of_use(api: Api, zone: DnsServer, ada: User) -> None:
    await prove(api, zone, ada, "ada.test")
    made = await api.request("POST", "/api/v1/aliases", ada, json={"domain": "ada.test", "local_part": "shop"})
    assert (await api.request("DELETE", f"{DOMAINS}/ada.test", ada)).status_code == 204
    assert (await api.get(f"{DOMAINS}/ada.test", ada)).status_code == 404
    alias = (await api.get(f"/api/v1/aliases/{made.json()['data']['id']}", ada)).json()["data"]
    assert (alias["email"], alias["is_enabled"]) == ("shop@ada.test", False)


async def test_shared_domains_are_the_administrators(api: Api, ada: User, platform: Platform) -> None:
    assert [one["domain"] for one in (await api.get(SHARED, ada)).json()["data"]] == ["restante.test"]
    for method, path in (("POST", ""), ("PATCH", "/restante.test"), ("DELETE", "/restante.test")):
        problem = await api.refused(method, f"{SHARED}{path}", ada, json={"domain": "x.test"})
        assert (problem["status"], problem["code"]) == (403, "not_admin")
    async with platform.db.connection() as conn:
        await conn.execute("UPDATE accounts SET is_admin = true")
    made = await api.request("POST", SHARED, ada, json={"domain": "second.test"})
    assert (made.status_code, made.json()["data"]["is_default"]) == (201, False)
    assert made.headers["location"].endswith(f"{SHARED}/second.test")
    tag = (await api.get(f"{SHARED}/Second.test", ada)).headers["etag"]
    assert (await api.refused("GET", f"{SHARED}/gone.test", ada))["status"] == 404
    default, matching = {"is_default": True}, {"If-Match": tag}
    first = await api.request("PATCH", f"{SHARED}/second.test", ada, json=default, headers=matching)
    too_late = await api.refused("PATCH", f"{SHARED}/second.test", ada, json=default, headers=matching)
    assert too_late["code"] == "precondition_failed"
    assert first.json()["data"] == made.json()["data"] | {"is_default": True}
    assert [one["domain"] for one in (await api.get(SHARED, ada)).json()["data"]] == ["second.test", "restante.test"]
    assert (await api.refused("PATCH", f"{SHARED}/gone.test", ada, json={"is_default": True}))["status"] == 404
    assert (await api.refused("PATCH", f"{SHARED}/second.test", ada, json={"is_default": False}))["status"] == 422
    assert (await api.refused("DELETE", f"{SHARED}/restante.test", ada))["code"] == "domain_configured"
    assert (await api.request("DELETE", f"{SHARED}/second.test", ada)).status_code == 204
    await api.request("POST", SHARED, ada, json={"domain": "third.test"})
    await api.request("POST", "/api/v1/aliases", ada, json={"domain": "third.test"})
    assert (await api.refused("DELETE", f"{SHARED}/third.test", ada))["code"] == "domain_in_use"
