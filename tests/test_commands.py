from base64 import b32decode
from datetime import date, timedelta
from uuid import uuid4

import pytest

from app import commands
from app.core.accounts import service as accounts
from app.core.administration import audit
from app.core.aliases import service as aliases
from app.core.auth import passwords
from app.core.auth import service as auth
from app.core.auth.model import Actor
from app.core.auth.second_factor import service as second_factor
from app.core.platform import Platform
from app.core.security import events
from app.errors import Conflict, Forbidden, Invalid, LimitReached, NotFound, Unauthenticated
from app.lib.times import utc_now, utc_today
from app.vault import otp
from tests.conftest import PASSWORD

OTHER = "a quite different passphrase"


async def account_create(platform: Platform, login: str = "ada", *, is_admin: bool = False) -> commands.Row:
    made = await commands.account_create(login, PASSWORD, is_admin=is_admin)(platform)
    assert isinstance(made, dict)
    return made


async def test_an_account_is_made_and_listed_and_signs_in(platform: Platform) -> None:
    made = await account_create(platform)
    assert made == {
        "account_id": made["account_id"],
        "login": "ada",
        "kind": "standard",
        "status": "active",
        "is_admin": False,
        "created_on": utc_today().isoformat(),
    }
    assert await commands.account_list()(platform) == [made | {"messages": 0, "bytes": 0}]
    signed_in = (await auth.check_password(platform, "ada", PASSWORD)).account
    assert str(signed_in.account_id) == made["account_id"]
    assert signed_in.storage_limit == platform.storage_limit
    assert signed_in.created_on == date.fromisoformat(made["created_on"])


async def test_a_sealed_account_is_made_with_a_recovery_code_and_is_not_the_operators(platform: Platform) -> None:
    made = await commands.account_create("ada", PASSWORD, is_admin=True, is_sealed=True)(platform)
    assert isinstance(made, dict)
    assert made["kind"] == "sealed"
    found = await passwords.check_recovery_code(platform, "ada", made["recovery_code"])
    assert str(found.account.account_id) == made["account_id"]
    for command in (
        commands.alias_create("shop@restante.test", "ada"),
        commands.alias_export("ada"),
        commands.key_create("ada", "mine"),
        commands.key_list("ada"),
        commands.key_revoke("ada", str(uuid4())),
        commands.account_password("ada", OTHER),
    ):
        with pytest.raises(Forbidden) as caught:
            await command(platform)
        assert caught.value.code == "sealed_account"
        assert "only its owner" in caught.value.detail
    await commands.domain_add("second.test")(platform)
    async with platform.db.connection() as conn:
        alias = await aliases.find(conn, found.account.account_id, "abuse@second.test")
        assert alias is not None
        shown = await aliases.get(conn, found.account.account_id, found.keyring, alias)
    assert shown.description == "Mail every domain must take"


async def test_a_forgotten_password_is_set_anew_and_keeps_the_mail(platform: Platform) -> None:
    await account_create(platform)
    before = await auth.check_password(platform, "ada", PASSWORD)
    async with platform.db.transaction() as conn:
        await auth.start_session(conn, before, now=utc_now())
    with pytest.raises(Invalid):
        await commands.account_password("ada", "short")(platform)
    answer = await commands.account_password("ada", OTHER)(platform)
    assert isinstance(answer, dict)
    assert answer["sessions_ended"] == 1
    after = await auth.check_password(platform, "ada", OTHER)
    assert after.keyring.to_bytes() == before.keyring.to_bytes()
    with pytest.raises(Unauthenticated):
        await auth.check_password(platform, "ada", PASSWORD)
    with pytest.raises(NotFound):
        await commands.account_password("nobody", OTHER)(platform)


async def test_a_lost_second_factor_is_turned_off(platform: Platform) -> None:
    await account_create(platform)
    signed_in = await auth.check_password(platform, "ada", PASSWORD)
    actor = Actor(account_id=signed_in.account.account_id, login="ada", is_admin=False, keyring=signed_in.keyring)
    with pytest.raises(NotFound):
        await commands.account_second_factor_off("ada")(platform)
    async with platform.db.transaction() as conn:
        await second_factor.prepare(conn, actor, now=utc_now())
        told = await second_factor.enrolment(conn, actor)
        code = otp.code_at(b32decode(told.secret.replace(" ", "")), otp.step_at(utc_now()))
        await second_factor.turn_on(conn, actor, code, now=utc_now())
    answer = await commands.account_second_factor_off("ada")(platform)
    assert isinstance(answer, dict)
    assert answer["second_factor"] == "off"
    async with platform.db.connection() as conn:
        assert not await second_factor.is_on(conn, actor.account_id)
        kinds = [one.kind for one in await events.page(conn, actor, before=None, limit=5)]
    assert kinds == ["second_factor_off", "second_factor_on"]


