"""Builds everything out of the configuration and runs it. The only module that knows everyone."""

import asyncio
import gc
import os
import secrets
import signal
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import uvicorn
import uvloop

from app import config as configuration
from app.api.errors import give_problems
from app.api.router import api_router, description_of
from app.config import Config
from app.core.accounts import service as accounts
from app.core.auth.guessing import Guesses
from app.core.auth.hashing import PasswordHasher
from app.core.billing.shop import Shop
from app.core.domains import service as domains
from app.core.domains.roles import give_roles
from app.core.instance.service import check_key
from app.core.platform import Platform
from app.core.tallies.service import Tallies
from app.errors import Invalid, Unavailable
from app.lib import logs, open_files, suffixes
from app.lib.blobs import BlobStore
from app.lib.blobs.local import LocalStore
from app.lib.blobs.s3 import S3Store
from app.lib.checkout import Checkout
from app.lib.db import Database
from app.lib.heads import BoundedHeadProtocol
from app.lib.outbound import Outbound
from app.lib.ratelimit import NetworkLimit, NetworkLimits
from app.lib.resolver import Resolver, Server
from app.lib.times import utc_now, utc_today
from app.lib.wakeups import Listener
from app.smtp import server as smtp_server
from app.smtp import tls as smtp_tls
from app.smtp.settings import Settings as SmtpSettings
from app.vault.account_keys import AccountKeys
from app.vault.instance import InstanceKey
from app.web import papers
from app.web.access import logged
from app.web.app import create_app
from app.web.operator import Operator
from app.worker.run import work

SHARDS = 32
"""Of the usage counters; a process adds to one of them."""
_WEB_GRACE_SECONDS = 10
_SECRET_FILE = "instance-secret"  # noqa: S105 - the name of the file that holds it


def load_config() -> Config:
    """The configuration of this process. Raises Invalid with every fault."""
    return configuration.load(os.environ, cores=os.cpu_count() or 1)


def instance_key(config: Config) -> InstanceKey:
    """The instance key: from RESTANTE_SECRET, else from the data directory, where it is made the first time."""
    if config.secret is not None:
        return InstanceKey(config.secret, account_keys(config))
    path = config.data_dir / _SECRET_FILE
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        if path.stat().st_mode & 0o077:
            raise Invalid(f"Others can read {path}; run `chmod 600` on it.", code="secret_readable") from None
    return InstanceKey(path.read_text().strip(), account_keys(config))


def account_keys(config: Config) -> AccountKeys | None:
    """Those of the configured folder; with the embedded Postgres else those of the data directory.

    A database elsewhere may serve many machines, which would have to share the folder: so there it has to be named.
    """
    folder = config.account_keys_dir
    if folder is None and config.database_url is None:
        folder = config.data_dir / "account-keys"
    return None if folder is None else AccountKeys(folder)


def blob_store(config: Config) -> BlobStore:
    """The bucket where one is configured, else the data directory. Connects at the first use."""
    if config.s3 is None:
        return LocalStore(config.data_dir / "objects")
    return S3Store(
        bucket=config.s3.bucket,
        access_key=config.s3.access_key,
        secret_key=config.s3.secret_key,
        endpoint=config.s3.endpoint,
        region=config.s3.region,
        session_token=config.s3.session_token,
        addressing=config.s3.addressing,
    )


@asynccontextmanager
async def open_platform(config: Config, dsn: str, *, shard: int = 0) -> AsyncIterator[Platform]:
    """What the product stands on, for as long as the context lasts."""
    db = Database(dsn, prepare=config.prepared_statements)
    resolver = Resolver([Server(host=one.host, port=one.port) for one in config.dns_servers])
    platform = Platform(
        db=db,
        listener=Listener(_direct(config, dsn)),
        blobs=blob_store(config),
        instance=instance_key(config),
        hasher=PasswordHasher(),
        guesses=Guesses(),
        resolver=resolver,
        outbound=Outbound(resolver, networks=config.webhook_networks),
        public_url=config.public_url,
        hostname=config.hostname,
        max_message_size=config.max_message_size,
        storage_limit=config.storage_limit,
        alias_limit=config.alias_limit,
        domain_limit=config.domain_limit,
        joining=config.joining,
        joining_rate=config.joining_rate,
        shard=shard % SHARDS,
        tallies=Tallies(db, shard=shard % SHARDS),
        data_dir=config.data_dir,
        shop=_shop(config),
    )
    await db.open()
    try:
        yield platform
    finally:
        platform.hasher.close()
        await platform.outbound.close()
        if platform.shop is not None:
            await platform.shop.checkout.close()
        await platform.listener.close()
        await platform.blobs.close()
        await platform.tallies.close()
        await db.close()


def _shop(config: Config) -> Shop | None:
    if config.stripe is None:
        return None
    one = config.stripe
    return Shop(Checkout(key=one.key, webhook_secret=one.webhook_secret, api=one.api))


def _direct(config: Config, dsn: str) -> str:
    """Where LISTEN works: past a pooler, if there is one."""
    return config.direct_database_url or dsn


