"""Finds an account's messages: newest first, a page by key, phrases made sure of on the opened messages."""

import time
from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

import msgspec

from app.core.accounts import service as accounts
from app.core.auth.model import Actor
from app.core.auth.reach import queries as reach_queries
from app.core.messages import marks, receive, words
from app.core.messages import queries as message_queries
from app.core.messages import service as messages
from app.core.messages.folding import fold
from app.core.messages.model import Folder, MessageLine
from app.core.platform import Platform
from app.core.search import queries
from app.core.search.conditions import Conditions, Phrase, conditions, phrases
from app.core.search.model import Found, Query, Term
from app.errors import CannotOpen
from app.lib.db import Conn
from app.lib.ids import first_id_at

MAX_PAGE = 100
MAX_OPENED = 200
"""Messages opened for one page of a search for phrases; what is not reached by then is on the next."""

_OPENED_AT_ONCE = 40
_WINDOW = 250
"""Newest messages looked at first. Words that every fifth message has fill a page from them."""
_WINDOW_OF_FEW = 1000
"""Looked at where flags, folders or aliases may leave few messages, however common the words."""
_SPAN_MESSAGES = 20_000
"""Messages in one span of time, on average: the index of tokens gives those of one in no order, to be sorted."""
_SPAN_OF_ANY = 2000
"""The same where there are only words that messages must not have, so that the tokens of all of them are compared."""
_MOST_SPANS = 8
_FEW = 4000
"""Messages with the tokens asked for, up to which those of many spans are fetched at once."""
_QUICK_SECONDS = 0.015
"""A step that takes less is followed by one four times as long."""
_PATIENCE_SECONDS = 0.03
"""Time after which a page is given as it is, and the rest left to the next page."""


class _Reached(msgspec.Struct, frozen=True, kw_only=True):
    """What was found, newest first. `until`: messages from there on were all looked at; None when all were."""

    ids: list[UUID]
    until: UUID | None


async def page(
    platform: Platform,
    conn: Conn,
    actor: Actor,
    query: Query,
    *,
    before: UUID | None,
    limit: int,
    folder: Folder | None = None,
) -> Found:
    """The messages that fulfil the query, newest first, those received before `before`; at most 100.

    Without a folder, given or asked for, spam, trash and what is held are left out. `conn` is in a transaction.
    Raises CannotOpen, Unavailable.
    """
    begun = time.monotonic()
    wanted = await _conditions(platform, conn, actor, query, folder)
    found = await _page(platform, conn, actor, query, wanted, before=before, limit=min(limit, MAX_PAGE))
    return msgspec.structs.replace(found, seconds=time.monotonic() - begun)


async def _page(
    platform: Platform,
    conn: Conn,
    actor: Actor,
    query: Query,
    wanted: Conditions,
    *,
    before: UUID | None,
    limit: int,
) -> Found:
    if wanted.is_impossible():
        return Found(lines=[], older=None)
    await queries.prefer_indexes(conn)
    to_check = phrases(query)
    if to_check:
        return await _checked_page(platform, conn, actor, wanted, to_check, before=before, limit=limit)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    reached = await _newest(conn, actor.account_id, wanted, before=before, limit=limit + 1, deadline=deadline)
    lines = await _lines(conn, actor, reached.ids[:limit])
    return Found(lines=lines, older=reached.ids[limit - 1] if len(reached.ids) > limit else reached.until)


async def _conditions(platform: Platform, conn: Conn, actor: Actor, query: Query, folder: Folder | None) -> Conditions:
    key = await accounts.index_key(conn, platform.instance, actor.account_id)
    aliases = [(term, await _alias_ids(conn, actor.account_id, term)) for term in query.terms if term.field == "alias"]
    within = await _within(conn, actor)
    return conditions(query, key, account_id=actor.account_id, aliases=aliases, folder=folder, within=within)


