"""Fills an account with a made-up mailbox: every message goes through the service's own reading, sealing and indexing,
and into its database by COPY, many at once. What SMTP and the committer would add is measured elsewhere.
"""

import asyncio
import multiprocessing
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from email.message import Message
from pathlib import Path
from unittest import mock
from uuid import UUID

import msgspec
import psycopg
import zstandard
from psycopg.types.numeric import Int8
from rich.progress import Progress, TaskID

from app import config as configuration
from app import wiring
from app.core.accounts import service as accounts
from app.core.aliases import service as aliases
from app.core.aliases.address import Address
from app.core.aliases.model import Mailbox
from app.core.messages import marks, receive, shown, words
from app.core.messages.cut import Cutter
from app.core.messages.envelope import Envelope, Recipient
from app.core.messages.model import Correspondent, Delivery, Layout, Summary
from app.core.messages.objects import NewObjects
from app.core.messages.store import Committer
from app.core.platform import Platform
from app.core.threads import refs
from app.lib.db import Bigints
from app.lib.ids import new_id
from app.lib.postgres import running_dsn
from app.lib.times import utc_now
from app.vault import blind, seal
from app.vault.aead import KEY_SIZE
from app.vault.keyring import Keyring, unwrap_index_key
from bench import letters
from bench.letters import Body, Letter, Plan

_SHARD = 31
_TABLES = {
    "messages": "account_id, message_id, alias_id, thread_id, folder, is_read, is_starred, received_at, size, "
    "has_attachments, trashed_at",
    "message_summaries": "account_id, message_id, message_key, summary",
    "message_sources": "account_id, message_id, source",
    "message_tokens": "account_id, message_id, tokens",
    "thread_refs": "account_id, ref, thread_id",
    "blobs": "account_id, blob_id, stored_size, content_digest, locked_key",
    "message_blobs": "account_id, message_id, blob_id",
}
_EMPTY = Summary(
    sender=None,
    to=(),
    cc=(),
    subject="",
    snippet="",
    sent_at=None,
    attachments=(),
    delivered_to="",
    envelope_from="bounce@bench.test",
    tls=("TLSv1.3", "TLS_AES_256_GCM_SHA384"),
    layout=Layout("", (), ()),
)
_encode = msgspec.msgpack.Encoder().encode
_ENVELOPE = Envelope(sender="bounce@bench.test", tls=("TLSv1.3", "TLS_AES_256_GCM_SHA384"))


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """The account that is filled, and how its database is reached."""

    environ: dict[str, str]
    account_id: UUID
    mailboxes: tuple[Mailbox, ...]


class _Collected(Committer):
    """Keeps what would be stored."""

    deliveries: list[Delivery]

    async def store(self, deliveries: Sequence[Delivery]) -> None:
        """Instead of a transaction for a few of them."""
        self.deliveries += deliveries


class _Clock:
    """Ids of the times that letters came, the same on every run."""

    def __init__(self) -> None:
        self._last = 0
        self.now = datetime.now(UTC)

    def new_id(self) -> UUID:
        """As `app.lib.ids.new_id`, but of `now`."""
        milliseconds = int(self.now.timestamp() * 1000)
        least = milliseconds << 80 | 0x7 << 76 | 0b10 << 62
        # The counter's and the random bits count upwards where two letters come in one millisecond.
        self._last = max(least, self._last + 1)
        return UUID(int=self._last)


async def prepare(environ: Mapping[str, str], login: str) -> Target:
    """The account with all the aliases of a made-up mailbox."""
    config = _config(environ)
    async with wiring.open_platform(config, _dsn(config)) as platform, platform.db.transaction() as conn:
        account = await accounts.find(conn, login)
        found = []
        for number in range(letters.SITES + letters.PEOPLE):
            address = Address(letters.alias_name(number), config.mail_domains[0])
            await aliases.claim_unattended(conn, account.account_id, address, new_id(), reason="service", now=utc_now())
            mailbox = await aliases.mailbox(conn, address)
            assert mailbox is not None
            found.append(mailbox)
    return Target(environ=dict(environ), account_id=account.account_id, mailboxes=tuple(found))


def fill(target: Target, plan: Plan, progress: Progress, task: TaskID) -> None:
    """Put the whole plan into the account. Indexes are made afterwards where the database was empty."""
    config = _config(target.environ)
    context = multiprocessing.get_context("spawn")
    jobs = [(target, plan, number) for number in range(plan.chunks)]
    with (
        psycopg.connect(_dsn(config), autocommit=True) as conn,
        _without_indexes(conn, progress),
        context.Pool(min(os.cpu_count() or 1, plan.chunks)) as pool,
    ):
        for count in pool.imap_unordered(_fill_chunk, jobs):
            progress.advance(task, count)
    with psycopg.connect(_dsn(config), autocommit=True) as conn:
        conn.execute("VACUUM (ANALYZE)")


