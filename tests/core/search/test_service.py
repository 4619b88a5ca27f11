"""Everything that should be found is found, by every way, in generated mailboxes; nothing of others is."""

import random
from collections.abc import Callable
from datetime import UTC, datetime
from unittest import mock
from uuid import UUID

import pytest

from app.core.aliases import service as aliases
from app.core.aliases.model import NewAlias
from app.core.messages import receive
from app.core.messages.model import Folder
from app.core.search import grammar, service
from app.core.search.model import Found
from app.lib.ids import first_id_at, new_id
from app.lib.times import utc_now
from tests.core.conftest import Deliver, Owner
from tests.core.search import mailbox
from tests.core.search.mailbox import Letter

pytestmark = pytest.mark.anyio

Oracle = Callable[[Letter], bool]
ADA = "ada-alias@restante.test"
BOB = "bob-alias@restante.test"
SHOP = "shop@restante.test"


async def search(
    owner: Owner, text: str, *, before: UUID | None = None, limit: int = 100, folder: Folder | None = None
) -> Found:
    async with owner.platform.db.transaction() as conn:
        query = grammar.parse(text)
        return await service.page(owner.platform, conn, owner.actor, query, before=before, limit=limit, folder=folder)


async def all_ids(owner: Owner, text: str, *, limit: int = 100, folder: Folder | None = None) -> list[UUID]:
    """Every page after the other."""
    found = await search(owner, text, limit=limit, folder=folder)
    ids = [line.message_id for line in found.lines]
    while found.older:
        found = await search(owner, text, before=found.older, limit=limit, folder=folder)
        ids += [line.message_id for line in found.lines]
    return ids


async def subjects(owner: Owner, text: str) -> list[str]:
    return [line.summary.subject for line in (await search(owner, text)).lines]


async def fill(owner: Owner, deliver: Deliver, count: int, seed: int) -> dict[UUID, Letter]:
    chance = random.Random(seed)
    async with owner.platform.db.transaction() as conn:
        await aliases.create(
            conn, owner.actor.account_id, owner.actor.keyring, NewAlias(local_part="shop"), now=utc_now()
        )
    letters: dict[UUID, Letter] = {}
    for number in range(count):
        letter = mailbox.letter(chance, [ADA, SHOP])
        message_id = UUID(int=first_id_at(letter.received_at).int + number)
        with mock.patch.object(receive, "new_id", return_value=message_id):
            await deliver(letter.raw(), letter.alias)
        letters[message_id] = letter
    async with owner.platform.db.transaction() as conn:
        for message_id, letter in letters.items():
            await conn.execute(
                """UPDATE messages SET folder = %s, is_read = %s, is_starred = %s, received_at = %s,
                          trashed_at = CASE WHEN %s = 'trash' THEN now() END WHERE message_id = %s""",
                (
                    letter.folder,
                    letter.is_read,
                    letter.is_starred,
                    letter.received_at,
                    letter.folder,
                    message_id,
                ),
            )
    return letters


def term(chance: random.Random) -> tuple[str, Oracle]:
    """A positive term as people type it, and the same asked of plain text."""
    field = chance.choice(["", "", "", "subject"])
    prefix = f"{field}:" if field else ""
    word, other = chance.choices(mailbox.vocabulary(), k=2)
    month = chance.randint(1, 4)
    start = datetime(2026, month, 1, tzinfo=UTC)
    size = chance.randint(300, 900)
    kinds: list[tuple[str, Oracle]] = [
        (prefix + word, lambda one: mailbox.has_word(word, one, mailbox.texts(one, field), is_exact=False)),
        (f'{prefix}"{word}"', lambda one: mailbox.has_phrase(word, mailbox.texts(one, field))),
        (f'{prefix}"{word} {other}"', lambda one: mailbox.has_phrase(f"{word} {other}", mailbox.texts(one, field))),
        ("from:shop.example", lambda one: one.sender[1].endswith("shop.example")),
        ("from:ORDERS@mail.shop.example", lambda one: one.sender[1] == "orders@mail.shop.example"),
        ("from:booking.com", lambda one: one.sender[0] == "Booking.com"),
        ("from:zoe.mueller", lambda one: "zoe.mueller" in one.sender[1]),
        ('from:"zoe muller"', lambda one: "Zoë" in one.sender[0]),
        ("from:shop", lambda one: "shop" in mailbox.words(" ".join(one.sender))),
        ("to:ada", lambda _one: True),
        ("filename:invoice", lambda one: "Invoice" in one.filename),
        ("filename:für", lambda one: "für" in one.filename),
        ("has:attachment", lambda one: bool(one.filename)),
        ("is:unread", lambda one: not one.is_read),
        ("is:starred", lambda one: one.is_starred),
        ("alias:shop", lambda one: one.alias == SHOP),
        ("alias:restante.test", lambda _one: True),
        (f"before:2026-{month}", lambda one: one.received_at < start),
        (f"after:2026-{month:02}-01", lambda one: one.received_at >= start),
        (f"larger:{size}", lambda one: len(one.raw()) > size),
    ]
    return chance.choice(kinds[:3] if chance.random() < 0.5 else kinds)


def asked(chance: random.Random) -> tuple[str, Oracle]:
    """One to three terms, some negated."""
    terms = [(*term(chance), chance.random() < 0.25) for _ in range(chance.randint(1, 3))]
    text = " ".join(f"-{text}" if is_negated else text for text, _, is_negated in terms)
    return text, lambda one: all(oracle(one) is not is_negated for _, oracle, is_negated in terms)


