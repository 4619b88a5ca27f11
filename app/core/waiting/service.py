"""Waiting for a message: what is there already and fits is found at once, else the first that arrives."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

import msgspec

from app.core.aliases import service as aliases
from app.core.auth.model import WHOLE, Actor
from app.core.auth.reach import service as reach
from app.core.messages import service as messages
from app.core.messages import words
from app.core.messages.folding import fold
from app.core.messages.model import Filters, MessageLine, OpenMessage
from app.core.messages.rendition import readable
from app.core.platform import Platform
from app.core.rules import senders
from app.core.waiting.codes import code_of
from app.core.waiting.links import links_of
from app.core.waiting.model import FOLDERS, Found, Wanted
from app.core.waiting.positions import Position
from app.core.waiting.shared import Shared
from app.core.waiting.waiter import Waiter
from app.core.waiting.watch import Watch
from app.errors import Invalid, NotFound
from app.lib.aside import aside
from app.lib.db import Conn
from app.lib.ids import parse_id

MAX_SECONDS = 300
MAX_SUBJECT_CHARS = 500
_SLOWNESS = 4
"""Looking for codes and links takes as long as other work on so many times as many bytes."""


async def wanted_of(conn: Conn, actor: Actor, *, alias: str | None, sender: str | None, subject: str | None) -> Wanted:
    """What is asked for in words: an alias by its address or id, a sender by address or domain, words of the subject.

    Raises NotFound for an alias that the actor does not see, Invalid for a sender that is none, and for a subject
    without words or longer than 500 characters.
    """
    asked: tuple[str, ...] = ()
    if subject is not None:
        parts = [part for word in words.folded_words(fold(subject[:MAX_SUBJECT_CHARS])) for part in words.pairs(word)]
        if not parts or len(subject) > MAX_SUBJECT_CHARS:
            raise Invalid.field("subject", f"Give some words of the subject, at most {MAX_SUBJECT_CHARS} characters.")
        asked = tuple(dict.fromkeys(parts))
    found = None if sender is None else _sender(sender)
    alias_id = actor.reach.alias_id if alias is None else await alias_of(conn, actor, alias)
    return Wanted(alias_id=alias_id, sender=found, subject=asked)


async def alias_of(conn: Conn, actor: Actor, text: str) -> UUID:
    """The id of an alias by its address or id. Raises NotFound."""
    alias_id = parse_id(text)
    if alias_id is None:
        alias_id = await aliases.find(conn, actor.account_id, text)
    elif alias_id not in await aliases.addresses_of(conn, actor.account_id, [alias_id]):
        alias_id = None
    if alias_id is None:
        raise NotFound("There is no such alias.")
    await reach.assert_holds(conn, actor, "alias", alias_id)
    return alias_id


def _sender(text: str) -> str:
    try:
        return senders.subject(text).text
    except Invalid as error:
        raise Invalid.field("from", error.detail) from None


class Waiting:
    """Waiting in one process; what several wait for is opened once."""

    def __init__(self, platform: Platform, watch: Watch) -> None:
        self._platform = platform
        self._watch = watch
        self._lines: Shared[tuple[UUID, UUID], MessageLine] = Shared()
        self._found: Shared[tuple[UUID, UUID], Found] = Shared()

    async def wait(
        self, actor: Actor, wanted: Wanted, position: Position | None, *, seconds: float, now: datetime
    ) -> tuple[Found, Position] | None:
        """The first message after the position (None: of those that arrive from `now` on), the oldest of several, and
        where to go on; None when there is none in so many seconds (0: when none is there).

        Raises LimitReached when too many wait, Unavailable, Unauthenticated once the key no longer counts, CannotOpen.
        """

        async def page(after: UUID, limit: int) -> Sequence[MessageLine]:
            return await self._page(actor, wanted, after, limit)

        async def line(message_id: UUID) -> MessageLine:
            return await self._lines.get((actor.account_id, message_id), lambda: self._line(actor, message_id))

        waiter = Waiter(actor, wanted, position, now=now, page=page, line=line)
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + seconds
        with self._watch.follow(actor, "wait", waiter.hear) as seat:
            await seat.until_ended(self._watch.ready())
            while (first := await seat.until_ended(waiter.run(max(0.0, ends_at - loop.time())))) is not None:
                try:
                    found = await self._found.get(
                        (actor.account_id, first.message_id), partial(self._open, actor, first)
                    )
                except NotFound:
                    waiter.pass_over(first.message_id)
                else:
                    return found, waiter.next_position(first.message_id)
        return None

    async def _page(self, actor: Actor, wanted: Wanted, after: UUID, limit: int) -> Sequence[MessageLine]:
        filters = Filters(alias_id=wanted.alias_id)
        async with self._platform.db.connection() as conn:
            found = await messages.page(
                conn, actor, folder=FOLDERS, before=None, after=after, limit=limit, filters=filters
            )
        return found[::-1]

    async def _line(self, actor: Actor, message_id: UUID) -> MessageLine:
        """Whatever part of the account the actor sees: others share it, and each looks whether it is meant for him."""
        async with self._platform.db.connection() as conn:
            return await messages.line(conn, msgspec.structs.replace(actor, reach=WHOLE), message_id)

    async def _open(self, actor: Actor, line: MessageLine) -> Found:
        opened = await messages.open_messages(self._platform, actor, [line])
        if not opened:
            raise NotFound("The message is damaged, or was deleted at this moment.")
        size = len(opened[0].text or "") + len(opened[0].html or "")
        return await aside(size * _SLOWNESS, _searched, opened[0])


def _searched(opened: OpenMessage) -> Found:
    """With its links and its code; the code of the HTML where the text has none."""
    subject, text, markup = opened.line.summary.subject, opened.text, opened.html
    code = code_of(subject, text) if text and text.strip() else None
    if code is None:
        code = code_of(subject, readable(markup) if markup else "")
    return Found(opened=opened, links=tuple(links_of(markup, text)), code=code)
