"""`python -m bench rcpt`: fills an account with aliases and rules, and decides on recipients as RCPT does: what that
takes with the database, and with the refusal written down.
"""

import argparse
import asyncio
import itertools
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import psycopg
from rich.console import Console

from app import config as configuration
from app import serve, wiring
from app.config import Config
from app.core.accounts import service as accounts
from app.core.accounts.model import NewAccount
from app.core.platform import Platform
from app.core.policy.service import decide_recipient
from app.core.refusals.model import NewRefusal, RefusalDetails
from app.core.refusals.recorder import Recorder
from app.core.rules import senders
from app.errors import RestanteError
from app.lib.ids import new_id
from app.lib.times import utc_now, utc_today
from bench import measure, report
from bench.http_load import percentile
from bench.measure import Family
from bench.report import Figures, Row
from bench.service import DOMAIN, LOGIN, PASSWORD

ALIASES = 100_000
RULES = 10_000
DECISIONS = 3000
"""Of each kind."""


class WrongAnswer(Exception):
    """A decision was not what was to be measured."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """What is asked, and what has to be answered."""

    label: str
    recipients: Iterator[str]
    senders: Iterator[str]
    code: int
    is_written_down: bool = False


def main(arguments: list[str]) -> int:
    """Gives the exit status: 1 if anything could not be measured."""
    options = _options(arguments)
    try:
        with tempfile.TemporaryDirectory(prefix="restante-bench-") as name:
            folder = Path(name).resolve()
            environ = {"RESTANTE_DATA_DIR": str(folder / "data"), "RESTANTE_MAIL_DOMAINS": DOMAIN}
            config = configuration.load(environ, cores=1)
            with serve.database(config) as dsn:
                serve.migrate_now(dsn)
                asyncio.run(serve.prepare(config, dsn))
                rows = asyncio.run(_measure(config, dsn, Family(root=None, folder=folder), options))
    except (WrongAnswer, RestanteError, OSError, psycopg.Error) as error:
        Console(stderr=True).print(str(error), style="red", markup=False)
        return 1
    report.show(rows, Console())
    if options.json:
        report.write(rows, options.json)
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench rcpt", description=__doc__)
    parser.add_argument("--aliases", type=int, default=ALIASES, help=f"of the account ({ALIASES})")
    parser.add_argument("--rules", type=int, default=RULES, help=f"of the account ({RULES})")
    parser.add_argument("--decisions", type=int, default=DECISIONS, help=f"of each kind ({DECISIONS})")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    return parser.parse_args(arguments)


async def _measure(config: Config, dsn: str, family: Family, options: argparse.Namespace) -> list[Row]:
    rows = []
    async with wiring.open_platform(config, dsn) as platform:
        await _make_account(platform)
        fill_aliases(dsn, await _account_id(platform), options.aliases)
        for count in (0, options.rules):
            if count:
                await fill_rules(platform, dsn, count)
            for kind in kinds(options.aliases, count):
                figures = await _figures(family, platform, kind, options.decisions)
                rows.append(Row(scenario=f"RCPT, {options.aliases:,} aliases, {count:,} rules", label=kind.label))
                rows[-1].runs.append(figures)
    return rows


def kinds(alias_count: int, rule_count: int) -> Iterator[Kind]:
    """What is measured: first without rules, then with them. Every decision is about another alias and sender."""
    aliases = (f"a{number * 7919 % alias_count}@{DOMAIN}" for number in itertools.count())
    strangers = (f"bounce+{number}@mail.news{number}.example" for number in itertools.count())
    yield Kind(label="taken", recipients=aliases, senders=strangers, code=250)
    nobodies = (f"nobody{number}@{DOMAIN}" for number in itertools.count())
    yield Kind(label="no such address", recipients=nobodies, senders=strangers, code=550)
    if not rule_count:
        return
    blocked = (f"news@shop{number * 7 % rule_count | 1}.example" for number in itertools.count())
    yield Kind(label="sender blocked", recipients=aliases, senders=blocked, code=550)
    of_domains = (f"bounce+{number}@a.b.shop{number * 14 % rule_count & ~1}.example" for number in itertools.count())
    yield Kind(label="its domain blocked", recipients=aliases, senders=of_domains, code=550)
    yield Kind(
        label="blocked, and written down", recipients=aliases, senders=of_domains, code=550, is_written_down=True
    )


async def _figures(family: Family, platform: Platform, kind: Kind, count: int) -> Figures:
    recorder = Recorder(platform.db)
    ask = asking(platform, recorder, kind)
    for _ in range(50):  # statements are prepared, pages read
        await ask(next(kind.recipients), next(kind.senders))
    latencies = []
    postgres, ours = measure.usage(family)[measure.POSTGRES].cpu, time.process_time()
    for _ in range(count):
        recipient, sender = next(kind.recipients), next(kind.senders)
        begun = time.perf_counter()
        code = await ask(recipient, sender)
        latencies.append(time.perf_counter() - begun)
        if code != kind.code:
            raise WrongAnswer(f"{kind.label}: answered {code} instead of {kind.code}")
    ours = time.process_time() - ours
    postgres = measure.usage(family)[measure.POSTGRES].cpu - postgres
    latencies.sort()
    await recorder.close()
    return {
        "median_ms": percentile(latencies, 0.5) * 1000,
        "p95_ms": percentile(latencies, 0.95) * 1000,
        "p99_ms": percentile(latencies, 0.99) * 1000,
        "cpu_ms": ours / count * 1000,
        "postgres_cpu_ms": postgres / count * 1000,
    }


def asking(platform: Platform, recorder: Recorder, kind: Kind) -> Callable[[str, str], Awaitable[int]]:
    """`await ask(recipient, sender)`: the reply's code."""
    return _refuse(platform, recorder) if kind.is_written_down else _decide(platform)