async def _within(conn: Conn, actor: Actor) -> frozenset[UUID] | None:
    """The aliases that a bound key sees; of a domain the newest 10,000. None: all there are."""
    alias_id, domain = actor.reach.alias_id, actor.reach.domain
    if alias_id is not None:
        return frozenset({alias_id})
    if domain is not None:
        return await reach_queries.aliases_on(conn, actor.account_id, domain, limit=queries.MAX_ALIASES)
    return None


async def _alias_ids(conn: Conn, account_id: UUID, term: Term) -> frozenset[UUID]:
    text = fold(term.text).removeprefix("@")
    # No address has what cannot be printed, and Postgres takes neither NUL nor lone surrogates.
    return await queries.alias_ids(conn, account_id, text) if text.isprintable() else frozenset()


async def _newest(
    conn: Conn, account_id: UUID, wanted: Conditions, *, before: UUID | None, limit: int, deadline: float
) -> _Reached:
    """The newest messages that fulfil the conditions, as many as are found in time, and at least a step's.

    Common words are soon met among the newest messages. Then the index of tokens, which knows no order, is asked for
    one span of time after the other: few for words that are still in use, all for those that hardly anybody has.
    """
    if not wanted.groups and not wanted.forbidden:
        rows = await queries.newest_rows(conn, account_id, wanted, before=before, limit=limit)
        return _Reached(ids=rows, until=None)
    ids: list[UUID] = []
    for window in (_WINDOW, _WINDOW_OF_FEW) if wanted.are_rows_few() else (_WINDOW,):
        missing = limit - len(ids)
        ids += await queries.newest_of_window(conn, account_id, wanted, before=before, limit=missing, window=window)
        if len(ids) >= limit:
            return _Reached(ids=ids, until=None)
        before = await queries.end_of_window(conn, account_id, wanted, before=before, window=window)
        if before is None:
            return _Reached(ids=ids, until=None)
        if window == _WINDOW and (wanted.forbidden or wanted.are_rows_few()):
            wanted = await _without_unused(conn, account_id, wanted)
            if not all(wanted.groups):
                return _Reached(ids=ids, until=None)
    return await _by_spans(conn, account_id, wanted, ids, before=before, limit=limit, deadline=deadline)


async def _without_unused(conn: Conn, account_id: UUID, wanted: Conditions) -> Conditions:
    """Without the tokens that no message has, where many messages' tokens will be compared with them.

    A word has some twenty possible stems in all languages, nearly all of them never written.
    """
    groups = [*wanted.groups, *(group for groups in wanted.forbidden for group in groups)]
    in_use = await queries.tokens_in_use(conn, account_id, sorted(frozenset().union(*groups)), window=_WINDOW)
    forbidden = [tuple(group & in_use for group in groups) for groups in wanted.forbidden]
    return msgspec.structs.replace(
        wanted,
        groups=tuple(group & in_use for group in wanted.groups),
        forbidden=tuple(groups for groups in forbidden if all(groups)),
    )