@contextmanager
def _without_indexes(conn: psycopg.Connection, progress: Progress) -> Iterator[None]:
    """Where nothing is stored yet, take the indexes away and make them again at the end: that is much faster."""
    if conn.execute("SELECT 1 FROM messages LIMIT 1").fetchone():
        yield
        return
    rows = conn.execute(
        """SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
           WHERE NOT indisunique AND indrelid = ANY(%s::regclass[])""",
        (list(_TABLES),),
    ).fetchall()
    for name, _ in rows:
        conn.execute(f"DROP INDEX {name}")
    try:
        yield
    finally:
        conn.execute("SELECT set_config('maintenance_work_mem', '1GB', false)")
        task = progress.add_task("indexes", total=len(rows))
        for _, definition in rows:
            conn.execute(definition)
            progress.advance(task)


def _fill_chunk(job: tuple[Target, Plan, int]) -> int:
    """In a process of its own: one chunk, in one transaction."""
    target, plan, number = job
    return asyncio.run(_filled(target, letters.chunk(plan, number)))


async def _filled(target: Target, made: Sequence[Letter]) -> int:
    config = _config(target.environ)
    async with wiring.open_platform(config, _dsn(config)) as platform:
        async with platform.db.connection() as conn:
            account = await accounts.get(conn, target.account_id)
            keyring = await accounts.open_keyring(conn, platform.instance, account)
        deliveries = await _received(platform, keyring, target, made)
    rows = _rows(target.account_id, list(zip(made, deliveries, strict=True)))
    with psycopg.connect(_dsn(config)) as copying:
        copying.execute("SET LOCAL synchronous_commit = off")
        for table, columns in _TABLES.items():
            with copying.cursor().copy(f"COPY {table} ({columns}) FROM STDIN (FORMAT BINARY)") as copy:
                for row in rows[table]:
                    copy.write_row(row)
        _count(copying, target.account_id, deliveries)
    return len(made)


async def _received(platform: Platform, keyring: Keyring, target: Target, made: Sequence[Letter]) -> list[Delivery]:
    """What is stored of each letter. Those with files go all the way that mail goes."""
    press, whole, clock = _Press(platform, keyring, target), _Collected(platform.db, shard=_SHARD), _Clock()
    whole.deliveries = []
    with mock.patch.object(receive, "new_id", clock.new_id):
        for letter in made:
            clock.now = letter.received_at
            if letter.body.has_file:
                await _receive(platform, whole, target, letter)
            else:
                whole.deliveries.append(press.delivery(letter, clock.new_id()))
    return whole.deliveries


async def _receive(platform: Platform, committer: Committer, target: Target, letter: Letter) -> None:
    objects = NewObjects(platform.blobs, target.account_id, is_sealed=True)
    cutter = Cutter(objects.open)
    await cutter.write(letter.raw)
    recipient = Recipient(address=_address(letter), mailbox=target.mailboxes[letter.alias])
    cut = await cutter.finish()
    await receive.receive(platform, committer, _ENVELOPE, [recipient], cut, objects, now=letter.received_at)


def _address(letter: Letter) -> str:
    return f"{letters.alias_name(letter.alias)}@bench.test"


class _Press:
    """Makes of letters what receiving makes of them, but the words of a body once for all letters that share it, and
    without reading what was just written.
    """

    def __init__(self, platform: Platform, keyring: Keyring, target: Target) -> None:
        self._keyring = keyring
        self._account_id = target.account_id
        self._mailboxes = target.mailboxes
        self._index_key = unwrap_index_key(platform.instance, target.account_id, target.mailboxes[0].index_key)
        self._tokens: dict[Body, list[int]] = {}
        self._compress = zstandard.ZstdCompressor(level=3).compress

    def delivery(self, letter: Letter, message_id: UUID) -> Delivery:
        raw, summary = letter.raw, _summary(letter)
        header = Message()
        header["Message-ID"] = letter.message_id
        if letter.references:
            header["References"] = " ".join(letter.references)
        ties = refs.of_message(header, letter.subject)
        tokens = self._of_words(words.of_message(summary, letter.own)) | {
            blind.token(self._index_key, "begun by", f"{letter.sender[1]}\n{ties.subject}")
        }
        message_key = os.urandom(KEY_SIZE)
        ids = (self._account_id, message_id)
        key = seal.rewrap_message_key(
            self._keyring, account_id=self._account_id, message_id=message_id, message_key=message_key
        )
        return Delivery(
            account_id=self._account_id,
            message_id=message_id,
            alias_id=self._mailboxes[letter.alias].alias_id,
            received_at=letter.received_at,
            size=len(raw),
            has_attachments=False,
            message_key=key,
            summary=_sealed("summary", message_key, ids, _encode(summary)),
            source=_sealed("source", message_key, ids, self._compress(raw)),
            tokens=[*tokens.union(self._of_body(letter.body)), *marks.of_message(*ids, len(raw))],
            refs=[blind.digest(self._index_key, one.encode()) for one in ties.ids],
            subject_token=None,
            blobs=(),
            new_blobs=(),
        )

    def _of_body(self, body: Body) -> list[int]:
        if body not in self._tokens:
            self._tokens[body] = [*self._of_words(words.of_message(_EMPTY, body.text))]
        return self._tokens[body]

    def _of_words(self, found: dict[str, list[str]]) -> set[int]:
        return set(blind.tokens(self._index_key, found))


