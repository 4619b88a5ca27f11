import asyncio
import re
from datetime import UTC, datetime
from uuid import UUID

import pytest

from app.core.aliases import address as addresses
from app.core.aliases import generate, listing
from app.core.aliases import service as aliases
from app.core.aliases.model import Alias, AliasPatch, Listing, Mailbox, NewAlias, Place
from app.core.domains import service as domains
from app.core.platform import Platform
from app.errors import Conflict, Invalid, NotFound
from app.lib.ids import new_id
from app.lib.times import utc_today
from tests import mail
from tests.core.conftest import Deliver, Owner
from tests.core.messages.test_receive import ADA, LETTER

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)


async def create(owner: Owner, **choices: str | None) -> Alias:
    async with owner.platform.db.transaction() as conn:
        return await aliases.create(
            conn,
            owner.account.account_id,
            owner.actor.keyring,
            NewAlias(**choices),  # type: ignore[arg-type]
            now=NOW,
        )


async def update(owner: Owner, alias_id: UUID, patch: AliasPatch) -> Alias:
    async with owner.platform.db.transaction() as conn:
        return await aliases.update(conn, owner.account.account_id, owner.actor.keyring, alias_id, patch, now=NOW)


async def page(owner: Owner, before: UUID | None = None, limit: int = 50) -> list[Alias]:
    async with owner.platform.db.connection() as conn:
        after = Place(alias_id=before) if before else None
        return await listing.page(
            conn, owner.account.account_id, owner.actor.keyring, Listing(), after=after, limit=limit, now=NOW
        )


async def mailbox(platform: Platform, text: str) -> Mailbox | None:
    address = addresses.parse(text)
    assert address is not None
    async with platform.db.connection() as conn:
        return await aliases.mailbox(conn, address)


async def test_an_alias_chosen_by_hand(ada: Owner) -> None:
    made = await create(ada, local_part=" Shop.2-b_c ", description="  the shop ", domain="Restante.TEST.")
    assert made == Alias(
        alias_id=made.alias_id,
        address="shop.2-b_c@restante.test",
        is_enabled=True,
        when_disabled="refuse",
        description="the shop",
        created_at=NOW,
        message_count=0,
        last_received_on=None,
    )
    async with ada.platform.db.connection() as conn:
        assert await aliases.get(conn, ada.account.account_id, ada.actor.keyring, made.alias_id) == made


async def test_an_alias_made_at_random_is_on_the_first_domain(ada: Owner) -> None:
    async with ada.platform.db.transaction() as conn:
        await domains.add_shared(conn, "second.test", today=utc_today())
    assert re.fullmatch(r"[a-z]+-[a-z]+-\d{3}@restante\.test", (await create(ada)).address)
    assert (await create(ada, domain="second.test")).address.endswith("@second.test")


