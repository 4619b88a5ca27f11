"""What tests share: a real Postgres, a fresh database for each test, and the product standing on it."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from ipaddress import ip_network
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from app.core.accounts import service as accounts
from app.core.accounts.model import Account, Kind, NewAccount
from app.core.auth.guessing import Guesses
from app.core.auth.hashing import PasswordHasher
from app.core.auth.model import Actor
from app.core.domains import service as domains
from app.core.platform import Platform
from app.core.tallies.service import Tallies
from app.lib.blobs.local import LocalStore
from app.lib.db import Database, connect_now
from app.lib.migrate import migrate
from app.lib.outbound import Outbound
from app.lib.postgres import EmbeddedPostgres
from app.lib.resolver import Resolver, Server
from app.lib.times import utc_today
from app.lib.wakeups import Listener
from app.vault.account_keys import AccountKeys
from app.vault.instance import InstanceKey
from app.vault.passwords import PasswordCost

PASSWORD = "correct horse battery"
CHEAP = PasswordCost(memory_kib=64, iterations=1, lanes=1, bcrypt_rounds=4)
MakeAccount = Callable[..., Awaitable[Account]]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """On CI a browser test that was skipped has failed: the browser was to be installed."""
    report = yield
    if report.skipped and os.environ.get("CI") and item.get_closest_marker("browser"):
        report.outcome = "failed"
        report.longrepr = "CI runs the browser tests: install Chromium"
    return report


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    # Not pytest's own folder: as root, Postgres runs as another user, who may not enter there.
    folder = Path(tempfile.mkdtemp(prefix="restante-tests-"))
    server = EmbeddedPostgres(folder / "postgres", durable=False)
    server.start()
    try:
        with connect_now(server.dsn) as conn:
            conn.execute("CREATE DATABASE template_restante")
        with connect_now(_dsn_of(server, "template_restante")) as conn:
            migrate(conn)
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


@pytest.fixture
def dsn(postgres: EmbeddedPostgres) -> Iterator[str]:
    """A database of its own, cloned from one that has the whole schema."""
    name = f"test_{os.urandom(8).hex()}"
    with connect_now(postgres.dsn) as conn:
        conn.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE template_restante STRATEGY file_copy").format(sql.Identifier(name))
        )
        yield _dsn_of(postgres, name)
        conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _dsn_of(server: EmbeddedPostgres, name: str) -> str:
    return psycopg.conninfo.make_conninfo(server.dsn, dbname=name)


@pytest.fixture
def instance(tmp_path: Path) -> InstanceKey:
    return InstanceKey("an instance secret that only tests know", AccountKeys(tmp_path / "account-keys"))


@pytest.fixture
async def platform(dsn: str, tmp_path: Path, instance: InstanceKey) -> AsyncIterator[Platform]:
    db = Database(dsn)
    await db.open()
    # Nobody answers there, so no test asks a resolver that it did not start.
    resolver = Resolver([Server(host="127.0.0.1", port=1)], timeout=0.05, lifetime=0.1)
    made = Platform(
        db=db,
        listener=Listener(dsn),
        blobs=LocalStore(tmp_path / "objects"),
        instance=instance,
        hasher=PasswordHasher(CHEAP),
        guesses=Guesses(),
        resolver=resolver,
        outbound=Outbound(resolver, networks=[ip_network("127.0.0.0/8")]),
        public_url="http://restante.test",
        hostname="mx.restante.test",
        max_message_size=8 * 1024 * 1024,
        storage_limit=64 * 1024 * 1024,
        alias_limit=1000,
        domain_limit=100,
        joining="closed",
        joining_rate=30,
        shard=0,
        tallies=Tallies(db, shard=0),
        data_dir=tmp_path,
    )
    async with db.transaction() as conn:
        await domains.ensure_shared(conn, ["restante.test"], today=utc_today())
    yield made
    made.hasher.close()
    await made.outbound.close()
    await made.listener.close()
    await made.blobs.close()
    await made.tallies.close()
    await db.close()


@pytest.fixture
def make_account(platform: Platform) -> MakeAccount:
    """`await make_account("ada")`: an account whose password is PASSWORD."""

    async def make(login: str = "ada", *, is_admin: bool = False, kind: Kind = "standard") -> Account:
        hashed = await platform.hasher.set(PASSWORD)
        new = NewAccount(login=login, password=PASSWORD, is_admin=is_admin, kind=kind)
        async with platform.db.transaction() as conn:
            made = await accounts.create(
                conn,
                platform.instance,
                new,
                password=hashed,
                storage_limit=platform.storage_limit,
                today=utc_today(),
            )
        return made.account

    return make


@pytest.fixture
def actor_of(platform: Platform) -> Callable[[Account], Awaitable[Actor]]:
    """`await actor_of(account)`: its owner, signed in."""

    async def make(account: Account) -> Actor:
        async with platform.db.connection() as conn:
            keyring = await accounts.open_keyring(conn, platform.instance, account)
        return Actor(account_id=account.account_id, login=account.login, is_admin=account.is_admin, keyring=keyring)

    return make
