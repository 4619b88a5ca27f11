"""The passages of messages that a search found, for those whose lines would not show why: taken from the sealed text.

Opening a message costs about a millisecond, so this is bounded in every way; what it leaves out shows its snippet.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from time import monotonic
from uuid import UUID

from app.core.auth.model import Actor
from app.core.messages import read, receive
from app.core.messages import service as messages
from app.core.messages.model import MessageLine, Summary
from app.core.messages.objects import StoredCuts
from app.core.platform import Platform
from app.core.search import queries
from app.core.search.hits import Hits
from app.core.search.model import Found
from app.errors import CannotOpen, Unavailable
from app.lib.aside import aside

MAX_OPENED = 50
MAX_SEALED_BYTES = 128 * 1024
"""Of one message's source: it is compressed, so that is far more than most texts."""
MAX_BYTES = 2 * 1024 * 1024
"""Of all skeletons opened for one page."""
MOST_SECONDS, LEAST_SECONDS = 0.025, 0.005
"""After which no other message is opened."""
_SECONDS_OF_BOTH = 0.06
"""For finding messages and their passages: the longer the one took, the less the other may."""


async def passages(
    platform: Platform, actor: Actor, hits: Hits, found: Found, *, seconds: float | None = None
) -> Mapping[UUID, str]:
    """By message, what to show instead of the snippet: the part of the text where the words stand.

    Only of messages whose sender, subject and snippet lack a word of the search, and that can be opened.
    """
    unclear = [line for line in found.lines if not hits.is_shown(*_shown(line.summary))][:MAX_OPENED]
    if not unclear:
        return {}
    async with platform.db.connection() as conn:
        sealed = await queries.small_sources(
            conn, actor.account_id, [line.message_id for line in unclear], max_bytes=MAX_SEALED_BYTES
        )
    texts: dict[UUID, str] = {}
    if seconds is None:
        seconds = max(LEAST_SECONDS, min(MOST_SECONDS, _SECONDS_OF_BOTH - found.seconds))
    left, end = MAX_BYTES, monotonic() + seconds
    for line in unclear:
        source = sealed.get(line.message_id)
        if source is None or left <= 0 or monotonic() > end:
            continue
        try:
            opened, reading = await aside(len(source), _read, platform, actor, line, source)
        except CannotOpen:
            continue
        left -= len(opened.skeleton)
        passage = await _passage(reading, _NoObjects(platform.blobs, actor.account_id, line.summary.layout), hits)
        await asyncio.sleep(0)  # others' requests go on between two messages
        if passage is not None:
            texts[line.message_id] = passage
    return texts


def _shown(summary: Summary) -> tuple[str, ...]:
    sender = (summary.sender.name, summary.sender.address) if summary.sender else ()
    return (*sender, summary.subject, summary.snippet)


def _read(platform: Platform, actor: Actor, line: MessageLine, source: bytes) -> tuple[messages.Opened, read.Reading]:
    opened = messages.unseal(platform, actor.account_id, line, source)
    return opened, read.read(opened.skeleton, line.summary.layout)


async def _passage(reading: read.Reading, cuts: StoredCuts, hits: Hits) -> str | None:
    try:
        body = await receive.body_text(reading, cuts)
    except Unavailable:
        return None
    return await aside(len(body), hits.passage, body)


class _NoObjects(StoredCuts):
    """The object store is not asked for the sake of one line: texts that were cut out show their snippet."""

    def open(self, ordinal: int) -> AsyncIterator[bytes]:
        raise Unavailable(f"Cut {ordinal} is not read here.")
