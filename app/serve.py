"""The whole service by one command: the database, the web, mail and worker processes, looked after until the end."""

import asyncio
import os
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

import click

from app import wiring
from app.commands import Command, Row
from app.config import Address, Config
from app.core.accounts import service as accounts
from app.errors import Conflict, RestanteError, Unavailable
from app.lib import logs, migrate
from app.lib.db import connect_now
from app.lib.listener import bind_listener
from app.lib.postgres import EmbeddedPostgres, running_dsn
from app.lib.supervise import Supervisor
from app.web.setup import setup_path

_PORT_SECONDS = 15
"""Longer than processes whose supervisor was killed need to end."""
_PORT_PAUSE_SECONDS = 0.2


def serve(config: Config) -> None:
    """Start everything, say where it is, and look after it until SIGTERM or SIGINT.

    Raises Invalid, Conflict and Unavailable for what keeps it from starting.
    """
    logs.configure(role="supervisor", folder=config.log_dir)
    wiring.ensure_data_dir(config.data_dir)
    postgres = _start_postgres(config)
    try:
        dsn = config.database_url or _embedded(postgres).dsn
        migrate_now(dsn)
        # Made before any process needs them, so that two never make them at once.
        wiring.instance_key(config)
        wiring.smtp_context(config)
        web = _listeners(config.http, config.web_processes)
        smtp = _listeners(config.smtp, config.smtp_processes)
        asyncio.run(_announce(config, dsn, web[0], smtp[0]))
    except BaseException:
        if postgres is not None:
            postgres.stop()
        raise
    supervisor = Supervisor(_log)
    if postgres is not None:
        supervisor.watch("postgres", poll=postgres.poll, restart=postgres.launch, stop=postgres.stop)
    for number, listener in enumerate(web):
        supervisor.add(f"web-{number}", partial(wiring.run_web, config, dsn, listener))
    for number, listener in enumerate(smtp):
        supervisor.add(f"smtp-{number}", partial(wiring.run_smtp, config, dsn, listener, shard=number))
    supervisor.add("worker", partial(wiring.run_worker, config, dsn))
    supervisor.run()


def run_role(config: Config, role: Callable[[str], None]) -> None:
    """Run one role by itself, on a database that has the schema it needs. Raises Unavailable."""
    wiring.ensure_data_dir(config.data_dir)
    dsn = config.database_url or running_dsn(config.data_dir / "postgres")
    if dsn is None:
        raise Unavailable("No database: set DATABASE_URL, or let `restante serve` run the embedded one.")
    with connect_now(dsn) as conn:
        migrate.check(conn)
    asyncio.run(prepare(config, dsn))
    role(dsn)


def run_web(config: Config, dsn: str) -> None:
    """One web process on a socket of its own that others may share."""
    wiring.run_web(config, dsn, bind_listener(config.http.host, config.http.port, reuse_port=True))


def run_smtp(config: Config, dsn: str) -> None:
    """One mail process on a socket of its own that others may share."""
    listener = bind_listener(config.smtp.host, config.smtp.port, reuse_port=True)
    wiring.run_smtp(config, dsn, listener, shard=os.getpid())


def migrate_now(dsn: str) -> list[str]:
    """Bring the database to the newest schema; the names of what was applied."""
    with connect_now(dsn) as conn:
        return migrate.migrate(conn)


@contextmanager
def database(config: Config) -> Iterator[str]:
    """The DSN for a command-line tool: the configured database, the running embedded one, or one started for it."""
    wiring.ensure_data_dir(config.data_dir)
    dsn = config.database_url or running_dsn(config.data_dir / "postgres")
    if dsn is not None:
        yield dsn
        return
    postgres = EmbeddedPostgres(config.data_dir / "postgres")
    postgres.start()
    try:
        yield postgres.dsn
    finally:
        postgres.stop()


async def prepare(config: Config, dsn: str) -> None:
    """What a migrated database still needs before the first start."""
    async with wiring.open_platform(config, dsn) as platform:
        await wiring.prepare(platform, config.mail_domains)


async def check(config: Config, dsn: str) -> list[str]:
    """What is wrong with the certificate, the database, the instance key and the object store, a sentence each."""
    checks = (_check_certificate(config), _check_database(config, dsn), _check_objects(config))
    faults = [await _fault(one) for one in checks]
    return [fault for fault in dict.fromkeys(faults) if fault]


async def _check_certificate(config: Config) -> None:
    if config.tls_certificate is not None:
        wiring.smtp_context(config)


async def _check_database(config: Config, dsn: str) -> None:
    with connect_now(dsn) as conn:
        migrate.check(conn)
    await prepare(config, dsn)


async def _check_objects(config: Config) -> None:
    store = wiring.blob_store(config)
    try:
        await store.check()
        await store.check_clock()
    finally:
        await store.close()


async def _fault(work: Awaitable[None]) -> str | None:
    try:
        await work
    except RestanteError as error:
        return error.detail
    return None


def run_command(config: Config, command: Command) -> Row | list[Row]:
    """Run one of the commands on the database, made ready if need be."""
    with database(config) as dsn:
        migrate_now(dsn)

        async def run() -> Row | list[Row]:
            async with wiring.open_platform(config, dsn) as platform:
                await wiring.prepare(platform, config.mail_domains)
                return await command(platform)

        return asyncio.run(run())


def _start_postgres(config: Config) -> EmbeddedPostgres | None:
    if config.database_url is not None:
        return None
    postgres = EmbeddedPostgres(config.data_dir / "postgres")
    postgres.start()
    return postgres


def _embedded(postgres: EmbeddedPostgres | None) -> EmbeddedPostgres:
    if postgres is None:
        raise Unavailable("No database is configured.")
    return postgres


def _listeners(address: Address, count: int) -> list[socket.socket]:
    """One socket a process on one port, so that the kernel spreads connections; the parent keeps them all open.

    A connection that waits for a process that died is then taken by the one that replaces it. Raises as
    `bind_listener`; a port that is taken is waited for, as processes whose supervisor was killed need some seconds.
    """
    until = time.monotonic() + _PORT_SECONDS
    while True:
        try:
            with bind_listener(address.host, address.port) as probe:  # by itself, to find out whether it is free
                port = probe.getsockname()[1]
            return [bind_listener(address.host, port, reuse_port=True) for _ in range(count)]
        except Conflict:
            if time.monotonic() >= until:
                raise
            time.sleep(_PORT_PAUSE_SECONDS)


async def _announce(config: Config, dsn: str, web: socket.socket, smtp: socket.socket) -> None:
    """Prepare the database and print where to go next."""
    async with wiring.open_platform(config, dsn) as platform:
        await wiring.prepare(platform, config.mail_domains)
        async with platform.db.connection() as conn:
            is_set_up = await accounts.is_set_up(conn)
        path = "/" if is_set_up else setup_path(platform.instance)
    click.echo(f"Restante takes mail on {_place(smtp)} for {', '.join(config.mail_domains)}")
    if is_set_up:
        click.echo(f"Read it at {config.public_url}{path}")
    else:
        click.echo(f"Make the first account at {config.public_url}{path}")
    if _place(web) not in config.public_url:
        click.echo(f"(the web side listens on {_place(web)})")
    sys.stdout.flush()


def _place(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _log(event: str, fields: Mapping[str, object]) -> None:
    logs.logger().info(event, **fields)