@pytest.mark.parametrize("patience", [None, -1, 60])
async def test_what_is_found_is_what_plain_text_says(
    ada: Owner, bob: Owner, deliver: Deliver, monkeypatch: pytest.MonkeyPatch, patience: int | None
) -> None:
    if patience is not None:  # so that a small mailbox takes the ways of a large one
        narrow = [
            ("_WINDOW", 4),
            ("_WINDOW_OF_FEW", 10),
            ("_SPAN_MESSAGES", 6),
            ("_PATIENCE_SECONDS", patience),
            ("_FEW", 3),
        ]
        for name, value in [*narrow, ("_OPENED_AT_ONCE", 7)]:
            monkeypatch.setattr(service, name, value)
    letters = await fill(ada, deliver, 150, seed=1)
    for number in range(5):
        await deliver(mailbox.letter(random.Random(number), [BOB]).raw(), BOB)
    chance = random.Random(7)
    counts = []
    for _ in range(150):
        text, oracle = asked(chance)
        expected = [
            message_id
            for message_id, one in sorted(letters.items(), reverse=True)
            if one.folder not in {"trash", "spam"} and oracle(one)
        ]
        assert await all_ids(ada, text, limit=chance.choice([3, 100])) == expected, text
        counts.append(len(expected))
    assert sum(map(bool, counts)) > 60
    for folder in ("inbox", "trash"):
        expected = [message_id for message_id, one in sorted(letters.items(), reverse=True) if one.folder == folder]
        assert await all_ids(ada, f"in:{folder}") == expected
        assert await all_ids(ada, "to:ada", folder=folder) == expected
        assert await all_ids(ada, f"to:ada -in:{folder}", folder=folder) == []
    assert len(await all_ids(ada, "in:anywhere")) == len(letters)
    assert len(await all_ids(bob, "in:anywhere")) == 5


async def test_pages_stay_right_while_mail_comes_in(ada: Owner, deliver: Deliver) -> None:
    for number in range(5):
        await deliver(b"Subject: parcel %d\r\n\r\nx" % number, ADA)
    first = await search(ada, "parcels", limit=2)
    await deliver(b"Subject: parcel 5\r\n\r\nx", ADA)
    second = await search(ada, "parcels", limit=2, before=first.older)
    third = await search(ada, "parcels", limit=2, before=second.older)
    shown = [line.summary.subject for found in (first, second, third) for line in found.lines]
    assert shown == [f"parcel {number}" for number in (4, 3, 2, 1, 0)]
    assert third.older is None


async def test_two_accounts_never_see_each_others(ada: Owner, bob: Owner, deliver: Deliver) -> None:
    await deliver(b"From: x@shop.example\r\nSubject: secret plan\r\n\r\nall of it", ADA)
    for text in (
        "secret",
        '"secret plan"',
        "from:shop.example",
        "-nothing",
        "in:anywhere",
        "larger:1",
        "alias:ada-alias",
    ):
        assert await subjects(ada, text) == ["secret plan"], text
        assert await subjects(bob, text) == [], text


async def test_one_copy_each_is_found_by_each(ada: Owner, bob: Owner, deliver: Deliver) -> None:
    await deliver(b"Subject: shared\r\n\r\nx", ADA, BOB)
    assert await subjects(ada, "shared") == await subjects(bob, "shared") == ["shared"]


async def test_a_phrase_stands_in_one_place_and_in_order(ada: Owner, deliver: Deliver) -> None:
    for subject, body in [("a b", "c"), ("b a", "c"), ("a", "b c"), ("A-B!", "x"), ("x", "a\r\nb")]:
        await deliver(f"Subject: {subject}\r\n\r\n{body}".encode(), ADA)
    assert await subjects(ada, '"a b"') == ["x", "A-B!", "a b"]
    assert await subjects(ada, 'subject:"a b"') == ["A-B!", "a b"]
    assert await subjects(ada, '-"a b"') == ["a", "b a"]
    assert await subjects(ada, '"b c"') == ["a"]


async def test_a_search_that_opens_much_ends_and_goes_on_from_there(
    ada: Owner, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "_OPENED_AT_ONCE", 2)
    monkeypatch.setattr(service, "MAX_OPENED", 4)
    await deliver(b"Subject: oldest\r\n\r\none two", ADA)
    for _ in range(9):
        await deliver(b"Subject: other\r\n\r\ntwo one", ADA)
    first = await search(ada, '"one two"')
    assert first.lines == []
    assert first.older is not None
    assert len(await all_ids(ada, '"one two"')) == 1


async def test_a_domain_means_all_its_aliases_however_many(ada: Owner, deliver: Deliver) -> None:
    await deliver(b"Subject: to the oldest\r\n\r\nx", ADA)
    newer = [(ada.actor.account_id, new_id(), f"x{number}@restante.test") for number in range(1500)]
    async with ada.platform.db.transaction() as conn:
        await conn.cursor().executemany(
            """INSERT INTO aliases (account_id, alias_id, address, is_enabled, when_disabled, details)
               VALUES (%s, %s, %s, true, 'refuse', '')""",
            newer,
        )
    assert await subjects(ada, "alias:restante.test") == ["to the oldest"]
    assert await subjects(ada, "-alias:restante.test oldest") == []


@pytest.mark.parametrize("text", ["alias:\x00x", "alias:\ud800x", "from:\x00a \ud800b", "is:read is:unread", "alias:x"])
async def test_what_nothing_can_have_finds_nothing(ada: Owner, deliver: Deliver, text: str) -> None:
    await deliver(b"Subject: x\r\n\r\nx", ADA)
    assert await subjects(ada, text) == []
