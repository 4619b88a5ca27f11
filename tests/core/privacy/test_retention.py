"""What is kept how long: the table against the schema, and each of its times against real rows."""

from datetime import UTC, datetime, timedelta

import pytest
from psycopg import sql

from app.core.accounts.model import Account
from app.core.auth import service as auth
from app.core.platform import Platform
from app.core.privacy import retention
from app.core.privacy.model import OUTSIDE, Rule
from app.core.privacy.retention import RULES
from app.errors import Unauthenticated, Unavailable
from app.lib.ids import first_id_at, new_id
from app.lib.times import utc_now
from tests.conftest import PASSWORD, MakeAccount

NIGHT = datetime(2031, 5, 6, retention.NIGHTLY_HOUR, 17, tzinfo=UTC)


async def count(platform: Platform, table: str) -> int:
    async with platform.db.connection() as conn:
        query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
        row = await (await conn.execute(query)).fetchone()
    assert row is not None
    return int(row[0])


async def make_alias(platform: Platform, account: Account) -> object:
    alias_id = new_id()
    async with platform.db.transaction() as conn:
        await conn.execute(
            "INSERT INTO aliases VALUES (%s, %s, 'a@restante.test', true, 'refuse', '')", (account.account_id, alias_id)
        )
    return alias_id


async def test_every_table_says_how_long_it_is_kept_and_why(platform: Platform) -> None:
    async with platform.db.connection() as conn:
        rows = await (
            await conn.execute(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' LIMIT 1000"
            )
        ).fetchall()
    tables = {row[0] for row in rows}
    told = {place for rule in RULES for place in rule.where}
    assert tables - told == set(), "tell of them in app.core.privacy.retention.RULES"
    assert told - tables - OUTSIDE == set(), "there is no such table"


def test_rules_are_told_in_words() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule.where, rule.name
        assert rule.what[0].isupper(), rule.name
        assert "_" not in rule.what + rule.kept + rule.why, rule.name
        assert not rule.kept.endswith("."), rule.name
        assert rule.why.endswith("."), rule.name


async def test_ended_sessions(platform: Platform, make_account: MakeAccount) -> None:
    await make_account()
    signed_in, now = await auth.check_password(platform, "ada", PASSWORD), utc_now()
    async with platform.db.transaction() as conn:
        alive, _ = [await auth.start_session(conn, signed_in, now=now - timedelta(days=days)) for days in (6, 8)]
    await retention.apply(platform, now=now)
    async with platform.db.connection() as conn:
        assert (await auth.by_session(conn, platform.instance, alive.cookie, now=now)).login == "ada"
        with pytest.raises(Unauthenticated):
            await auth.by_session(conn, platform.instance, alive.cookie, now=now + timedelta(days=2))
    assert await count(platform, "sessions") == 1
    assert await count(platform, "session_owners") == 1


async def test_objects_that_no_message_names_are_swept_at_night(platform: Platform) -> None:
    async def objects_after(now: datetime) -> int:
        await retention.apply(platform, now=now)
        return len([info async for info in platform.blobs.list()])

    writer = await platform.blobs.open_writer(f"{new_id()}/{new_id()}")
    await writer.write(b"x")
    await writer.commit()
    assert await objects_after(utc_now().replace(hour=retention.NIGHTLY_HOUR)) == 1
    assert await objects_after(NIGHT + timedelta(hours=1)) == 1
    assert await objects_after(NIGHT) == 0


async def test_the_trash(platform: Platform, make_account: MakeAccount) -> None:
    made, message_id, now = await make_account(), new_id(), utc_now()
    alias_id = await make_alias(platform, made)
    async with platform.db.transaction() as conn:
        await conn.execute(
            """INSERT INTO messages (account_id, message_id, alias_id, thread_id, folder, is_read, is_starred,
                                     received_at, size, has_attachments, trashed_at)
               VALUES (%s, %s, %s, %s, 'trash', false, false, now(), 1, false, now())""",
            (made.account_id, message_id, alias_id, message_id),
        )
    await retention.apply(platform, now=now + timedelta(days=29))
    assert await count(platform, "messages") == 1
    await retention.apply(platform, now=now + timedelta(days=31))
    assert await count(platform, "messages") == 0