async def test_the_first_administrator_looks_after_the_roles(platform: Platform) -> None:
    await account_create(platform, is_admin=True)
    await commands.domain_add("second.test")(platform)
    async with platform.db.connection() as conn:
        rows = await (await conn.execute("SELECT address FROM aliases ORDER BY 1")).fetchall()
    assert [row[0] for row in rows] == [
        "abuse@restante.test",
        "abuse@second.test",
        "postmaster@restante.test",
        "postmaster@second.test",
    ]


async def test_an_account_that_cannot_be_made_is_not(platform: Platform) -> None:
    with pytest.raises(Invalid):
        await commands.account_create("a", "short", is_admin=False)(platform)
    await account_create(platform)
    with pytest.raises(Conflict):
        await account_create(platform, "ADA")
    assert len(await commands.account_list()(platform)) == 1


async def test_suspending_and_letting_go_on(platform: Platform) -> None:
    await account_create(platform)
    for is_suspended, status in [(True, "suspended"), (False, "active")]:
        answer = await commands.account_suspend("ada", is_suspended=is_suspended)(platform)
        assert isinstance(answer, dict)
        assert answer["status"] == status


async def test_deleting(platform: Platform) -> None:
    made = await account_create(platform)
    answer = await commands.account_delete("ADA")(platform)
    assert answer == {"account_id": made["account_id"], "login": "ada", "deleted": True}
    assert await commands.account_list()(platform) == []


async def test_limits_are_shown_and_changed(platform: Platform) -> None:
    await account_create(platform)
    usual = {"login": "ada", "aliases": 0, "alias_limit": 1000, "domain_limit": 100, "storage_limit": 64 << 20}
    assert await commands.account_limits("Ada")(platform) == usual
    changed = usual | {"alias_limit": 1, "domain_limit": 0}
    assert await commands.account_limits("ada", alias_limit=1, domain_limit=0)(platform) == changed
    await commands.alias_create("shop@restante.test", "ada")(platform)
    with pytest.raises(LimitReached):
        await commands.alias_create("more@restante.test", "ada")(platform)
    with pytest.raises(Invalid):
        await commands.account_limits("ada", alias_limit=-1)(platform)
    assert await commands.account_limits("ada")(platform) == changed | {"aliases": 1}


async def test_an_alias_by_its_address(platform: Platform) -> None:
    made = await account_create(platform)
    answer = await commands.alias_create("Shop@Restante.Test", "ada")(platform)
    assert isinstance(answer, dict)
    assert answer["email"] == "shop@restante.test"
    async with platform.db.connection() as conn:
        row = await (await conn.execute("SELECT account_id::text, alias_id::text FROM aliases")).fetchone()
    assert row == (made["account_id"], answer["alias_id"])
    with pytest.raises(Conflict):
        await commands.alias_create("shop@restante.test", "ada")(platform)
    for address in ("shop", "shop@elsewhere.test", "shop+tag@restante.test", "postmaster@restante.test"):
        with pytest.raises(Invalid):
            await commands.alias_create(address, "ada")(platform)


async def test_an_export_of_all_aliases(platform: Platform) -> None:
    await account_create(platform)
    await commands.alias_create("shop@restante.test", "ada")(platform)
    answer = await commands.alias_export("ada")(platform)
    assert isinstance(answer, dict)
    header, line, rest = answer["csv"].split("\r\n")
    assert header.startswith("alias,description,")
    assert line.startswith("shop@restante.test,")
    assert rest == ""


async def test_a_key_opens_the_account_it_was_made_for(platform: Platform) -> None:
    await account_create(platform)
    answer = await commands.key_create("ada", "script")(platform)
    assert isinstance(answer, dict)
    async with platform.db.connection() as conn:
        actor = await auth.by_api_key(conn, platform.instance, answer["key"], now=utc_now())
    assert (actor.login, str(actor.key_id)) == ("ada", answer["key_id"])


