"""What breaks on our side or the peer's: a correct reply, nothing half stored, and the server lives on."""

import asyncio
import base64
import errno
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
import psutil  # type: ignore[import-untyped]
import pytest
from structlog.testing import capture_logs

from app.core.messages.cut import Cutter
from app.core.platform import Platform
from app.lib import db
from app.lib.blobs import local
from app.lib.blobs.faults import unavailable
from app.lib.blobs.local import LocalStore, LocalWriter
from app.lib.db import connect_now
from app.lib.migrate import migrate
from app.lib.postgres import EmbeddedPostgres
from tests.smtp.conftest import Connect, Mx, StartMx, Town

LARGE = b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(os.urandom(3_000_000)).replace(b"\n", b"\r\n")


def reasons(log: Sequence[Mapping[str, object]], event: str) -> list[object]:
    """What the operator reads of why mail was deferred."""
    return [line["reason"] for line in log if line["event"] == event]


class _FullDisk:
    """`os`, or `shutil`, on a disk without room."""

    def __init__(self, module: object) -> None:
        self._module = module

    def __getattr__(self, name: str) -> object:
        return getattr(self._module, name)

    def write(self, _: int, __: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def copyfileobj(self, *_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("module", [os, shutil])
async def test_a_full_disk(
    module: object, mx: Mx, greet: Connect, town: Town, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with platform.db.connection() as conn:
        await conn.execute("UPDATE accounts SET storage_limit = 10000000")
    peer = await greet(mx)
    with monkeypatch.context() as patch:
        # `shutil` fails later: when the first account's objects are copied for the second.
        patch.setattr(local, getattr(module, "__name__", ""), _FullDisk(module))
        await peer.envelope("shop@restante.test", "bob@restante.test")
        with capture_logs() as log:
            await peer.send_all(LARGE + b".\r\n")
            assert (await peer.reply()).code == "452 4.3.1"
        assert reasons(log, "smtp_data_failed") == ["storage_full"]
        assert await town.leftovers() == []
    await peer.envelope("shop@restante.test", "bob@restante.test")
    await peer.send_all(LARGE + b".\r\n")
    assert (await peer.reply()).code == "250 2.6.0"
    assert await town.count() == 2


class _Watched(LocalStore):
    """Tells when a first object is begun, and may be out of reach."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.begun = asyncio.Event()
        self.is_gone = False

    async def open_writer(self, name: str, *, content_type: str = "application/octet-stream") -> LocalWriter:
        if self.is_gone:
            raise unavailable("storage_unreachable")
        self.begun.set()
        return await super().open_writer(name, content_type=content_type)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[_Watched]:
    store = _Watched(tmp_path / "objects")
    yield store
    await store.close()


async def test_the_object_store_is_gone(
    store: _Watched, platform: Platform, start_mx: StartMx, greet: Connect, town: Town
) -> None:
    peer = await greet(await start_mx(msgspec.structs.replace(platform, blobs=store)))
    store.is_gone = True
    await peer.envelope("shop@restante.test")
    with capture_logs() as log:
        await peer.send_all(LARGE + b".\r\n")
        assert (await peer.reply()).code == "451 4.3.0"
    assert reasons(log, "smtp_data_failed") == ["storage_unreachable"]
    assert await town.leftovers() == []
    store.is_gone = False
    await peer.envelope("shop@restante.test")
    await peer.send_all(LARGE + b".\r\n")
    assert (await peer.reply()).code == "250 2.6.0"
    assert await town.sources(town.ada) == [("shop@restante.test", LARGE)]


@pytest.mark.parametrize("how", ["reset", "hang up", "half close"])
async def test_a_client_that_vanishes_leaves_nothing(
    how: str, store: _Watched, platform: Platform, start_mx: StartMx, greet: Connect, town: Town
) -> None:
    mx = await start_mx(msgspec.structs.replace(platform, blobs=store))
    peer = await greet(mx)
    await peer.envelope("shop@restante.test", "bob@restante.test")
    await peer.send_all(LARGE)
    async with asyncio.timeout(30):
        await store.begun.wait()
    if how == "reset":
        peer.reset()
    elif how == "hang up":
        await peer.close()
    else:
        peer.finish()
        assert await peer.rest() == b""
    await mx.end()
    assert await town.leftovers() == []


async def test_a_fault_while_reading_is_temporary_and_not_told(
    mx: Mx, greet: Connect, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_: Cutter) -> None:
        raise ValueError("the subject is: secret")

    peer = await greet(mx)
    with monkeypatch.context() as patch:
        patch.setattr(Cutter, "finish", fail)
        await peer.envelope("shop@restante.test")
        peer.send(b"Subject: secret\r\n.\r\n")
        reply = await peer.reply()
        assert reply.code == "451 4.3.0"
        assert b"secret" not in reply.text
    assert await town.leftovers() == []
    await peer.envelope("shop@restante.test")
    peer.send(b"Subject: secret\r\n.\r\n")
    assert (await peer.reply()).code == "250 2.6.0"


async def test_a_fault_of_one_connection_ends_it_and_no_other(
    mx: Mx, greet: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await greet(mx), await greet(mx)
    with monkeypatch.context() as patch:
        patch.setattr("app.smtp.session.commands.mail", None)
        first.send(b"MAIL FROM:<>\r\n")
        assert (await first.rest()).startswith(b"421 4.3.0 ")
    assert await second.ask("MAIL FROM:<>") == "250 2.1.0"


class TestPostgresIsKilled:
    @pytest.fixture
    def postgres(self) -> Iterator[EmbeddedPostgres]:
        """One of this test's own."""
        folder = Path(tempfile.mkdtemp(prefix="restante-tests-"))
        server = EmbeddedPostgres(folder / "postgres", durable=False)
        server.start()
        yield server
        server.stop()
        shutil.rmtree(folder)

    @pytest.fixture
    def dsn(self, postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch) -> str:
        monkeypatch.setattr(db, "_CONNECT_SECONDS", 1)
        with connect_now(postgres.dsn) as conn:
            migrate(conn)
        return postgres.dsn

    async def test_mail_is_deferred_until_it_is_back(
        self, postgres: EmbeddedPostgres, mx: Mx, greet: Connect, town: Town
    ) -> None:
        peer = await greet(mx)
        await peer.envelope("shop@restante.test")
        await asyncio.to_thread(_kill, postgres)
        with capture_logs() as log:
            peer.send(b"Subject: lost\r\n.\r\n")
            assert (await peer.reply()).code == "451 4.3.0"
            assert await peer.ask("MAIL FROM:<a@b.example>") == "250 2.1.0"
            assert await peer.ask("RCPT TO:<shop@restante.test>") == "451 4.3.0"
        assert reasons(log, "smtp_data_failed") == ["unavailable"]
        assert reasons(log, "smtp_rcpt_failed") == ["unavailable"]
        assert await peer.ask("DATA") == "503 5.5.1"
        await asyncio.to_thread(postgres.start)
        answers = [await peer.ask("RCPT TO:<shop@restante.test>")]
        # The pool may still hand out connections of the killed server: as many as it had.
        while answers[-1] == "451 4.3.0" and len(answers) < 10:
            answers.append(await peer.ask("RCPT TO:<shop@restante.test>"))
        assert answers[-1] == "250 2.1.5"
        assert await peer.ask("DATA") == "354"
        peer.send(b"Subject: kept\r\n.\r\n")
        assert (await peer.reply()).code == "250 2.6.0"
        assert await town.sources(town.ada) == [("shop@restante.test", b"Subject: kept\r\n")]


def _kill(postgres: EmbeddedPostgres) -> None:
    """The postmaster and, so that no commit slips through, its children."""
    assert postgres.pid is not None
    postmaster = psutil.Process(postgres.pid)
    family = [postmaster, *postmaster.children(recursive=True)]
    for process in family:
        process.send_signal(signal.SIGKILL)
    psutil.wait_procs(family[1:])
    assert postgres.process is not None
    postgres.process.wait()