async def prepare(platform: Platform, mail_domains: Sequence[str]) -> None:
    """What a start needs in the database besides the schema: its own key, the shared domains, their role addresses.

    Raises Conflict when the database was made with another instance key.
    """
    async with platform.db.transaction() as conn:
        await check_key(conn, platform.instance)
        await accounts.check_account_keys(conn, platform.instance)
        await domains.ensure_shared(conn, mail_domains, today=utc_today())
        await give_roles(conn, now=utc_now())


class _WebServer(uvicorn.Server):
    """Ends by `should_exit` alone: uvicorn's own handling sends the signal once more when all is done."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to us."""
        yield


def run_web(config: Config, dsn: str, listener: socket.socket) -> None:
    """Serve pages and API on the socket until SIGTERM."""
    logs.configure(role="web", folder=config.log_dir)
    open_files.allow_many()
    suffixes.load()
    _collect_seldom()

    async def main(stop: asyncio.Event) -> None:
        async with open_platform(config, dsn) as platform:
            await asyncio.to_thread(_make_ready_for_links, platform.blobs)
            description = description_of(config.public_url)
            app = create_app(
                platform,
                is_https=config.is_https,
                api=api_router(platform, per_minute=config.api_rate),
                describe=lambda: description.document,
                operator=_operator(config),
            )
            give_problems(app)
            server = _WebServer(
                uvicorn.Config(
                    logged(app, logs.access_logger(config.log_dir)) if config.access_log else app,
                    http=BoundedHeadProtocol,
                    ws="none",
                    lifespan="off",
                    access_log=False,
                    log_config=None,
                    server_header=False,
                    proxy_headers=True,
                    forwarded_allow_ips=[str(network) for network in config.proxies],
                    timeout_graceful_shutdown=_WEB_GRACE_SECONDS,
                )
            )
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            await stop.wait()
            await platform.listener.close()  # so that those who wait for mail hear that they should ask elsewhere
            server.should_exit = True
            await serving

    uvloop.run(_until_told(main))


def _operator(config: Config) -> Operator:
    terms = papers.read(config.terms.read_text("utf-8", "replace")) if config.terms else None
    return Operator(security_contact=config.security_contact, terms=terms)


def _make_ready_for_links(store: BlobStore) -> None:
    """The first link loads boto3: a quarter of a second for which all other requests would wait."""
    if store.presigns:
        with suppress(Unavailable):  # whatever is wrong is told when it matters, and by `restante check`
            store.presigned_url("first/link", filename="", content_type="text/plain", expires_in=1)


def run_smtp(config: Config, dsn: str, listener: socket.socket, *, shard: int) -> None:
    """Take mail on the socket until SIGTERM."""
    logs.configure(role="smtp", folder=config.log_dir)
    open_files.allow_many()
    suffixes.load()
    settings = SmtpSettings(
        hostname=config.hostname,
        max_message_size=config.max_message_size,
        timeout=config.smtp_timeout,
        max_connections=config.smtp_connections,
        is_proxied=config.proxy_protocol,
    )

    _collect_seldom()

    async def main(stop: asyncio.Event) -> None:
        async with open_platform(config, dsn, shard=shard) as platform:
            await smtp_server.serve(platform, settings, _network_limits(), listener, smtp_context(config), stop)

    uvloop.run(_until_told(main))


def _collect_seldom() -> None:
    """Messages make many objects and no cycles to speak of; collecting every 700 of them costs a tenth of the time."""
    gc.set_threshold(20_000, 50, 50)


def _network_limits() -> NetworkLimits:
    """Generous to a sender, its rack and its provider's block; a flood from one of them stops at its own border."""
    return NetworkLimits(
        NetworkLimit(open=50, per_minute=600),
        NetworkLimit(open=200, per_minute=2400),
        NetworkLimit(open=400, per_minute=9600),
    )


def run_worker(config: Config, dsn: str) -> None:
    """Do the jobs until SIGTERM."""
    logs.configure(role="worker", folder=config.log_dir)

    async def main(stop: asyncio.Event) -> None:
        async with open_platform(config, dsn) as platform:
            await work(platform, _direct(config, dsn), stop)

    uvloop.run(_until_told(main))


def smtp_context(config: Config) -> ssl.SSLContext:
    """TLS with the operator's certificate, else with one made for development. Raises Invalid."""
    if config.tls_certificate is not None and config.tls_key is not None:
        certificate, key = config.tls_certificate, config.tls_key
    else:
        certificate, key = smtp_tls.self_signed(config.data_dir, config.hostname)
    try:
        return smtp_tls.context(certificate, key)
    except (OSError, ssl.SSLError) as error:
        detail = "should be PEM files, a certificate chain and its private key"
        raise Invalid(f"RESTANTE_TLS_CERT and RESTANTE_TLS_KEY {detail}.", code="bad_certificate") from error


async def _until_told(main: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Run `main` with an event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await main(stop)


def ensure_data_dir(path: Path) -> None:
    """Make the data directory (mode 0711: the embedded database's own user has to pass through). Raises Invalid."""
    try:
        path.mkdir(mode=0o711, parents=True, exist_ok=True)
    except OSError as error:
        raise Invalid(f"RESTANTE_DATA_DIR {path} cannot be made: {error.strerror}.", code="bad_data_dir") from error