async def test_keys_are_made_narrow_listed_and_revoked(platform: Platform) -> None:
    await account_create(platform)
    await commands.alias_create("shop@restante.test", "ada")(platform)
    bound = commands.key_create(
        "ada", "reader", scopes=["messages:read"], alias="Shop@restante.test", lifetime=timedelta(days=1)
    )
    answer = await bound(platform)
    await commands.key_create("ada", "domain", domain="restante.test")(platform)
    listed = await commands.key_list("ada")(platform)
    assert isinstance(answer, dict)
    assert [(one["name"], one["scopes"], one["bound_to"]) for one in listed if isinstance(one, dict)] == [
        ("domain", "all", "restante.test"),
        ("reader", "messages:read", "shop@restante.test"),
    ]
    revoked = await commands.key_revoke("ada", answer["key_id"])(platform)
    assert revoked == {"key_id": answer["key_id"], "revoked": 1}
    assert len(await commands.key_list("ada")(platform)) == 1
    with pytest.raises(NotFound):
        await commands.key_revoke("ada", answer["key_id"])(platform)
    for wrong in (
        commands.key_revoke("ada", "x"),
        commands.key_create("ada", "", alias="nobody@restante.test"),
        commands.key_create("ada", "", alias="no address"),
        commands.key_create("ada", "", domain="elsewhere.test"),
        commands.key_create("ada", "x" * 101),
        commands.key_create("ada", "", scopes=["messages:read", "everything"]),
    ):
        with pytest.raises(Invalid):
            await wrong(platform)


async def test_a_domain_is_added_once(platform: Platform) -> None:
    assert await commands.domain_add("Second.Test.")(platform) == {"domain": "second.test"}
    with pytest.raises(Conflict):
        await commands.domain_add("second.test")(platform)
    with pytest.raises(Invalid):
        await commands.domain_add("no domain")(platform)


@pytest.mark.parametrize(
    "command",
    [
        commands.account_suspend("nobody", is_suspended=True),
        commands.account_delete("nobody"),
        commands.account_limits("nobody"),
        commands.alias_export("nobody"),
        commands.alias_create("shop@restante.test", "nobody"),
        commands.key_create("nobody", ""),
        commands.key_list("nobody"),
        commands.key_revoke("nobody", "01970000-0000-7000-8000-000000000000"),
        commands.account_delete("\udcff"),
    ],
)
async def test_a_login_that_nobody_has(platform: Platform, command: commands.Command) -> None:
    with pytest.raises(NotFound):
        await command(platform)
    async with platform.db.connection() as conn:
        assert await accounts.everyone(conn) == []


async def test_shared_domains_are_listed_ordered_and_removed(platform: Platform) -> None:
    await commands.domain_add("second.test")(platform)
    assert await commands.domain_default("Second.test")(platform) == {"domain": "second.test", "is_default": True}
    assert await commands.domain_list()(platform) == [
        {"domain": "second.test", "is_default": True, "is_configured": False},
        {"domain": "restante.test", "is_default": False, "is_configured": True},
    ]
    assert await commands.domain_remove("second.test")(platform) == {"domain": "second.test", "removed": True}
    with pytest.raises(Conflict):
        await commands.domain_remove("restante.test")(platform)
    for command in (
        commands.domain_default("gone.test"),
        commands.domain_remove("\0"),
        commands.domain_release("x.test"),
    ):
        with pytest.raises(NotFound):
            await command(platform)


async def test_what_the_operator_does_is_noted(platform: Platform) -> None:
    made = await account_create(platform)
    done = [
        commands.account_limits("ada", alias_limit=20),
        commands.account_suspend("ada", is_suspended=True, reason="report", words="Write to us."),
        commands.account_suspend("ada", is_suspended=False),
        commands.alias_create("shop@restante.test", "ada"),
        commands.alias_export("ada"),
        commands.domain_add("new.test"),
        commands.domain_default("new.test"),
        commands.domain_add("unused.test"),
    ]
    for command in done:
        await command(platform)
    key = await commands.key_create("ada", "phone")(platform)
    assert isinstance(key, dict)
    await commands.key_revoke("ada", key["key_id"])(platform)
    await commands.account_password("ada", "correct horse battery staple seven")(platform)
    with pytest.raises(Invalid):
        await commands.account_suspend("ada", is_suspended=True, reason="because")(platform)
    await commands.account_delete("ada")(platform)
    async with platform.db.connection() as conn:
        entries = await audit.page(conn, limit=50)
    assert [(one.action, one.subject, one.details) for one in reversed(entries)][:9] == [
        ("account_created", "", ""),
        ("account_limits_changed", "", "alias_limit 1000 -> 20"),
        ("account_suspended", "", "report"),
        ("account_restored", "", ""),
        ("alias_created", entries[-5].subject, ""),
        ("aliases_exported", "", ""),
        ("shared_domain_added", "new.test", ""),
        ("shared_domain_default", "new.test", ""),
        ("shared_domain_added", "unused.test", ""),
    ]
    assert [one.action for one in entries[:4]] == ["account_deleted", "password_reset", "key_revoked", "key_created"]
    assert {one.actor_id for one in entries} == {None}
    assert {str(one.account_id) for one in entries if one.account_id} == {made["account_id"]}
