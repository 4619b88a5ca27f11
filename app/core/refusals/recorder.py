"""Writes refusals down, many in one transaction when many come, and counts the hits of the rules that decided.

A refusal happens whether or not it could be written down; and a crash may cost the last moments' records, as nothing
waits for the disk here.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from app.core.events.fullness import note as note_fullness
from app.core.events.model import DUE, NewEvent
from app.core.events.payloads import seal_payload
from app.core.events.queries import insert_events
from app.core.refusals import queries
from app.core.refusals.model import NewRefusal, Refusal, Rest, SealedRefusal
from app.core.refusals.resources import refusal_resource
from app.core.refusals.service import PURPOSE
from app.errors import Unavailable
from app.lib.db import Database
from app.lib.ids import first_id_at, made_at, new_id
from app.lib.logs import error_fields, logger
from app.lib.times import utc_now
from app.lib.wakeups import Announcer
from app.vault import seal

MOST_OF_ALIAS = 100
"""Refusals of one alias and day that are written down one by one, about 150 kB; the rest of the day is counted."""
MOST_OF_ACCOUNT = 2000
"""The same of all its aliases together, about 3 MB. A few more may be written where several processes write."""
_MAX_WAITING = 5000
_MAX_BATCH = 500
_MOST_REMEMBERED = 10_000
_IN_THREAD_FROM = 8
"""Seals of 0.14 ms each, which would keep other connections waiting."""

Place = tuple[UUID, UUID]
"""Account and alias."""
_encode = msgspec.msgpack.Encoder().encode


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """A rule has decided."""

    account_id: UUID
    rule_id: UUID


class _Batch(msgspec.Struct, kw_only=True):
    """What waits to be written, and who waits for it."""

    refusals: list[NewRefusal]
    hits: list[Hit]
    done: asyncio.Future[None]


class Recorder:
    """Of one process. While one transaction commits, what comes gathers for the next."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._announcer = Announcer(db)
        self._next: _Batch | None = None
        self._task: asyncio.Task[None] | None = None
        self._full: dict[UUID | Place, int] = {}
        """Accounts and aliases with as many as are written down in a day, and that day."""

    async def record(self, refusals: Sequence[NewRefusal]) -> None:
        """Return once they are written, or could not be. Never raises."""
        if not refusals:
            return
        hits = [Hit(account_id=one.account_id, rule_id=one.rule_id) for one in refusals if one.rule_id is not None]
        done = self._gather(refusals, hits)
        if done is not None:
            await asyncio.shield(done)

    def count(self, hits: Sequence[Hit]) -> None:
        """Count hits of rules that let mail in, soon; nobody waits for it."""
        if hits:
            self._gather((), hits)

    async def close(self) -> None:
        """Wait until everything that was handed over is written."""
        while self._task is not None:
            await self._task
        await self._announcer.close()

    def _gather(self, refusals: Sequence[NewRefusal], hits: Sequence[Hit]) -> asyncio.Future[None] | None:
        if self._next is None:
            self._next = _Batch(refusals=[], hits=[], done=asyncio.get_running_loop().create_future())
        batch = self._next
        if len(batch.refusals) + len(batch.hits) >= _MAX_WAITING:
            _tell_lost(refusals, None)
            return None
        batch.refusals += refusals
        batch.hits += hits
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        return batch.done

    async def _run(self) -> None:
        try:
            while (batch := self._next) is not None:
                self._next = None
                for at in range(0, max(len(batch.refusals), 1), _MAX_BATCH):
                    await self._write(batch.refusals[at : at + _MAX_BATCH], [] if at else batch.hits)
                batch.done.set_result(None)
        finally:
            self._task = None

    async def _write(self, refusals: Sequence[NewRefusal], hits: Sequence[Hit]) -> None:
        """In one transaction; if that fails for another reason than the database, each refusal in one of its own: an
        alias may have been deleted meanwhile.
        """
        try:
            await self._commit(refusals, hits)
        except Exception as error:  # noqa: BLE001 - a refusal that cannot be recorded must not stop the next
            is_database = isinstance(error, Unavailable) and error.code != "deadlock"
            if is_database or len(refusals) + bool(hits) <= 1:
                _tell_lost(refusals, error)
                return
            if hits:
                await self._write([], hits)
            for one in refusals:
                await self._write([one], [])

    async def _commit(self, refusals: Sequence[NewRefusal], hits: Sequence[Hit]) -> None:
        now = utc_now()
        single, rest = await self._divide(refusals, now) if refusals else ([], [])
        in_thread = len(single) >= _IN_THREAD_FROM
        rows, told = await asyncio.to_thread(_sealed, single, now) if in_thread else _sealed(single, now)
        full = {one.account_id: one.fullness for one in refusals if one.fullness is not None}
        async with self._db.pipelined_transaction() as conn:
            await queries.wait_for_no_disk(conn)
            if rows:
                await queries.insert_refusals(conn, rows, day=now.date())
            if rest:
                await queries.add_rests(conn, rest, day=now.date())
            if hits:
                counts = Counter((hit.account_id, hit.rule_id) for hit in hits)
                await queries.add_hits(conn, counts, day=now.date())
            if told:
                await insert_events(conn, told)
            for account_id, fullness in sorted(full.items()):
                await note_fullness(conn, account_id, fullness, now=now)
        if told or full:
            self._announcer.announce("webhooks", [DUE])

    async def _divide(self, refusals: Sequence[NewRefusal], now: datetime) -> tuple[list[NewRefusal], list[Rest]]:
        """Those that are written down one by one, and the others counted."""
        day = now.toordinal()
        places = {(one.account_id, one.alias_id) for one in refusals}
        asked = [place for place in sorted(places) if not self._is_full(place, day)]
        written = await self._written(asked, now) if asked else {}
        of_alias = Counter({place: one for place, (one, _) in written.items()})
        of_account = Counter({place[0]: both for place, (_, both) in written.items()})
        single: list[NewRefusal] = []
        rest: Counter[tuple[UUID, UUID, int, str]] = Counter()
        for one in refusals:
            place = (one.account_id, one.alias_id)
            if place in written and of_alias[place] < MOST_OF_ALIAS and of_account[place[0]] < MOST_OF_ACCOUNT:
                of_alias[place] += 1
                of_account[place[0]] += 1
                single.append(one)
            else:
                rest[*place, one.code, one.reason] += 1
        self._remember((place for place, count in of_alias.items() if count >= MOST_OF_ALIAS), day)
        self._remember((account for account, count in of_account.items() if count >= MOST_OF_ACCOUNT), day)
        return single, [
            Rest(account_id=account, alias_id=alias, code=code, reason=reason, refusal_id=new_id(), count=count)
            for (account, alias, code, reason), count in sorted(rest.items())
        ]

    async def _written(self, places: Sequence[Place], now: datetime) -> dict[Place, tuple[int, int]]:
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        async with self._db.connection() as conn:
            found = await queries.counts_of_day(
                conn, places, first=first_id_at(midnight), of_alias=MOST_OF_ALIAS, of_account=MOST_OF_ACCOUNT
            )
        return dict(found)

    def _is_full(self, place: Place, day: int) -> bool:
        return self._full.get(place) == day or self._full.get(place[0]) == day

    def _remember(self, full: Iterable[UUID | Place], day: int) -> None:
        if len(self._full) > _MOST_REMEMBERED:
            self._full.clear()
        self._full |= dict.fromkeys(full, day)