async def test_a_random_alias_that_is_taken_is_drawn_again(ada: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    draws = iter(["ada-alias", "ada-alias", "free-one-123"])
    monkeypatch.setattr(generate, "local_part", lambda *_, **__: next(draws))
    assert (await create(ada)).address == "free-one-123@restante.test"
    monkeypatch.setattr(generate, "local_part", lambda *_, **__: "ada-alias")
    with pytest.raises(Conflict):
        await create(ada)


@pytest.mark.parametrize(
    "local_part",
    [
        "",
        " ",
        "-a",
        "a-",
        ".a",
        "a.",
        "a..b",
        "a b",
        "a+b",
        "a@b",
        'a"b',
        "a\0b",
        "a\nb",
        "ä",
        "аda",
        "\u212aey",
        "ada\u202e",
        "\ud800",
        "x" * 65,
        "postmaster",
        "ABUSE",
        "admin",
        "mailer-daemon",
        "hostmaster",
    ],
)
async def test_local_parts_that_cannot_be(ada: Owner, local_part: str) -> None:
    with pytest.raises(Invalid) as caught:
        await create(ada, local_part=local_part)
    assert [fault.field for fault in caught.value.fields] == ["local_part"]


@pytest.mark.parametrize("domain", ["elsewhere.test", "nonsense", "a b", "restante.test.evil", "\ud800"])
async def test_domains_that_are_not_ours(ada: Owner, domain: str) -> None:
    with pytest.raises(Invalid) as caught:
        await create(ada, domain=domain)
    assert [fault.field for fault in caught.value.fields] == ["domain"]


async def test_every_fault_is_told_at_once(ada: Owner) -> None:
    with pytest.raises(Invalid) as caught:
        await create(ada, domain="x", local_part="-", description="x" * 501)
    assert [fault.field for fault in caught.value.fields] == ["domain", "local_part", "description"]


async def test_without_any_domain_nothing_can_be_made(ada: Owner) -> None:
    async with ada.platform.db.connection() as conn:
        await conn.execute("DELETE FROM domains")
    with pytest.raises(Invalid) as caught:
        await create(ada)
    assert [fault.field for fault in caught.value.fields] == ["domain"]


@pytest.mark.parametrize("local_part", ["ada-alias", "ADA-Alias", " ada-alias "])
async def test_an_address_is_given_out_once(ada: Owner, bob: Owner, local_part: str) -> None:
    for owner in (ada, bob):
        with pytest.raises(Conflict) as caught:
            await create(owner, local_part=local_part)
        assert caught.value.code == "address_taken"
        assert [fault.field for fault in caught.value.fields] == ["local_part"]
    assert len(await page(bob)) == 1


async def test_of_two_who_want_an_address_at_once_one_gets_it(ada: Owner, bob: Owner) -> None:
    for number in range(5):
        outcomes = await asyncio.gather(
            *(create(owner, local_part=f"wanted-{number}") for owner in (ada, bob, ada, bob)), return_exceptions=True
        )
        assert sum(isinstance(outcome, Alias) for outcome in outcomes) == 1
        assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 3
    assert len(await page(ada)) + len(await page(bob)) == 2 + 5


async def test_pages_follow_each_other_newest_first(ada: Owner, bob: Owner) -> None:
    made = [ada.alias, *[await create(ada) for _ in range(4)]]
    first = await page(ada, limit=3)
    rest = await page(ada, before=first[-1].alias_id, limit=3)
    assert [alias.alias_id for alias in first + rest] == [alias.alias_id for alias in made[::-1]]
    assert await page(ada, before=made[0].alias_id) == []
    assert await page(bob) == [bob.alias]


async def test_aliases_of_others_are_not_found(ada: Owner, bob: Owner) -> None:
    patch = AliasPatch(is_enabled=False, description="mine now")
    for owner, alias_id in [(bob, ada.alias.alias_id), (ada, new_id())]:
        with pytest.raises(NotFound):
            await update(owner, alias_id, patch)
    assert await page(ada) == [ada.alias]
    async with ada.platform.db.connection() as conn:
        with pytest.raises(NotFound):
            await aliases.get(conn, bob.account.account_id, bob.actor.keyring, ada.alias.alias_id)
        found = await aliases.addresses_of(conn, bob.account.account_id, [ada.alias.alias_id, bob.alias.alias_id])
    assert found == {bob.alias.alias_id: "bob-alias@restante.test"}


async def test_a_patch_changes_what_it_names(ada: Owner) -> None:
    made = await create(ada, description="before")
    assert await update(ada, made.alias_id, AliasPatch()) == made
    off = await update(ada, made.alias_id, AliasPatch(is_enabled=False))
    assert (off.is_enabled, off.description) == (False, "before")
    renamed = await update(ada, made.alias_id, AliasPatch(description=" after "))
    assert (renamed.is_enabled, renamed.description, renamed.created_at) == (False, "after", NOW)
    with pytest.raises(Invalid):
        await update(ada, made.alias_id, AliasPatch(is_enabled=True, description="x" * 501))
    assert (await page(ada))[0] == renamed


async def test_the_counts_of_an_alias_follow_its_mail(ada: Owner, deliver: Deliver) -> None:
    await deliver(LETTER, ADA)
    await deliver(LETTER, ADA)
    (alias,) = await page(ada)
    assert (alias.message_count, alias.last_received_on) == (2, utc_today().isoformat())


async def test_the_description_is_sealed_to_its_row(ada: Owner, bob: Owner) -> None:
    made = await create(ada, description="a canary sings")
    async with ada.platform.db.connection() as conn:
        row = await (await conn.execute("SELECT details FROM aliases WHERE alias_id = %s", (made.alias_id,))).fetchone()
        assert row is not None
        assert b"canary" not in row[0]
        await conn.execute("UPDATE aliases SET details = %s WHERE alias_id <> %s", (row[0], made.alias_id))
    for owner in (ada, bob):
        strange = [alias for alias in await page(owner) if alias.alias_id != made.alias_id]
        assert [(alias.is_readable, alias.description) for alias in strange] == [(False, "")]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ada-alias@restante.test", True),
        ("ADA-ALIAS@RESTANTE.TEST", True),
        ("ada-alias+tag@restante.test", True),
        ("ada@restante.test", False),
        ("ada-alias@elsewhere.test", False),
    ],
)
async def test_mail_finds_its_alias(platform: Platform, ada: Owner, text: str, found: bool) -> None:
    box = await mailbox(platform, text)
    assert (box is not None) == found
    if box is not None:
        assert (box.account_id, box.alias_id, box.address) == (ada.account.account_id, ada.alias.alias_id, ADA)
        assert (box.status, box.kind, box.stored_bytes) == ("active", "standard", 0)
        assert box.public_key == ada.actor.keyring.public_bytes()


async def test_an_address_with_its_tag_goes_before_the_one_without(platform: Platform, ada: Owner, bob: Owner) -> None:
    tagged = addresses.Address("ada-alias+vip", "restante.test")
    async with platform.db.transaction() as conn:
        await mail.take(conn, bob.account.account_id, tagged)
    owners = [await mailbox(platform, f"ada-alias{tag}@restante.test") for tag in ("+vip", "+other", "")]
    ids = [bob.account.account_id, ada.account.account_id, ada.account.account_id]
    assert [box.account_id for box in owners if box is not None] == ids