def _summary(letter: Letter) -> Summary:
    return msgspec.structs.replace(
        _EMPTY,
        sender=Correspondent(*letter.sender),
        to=(Correspondent("", _address(letter)),),
        subject=letter.subject,
        snippet=shown.snippet(letter.body.text),
        sent_at=letter.received_at,
        delivered_to=_address(letter),
    )


def _sealed(part: str, message_key: bytes, ids: tuple[UUID, UUID], plaintext: bytes) -> bytes:
    """As `seal.seal_message` does, less the sealing of the key to the account, which is as if it had been opened."""
    return seal._seal_part(part, message_key, *ids, plaintext)  # noqa: SLF001


def _rows(account_id: UUID, stored: Sequence[tuple[Letter, Delivery]]) -> dict[str, list[tuple[object, ...]]]:
    """The rows of every table. A thread is known by its first message."""
    threads: dict[int, UUID] = {}
    refs_of: dict[bytes, UUID] = {}
    digests: set[bytes | None] = set()
    rows: dict[str, list[tuple[object, ...]]] = {table: [] for table in _TABLES}
    for letter, one in stored:
        ids = (account_id, one.message_id)
        thread_id = threads.setdefault(letter.thread, one.message_id)
        for ref in one.refs:
            refs_of.setdefault(ref, thread_id)
        # As if thrown away today: the worker empties the trash of what is older than thirty days.
        trashed_at = utc_now() if letter.folder == "trash" else None
        rows["messages"].append(
            (
                *(*ids, one.alias_id, thread_id, letter.folder, letter.is_read, letter.is_starred),
                *(one.received_at, Int8(one.size), one.has_attachments, trashed_at),
            )
        )
        rows["message_summaries"].append((*ids, one.message_key, one.summary))
        rows["message_sources"].append((*ids, one.source))
        rows["message_tokens"].append((*ids, Bigints(one.tokens)))
        for blob in one.new_blobs:
            # What came twice within the chunk is kept twice, as when two processes store it at once.
            is_first = blob.content_digest not in digests
            digests.add(blob.content_digest)
            content = (blob.content_digest, blob.locked_key) if is_first else (None, None)
            rows["blobs"].append((account_id, blob.blob_id, Int8(blob.stored_size), *content))
        rows["message_blobs"] += [(*ids, blob_id) for blob_id in one.blobs]
    rows["thread_refs"] = [(account_id, ref, thread_id) for ref, thread_id in refs_of.items()]
    return rows


def _count(conn: psycopg.Connection, account_id: UUID, deliveries: Sequence[Delivery]) -> None:
    """The counters; in one order, so that two processes never wait for each other in a circle."""
    size = sum(len(one.source) + sum(blob.stored_size for blob in one.new_blobs) for one in deliveries)
    conn.execute(
        """INSERT INTO account_usage AS u VALUES (%s, %s, %s, %s) ON CONFLICT (account_id, shard) DO UPDATE
           SET message_count = u.message_count + excluded.message_count,
               stored_bytes = u.stored_bytes + excluded.stored_bytes""",
        (account_id, _SHARD, len(deliveries), size),
    )
    newest = max(one.received_at for one in deliveries).date()
    for alias_id, count in sorted(Counter(one.alias_id for one in deliveries).items()):
        conn.execute(
            """INSERT INTO alias_usage AS u (account_id, alias_id, shard, message_count, received_count,
                                             last_received_on)
               VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (account_id, alias_id, shard)
               DO UPDATE SET message_count = u.message_count + excluded.message_count,
                             received_count = u.received_count + excluded.received_count,
                             last_received_on = greatest(u.last_received_on, excluded.last_received_on)""",
            (account_id, alias_id, _SHARD, count, count, newest),
        )


def _config(environ: Mapping[str, str]) -> configuration.Config:
    return configuration.load(environ, cores=1)


def _dsn(config: configuration.Config) -> str:
    found = config.database_url or running_dsn(Path(config.data_dir) / "postgres")
    assert found is not None, "the service's database does not run"
    return found