def _sealed(refusals: Sequence[NewRefusal], now: datetime) -> tuple[list[SealedRefusal], list[NewEvent]]:
    """The refusals as they are stored, and the events of those that webhooks are told of."""
    rows, events = [], []
    for one in refusals:
        refusal_id = new_id()
        details = seal.seal_received(
            one.public_key,
            account_id=one.account_id,
            purpose=PURPOSE,
            row_id=refusal_id,
            plaintext=_encode(one.details),
        )
        rows.append(
            SealedRefusal(
                account_id=one.account_id,
                refusal_id=refusal_id,
                alias_id=one.alias_id,
                code=one.code,
                reason=one.reason,
                details=details,
            )
        )
        if one.outbox_key is not None:
            events.append(_event(one, refusal_id, one.outbox_key, now))
    return rows, events


def _event(one: NewRefusal, refusal_id: UUID, outbox_key: bytes, now: datetime) -> NewEvent:
    refusal = Refusal(
        refusal_id=refusal_id,
        alias_id=one.alias_id,
        alias_address=one.alias_address,
        refused_at=made_at(refusal_id),
        code=one.code,
        reason=one.reason,
        details=one.details,
        count=1,
    )
    return NewEvent(
        account_id=one.account_id,
        event_id=refusal_id,
        type="message.refused",
        alias_id=one.alias_id,
        subject_id=refusal_id,
        occurred_at=now,
        payload=seal_payload(outbox_key, one.account_id, refusal_id, refusal_resource(refusal)),
    )


def _tell_lost(refusals: Sequence[NewRefusal], error: Exception | None) -> None:
    fields = {} if error is None else error_fields(error)
    reasons: list[str] = [one.reason for one in refusals]
    for reason, count in Counter(reasons or ["hits"]).items():
        logger().warning("refusals_not_recorded", reason=reason, count=count, **fields)
