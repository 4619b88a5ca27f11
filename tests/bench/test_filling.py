"""A made-up mailbox in a real database: the product opens, threads and finds what was put there."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlencode

import pytest
from psycopg.conninfo import conninfo_to_dict
from rich.progress import Progress

from app.core.accounts.model import Account
from app.core.auth.model import Actor
from app.core.messages import service as messages
from app.core.platform import Platform
from app.core.search import grammar, service
from bench import filling, letters
from bench.letters import Plan
from tests.conftest import MakeAccount

pytestmark = pytest.mark.anyio
COUNT = 60


async def test_what_was_made_is_there_and_is_found(
    platform: Platform,
    dsn: str,
    tmp_path: Path,
    make_account: MakeAccount,
    actor_of: Callable[[Account], Awaitable[Actor]],
) -> None:
    account = await make_account("bench")
    parts = {name: str(value) for name, value in conninfo_to_dict(dsn).items()}
    environ = {
        "DATABASE_URL": f"postgresql:///{parts.pop('dbname')}?{urlencode(parts)}",
        "RESTANTE_SECRET": "an instance secret that only tests know",
        "RESTANTE_DATA_DIR": str(tmp_path),
        "RESTANTE_ACCOUNT_KEYS_DIR": str(tmp_path / "account-keys"),
        "RESTANTE_MAIL_DOMAINS": "restante.test",
    }
    plan = Plan(messages=COUNT)
    target = await filling.prepare(environ, account.login)
    with Progress(disable=True) as progress:
        filling.fill(target, plan, progress, progress.add_task("messages", total=COUNT))
        assert progress.finished

    actor, made = await actor_of(account), letters.chunk(plan, 0)[::-1]
    async with platform.db.transaction() as conn:
        lines = await messages.page(conn, actor, folder=None, before=None, limit=COUNT)
        rows = await conn.execute("SELECT indexname FROM pg_indexes WHERE indexname = 'message_tokens_gin'")
        assert rows.rowcount == 1
    assert [line.summary.subject for line in lines] == [one.subject for one in made]
    assert [line.received_at for line in lines] == [one.received_at for one in made]
    threads = {one.thread: line.thread_id for one, line in zip(made, lines, strict=True)}
    assert [line.thread_id for line in lines] == [threads[one.thread] for one in made]
    assert len(set(threads.values())) == len(threads)
    for line, one in zip(lines, made, strict=True):
        original = await messages.source(platform, actor, line.message_id)
        assert b"".join([chunk async for chunk in original.stream]) == one.raw
    for word in ("quandel", "tarvisol"):
        async with platform.db.transaction() as conn:
            query = grammar.parse(f"{word} in:anywhere")
            found = await service.page(platform, conn, actor, query, before=None, limit=COUNT)
        hits = [line.message_id for line, one in zip(lines, made, strict=True) if word in one.own]
        assert hits
        assert [line.message_id for line in found.lines] == hits