def _decide(platform: Platform) -> Callable[[str, str], Awaitable[int]]:
    async def ask(recipient: str, sender: str) -> int:
        ruling = await decide_recipient(platform, recipient, sender=sender, announced_size=5000, now=utc_now())
        return ruling.decision.code

    return ask


def _refuse(platform: Platform, recorder: Recorder) -> Callable[[str, str], Awaitable[int]]:
    """With all that comes before the reply; nobody else is there to share the transaction."""

    async def ask(recipient: str, sender: str) -> int:
        ruling = await decide_recipient(platform, recipient, sender=sender, announced_size=5000, now=utc_now())
        mailbox, found = ruling.mailbox, ruling.finding
        if mailbox is not None:
            refusal = NewRefusal(
                account_id=mailbox.account_id,
                alias_id=mailbox.alias_id,
                public_key=mailbox.public_key,
                code=ruling.decision.code,
                reason=ruling.decision.reason,
                details=RefusalDetails(sender, (), recipient),
                rule_id=None if found is None else found.rule_id,
            )
            await recorder.record([refusal])
        return ruling.decision.code

    return ask


async def _make_account(platform: Platform) -> None:
    hashed = await platform.hasher.set(PASSWORD)
    new = NewAccount(login=LOGIN, password=PASSWORD)
    async with platform.db.transaction() as conn:
        await accounts.create(conn, platform.instance, new, password=hashed, storage_limit=1 << 30, today=utc_today())


async def _account_id(platform: Platform) -> UUID:
    async with platform.db.connection() as conn:
        return (await accounts.find(conn, LOGIN)).account_id


def fill_aliases(dsn: str, account_id: UUID, count: int) -> None:
    """Aliases `a0@bench.test` and so on, with a usage of their own in two shards each."""
    ids = [new_id() for _ in range(count)]
    tables = {
        "aliases (account_id, alias_id, address, is_enabled, when_disabled, details)": (
            (account_id, one, f"a{number}@{DOMAIN}", True, "refuse", b"") for number, one in enumerate(ids)
        ),
        "addresses (address, account_id, alias_id)": (
            (f"a{number}@{DOMAIN}", account_id, one) for number, one in enumerate(ids)
        ),
        "alias_usage (account_id, alias_id, shard, message_count, received_count, last_received_on)": (
            (account_id, one, shard, 7, 7, utc_now().date()) for one in ids for shard in (0, 1)
        ),
    }
    with psycopg.connect(dsn) as conn:
        for table, rows in tables.items():
            with conn.cursor().copy(f"COPY {table} FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("VACUUM (ANALYZE)")


async def fill_rules(platform: Platform, dsn: str, count: int) -> None:
    """Blocks of the whole account: every second of an address `news@shop1.example`, the others of a domain."""
    account_id = await _account_id(platform)
    async with platform.db.connection() as conn:
        index_key = await accounts.index_key(conn, platform.instance, account_id)
    with psycopg.connect(dsn) as copying:
        columns = "account_id, rule_id, verdict, kind, matcher, label"
        with copying.cursor().copy(f"COPY sender_rules ({columns}) FROM STDIN") as copy:
            for number in range(count):
                kind, name = ("address", "news@") if number % 2 else ("domain", "")
                matcher = senders.matcher(index_key, f"{name}shop{number}.example")
                copy.write_row((account_id, new_id(), "block", kind, matcher, bytes(80)))
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("VACUUM (ANALYZE) sender_rules")