async def _by_spans(
    conn: Conn,
    account_id: UUID,
    wanted: Conditions,
    ids: list[UUID],
    *,
    before: UUID | None,
    limit: int,
    deadline: float,
) -> _Reached:
    """What was found already, and what is found further back, in steps that grow while they are quick."""
    extent = await queries.extent(conn, account_id)
    spans = _spans(extent, wanted.query, before, most=_SPAN_MESSAGES if wanted.groups else _SPAN_OF_ANY)
    count = 1
    while spans:
        begun = time.monotonic()
        step, spans = spans[:count], spans[count:]
        tokens = [marks.span(account_id, bits, number) for bits, number in step]
        missing = limit - len(ids)
        found = None
        if not wanted.forbidden:  # which the index does not know: all others would have to be looked at
            found = await queries.few_of_spans(
                conn, account_id, wanted, spans=tokens, before=before, limit=missing, most=_FEW
            )
        if found is None:
            if wanted.are_rows_few():  # flags are looked up for every message with the words: a span is enough
                spans, step = [*step[1:], *spans], step[:1]
            tokens = tokens[: len(step)]
            found = await queries.newest_of_spans(conn, account_id, wanted, spans=tokens, before=before, limit=missing)
        ids += found
        if len(ids) >= limit:
            break
        now = time.monotonic()
        if spans and now > deadline:
            return _Reached(ids=ids, until=marks.first_id(*step[-1]))
        count = min(_MOST_SPANS, count * 4) if now - begun < _QUICK_SECONDS else max(1, count // 2)
    return _Reached(ids=ids, until=None)


def _spans(extent: queries.Extent, query: Query, before: UUID | None, *, most: int) -> list[tuple[int, int]]:
    """The spans of time from `before` back to the oldest message that can be meant, as (bits, number)."""
    if extent.oldest is None or extent.newest is None:
        return []
    newest = min(extent.newest, before or extent.newest, first_id_at(query.before) if query.before else extent.newest)
    oldest = max(extent.oldest, first_id_at(query.since) if query.since else extent.oldest)
    bits = marks.SPAN_BITS[0]
    for bits in reversed(marks.SPAN_BITS):
        count = 1 + marks.span_number(extent.newest, bits) - marks.span_number(extent.oldest, bits)
        if extent.message_count <= count * most:
            break
    numbers = range(marks.span_number(newest, bits), marks.span_number(oldest, bits) - 1, -1)
    return [(bits, number) for number in numbers]


async def _lines(conn: Conn, actor: Actor, ids: Sequence[UUID]) -> list[MessageLine]:
    rows = await message_queries.messages_of(conn, actor.account_id, ids)
    return await messages.open_rows(conn, actor, rows)


async def _checked_page(
    platform: Platform,
    conn: Conn,
    actor: Actor,
    wanted: Conditions,
    to_check: Sequence[Phrase],
    *,
    before: UUID | None,
    limit: int,
) -> Found:
    """Opens the messages that have the phrases' words, newest first, until the page is full or enough were opened."""
    found: list[MessageLine] = []
    deadline = time.monotonic() + _PATIENCE_SECONDS
    for _ in range(MAX_OPENED // _OPENED_AT_ONCE):
        reached = await _newest(conn, actor.account_id, wanted, before=before, limit=_OPENED_AT_ONCE, deadline=deadline)
        lines = await _lines(conn, actor, reached.ids)
        sealed = await message_queries.sources(conn, actor.account_id, reached.ids)
        for line in lines:
            with suppress(CannotOpen):  # nobody knows what damaged ones say
                if line.message_id in sealed and await _holds(platform, actor, line, sealed[line.message_id], to_check):
                    found.append(line)
            if len(found) > limit:
                return Found(lines=found[:limit], older=found[limit - 1].message_id)
        before = reached.ids[-1] if len(reached.ids) == _OPENED_AT_ONCE else reached.until
        if before is None or time.monotonic() > deadline:
            break
    return Found(lines=found, older=before)


async def _holds(
    platform: Platform, actor: Actor, line: MessageLine, sealed: bytes, to_check: Sequence[Phrase]
) -> bool:
    texts = _summary_texts(line)
    if any(phrase.field == words.ANYWHERE for phrase in to_check):
        opened = messages.unseal(platform, actor.account_id, line, sealed)
        reading = await messages.reading_of(opened)
        body = await receive.body_text(reading, opened.cuts)
        texts[words.ANYWHERE] = [*(text for field in texts.values() for text in field), body]
    joined = {field: "\n".join(_joined(text) for text in texts[field]) for field in {one.field for one in to_check}}
    return all((f" {' '.join(phrase.words)} " in joined[phrase.field]) is not phrase.is_negated for phrase in to_check)


def _summary_texts(line: MessageLine) -> dict[str, list[str]]:
    summary = line.summary
    people = {"from": [summary.sender] if summary.sender else [], "to": [*summary.to, *summary.cc]}
    return {field: [f"{one.name} {one.address}" for one in of_field] for field, of_field in people.items()} | {
        "subject": [summary.subject],
        "filename": [attachment.filename for attachment in summary.attachments],
    }


def _joined(text: str) -> str:
    return f" {' '.join(words.sequence(text))} "