async def test_refusals_and_deleted_rules(platform: Platform, make_account: MakeAccount) -> None:
    made, now = await make_account(), utc_now()
    alias_id = await make_alias(platform, made)
    async with platform.db.transaction() as conn:
        await conn.execute(
            """INSERT INTO refusals (account_id, refusal_id, alias_id, refused_on, code, reason, details, count)
               VALUES (%s, %s, %s, %s, 550, 'alias_disabled', '', 1)""",
            (made.account_id, new_id(), alias_id, now.date()),
        )
        for deleted_at in (now, None):
            await conn.execute(
                """INSERT INTO sender_rules (account_id, rule_id, verdict, kind, matcher, label, deleted_at)
                   VALUES (%s, %s, 'block', 'domain', '', '', %s)""",
                (made.account_id, new_id(), deleted_at),
            )
    for days, left in {0: (1, 2), 2: (1, 1), 30: (1, 1), 31: (0, 1)}.items():
        await retention.apply(platform, now=now + timedelta(days=days))
        assert (await count(platform, "refusals"), await count(platform, "sender_rules")) == left


async def test_idempotency_keys(platform: Platform, make_account: MakeAccount) -> None:
    made, now = await make_account(), utc_now()
    async with platform.db.transaction() as conn:
        for hours in (23, 25):
            await conn.execute(
                """INSERT INTO idempotency_keys (account_id, digest, attempt_id, fingerprint, claimed_at, leased_until)
                   VALUES (%(account_id)s, %(digest)s, %(account_id)s, '', %(at)s, %(at)s)""",
                {"account_id": made.account_id, "digest": bytes([hours]), "at": now - timedelta(hours=hours)},
            )
    await retention.apply(platform, now=now)
    async with platform.db.connection() as conn:
        assert await (await conn.execute("SELECT digest FROM idempotency_keys")).fetchall() == [(bytes([23]),)]


async def test_files_of_aliases(platform: Platform, make_account: MakeAccount) -> None:
    made, now = await make_account(), utc_now()
    async with platform.db.transaction() as conn:
        for age in (timedelta(hours=23), timedelta(hours=25)):
            await conn.execute(
                "INSERT INTO alias_imports (account_id, import_id, contents) VALUES (%s, %s, '')",
                (made.account_id, first_id_at(now - age)),
            )
    await retention.apply(platform, now=now)
    assert await count(platform, "alias_imports") == 1


async def test_jobs_that_have_ended(platform: Platform) -> None:
    now = utc_now()
    async with platform.db.transaction() as conn:
        for status in ("succeeded", "failed", "todo"):
            await conn.execute(
                """WITH job AS (INSERT INTO procrastinate_jobs (queue_name, task_name, status)
                                VALUES ('default', 'chore', %(status)s) RETURNING id)
                   INSERT INTO procrastinate_events (job_id, type, at) SELECT id, 'succeeded', %(at)s FROM job""",
                {"status": status, "at": now},
            )
    await retention.apply(platform, now=now + timedelta(hours=23))
    assert await count(platform, "procrastinate_jobs") == 3
    await retention.apply(platform, now=now + timedelta(hours=25))
    async with platform.db.connection() as conn:
        assert await (await conn.execute("SELECT status FROM procrastinate_jobs")).fetchall() == [("todo",)]
        assert await (await conn.execute("SELECT DISTINCT type FROM procrastinate_events")).fetchall()


async def test_a_rule_that_fails_leaves_the_others_their_turn_and_is_told(platform: Platform) -> None:
    done: list[str] = []

    async def fail(_on: Platform, _now: datetime) -> int:
        raise Unavailable("The bucket does not answer.")

    async def forget(_on: Platform, _now: datetime) -> int:
        done.append("second")
        return 3

    def rule(name: str, work: object) -> Rule:
        return Rule(name=name, what="W", where=("x",), kept="1 day", why="W.", forget=work)  # type: ignore[arg-type]

    with pytest.raises(Unavailable):
        await retention.apply(platform, now=NIGHT, table=[rule("first", fail), rule("second", forget)])
    assert done == ["second"]
    assert await retention.apply(platform, now=NIGHT, table=[rule("second", forget)] * 2) == 6
