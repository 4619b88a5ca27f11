"""Finds an account's messages: newest first, a page by key, phrases made sure of on the opened messages."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

import msgspec

from app.core.auth.model import Actor
from app.core.messages import queries as message_queries
from app.core.messages import read, receive, words
from app.core.messages import service as messages
from app.core.messages.folding import fold
from app.core.messages.model import Folder, MessageLine
from app.core.platform import Platform
from app.core.search import queries
from app.core.search.conditions import Conditions, Phrase, conditions, phrases
from app.core.search.model import Found, Query, Term
from app.errors import NotFound
from app.lib.db import Conn
from app.vault.keyring import unwrap_index_key

MAX_PAGE = 100
MAX_OPENED = 200
"""Messages opened for one page of a search for phrases; what is not reached by then is on the next."""

_OPENED_AT_ONCE = 40
_WINDOWS = (250, 4000)
"""Newest messages looked at, before and after unused tokens are left out. Words that every fifth message has fill a
page from the first; those that one in eighty has, from the second.
"""
_MOST_BY_INDEX = 15_000
"""Messages fetched by the index of tokens, which knows no order. Words that more have, in a mailbox of a million, are
met soon enough on the way back; only such as were common long ago, and are no more, take longer.
"""


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

    Without a folder, given or asked for, spam and trash are left out. `conn` is in a transaction. Raises CannotOpen,
    Unavailable.
    """
    limit = min(limit, MAX_PAGE)
    wanted = await _conditions(platform, conn, actor, query, folder)
    if wanted.is_impossible():
        return Found(lines=[], older=None)
    await queries.prefer_indexes(conn)
    to_check = phrases(query)
    if to_check:
        return await _checked_page(platform, conn, actor, wanted, to_check, before=before, limit=limit)
    ids = await _newest(conn, actor.account_id, wanted, before=before, limit=limit + 1)
    lines = await _lines(conn, actor, ids[:limit])
    return Found(lines=lines, older=ids[limit - 1] if len(ids) > limit else None)


async def _conditions(platform: Platform, conn: Conn, actor: Actor, query: Query, folder: Folder | None) -> Conditions:
    wrapped = await queries.index_key(conn, actor.account_id)
    if wrapped is None:
        raise NotFound("There is no such account.")
    aliases = [(term, await _alias_ids(conn, actor.account_id, term)) for term in query.terms if term.field == "alias"]
    key = unwrap_index_key(platform.instance, actor.account_id, wrapped)
    return conditions(query, key, aliases=aliases, folder=folder)


async def _alias_ids(conn: Conn, account_id: UUID, term: Term) -> frozenset[UUID]:
    text = fold(term.text).removeprefix("@")
    # No address has what cannot be printed, and Postgres takes neither NUL nor lone surrogates.
    return await queries.alias_ids(conn, account_id, text) if text.isprintable() else frozenset()


async def _newest(conn: Conn, account_id: UUID, wanted: Conditions, *, before: UUID | None, limit: int) -> list[UUID]:
    """The ids of the newest messages that fulfil the conditions.

    The index of tokens gives messages in no order, so it serves rare words. Common ones are soon met on the way back
    from the newest message. Which is which, the first steps tell: both are bounded, and the last is always right.
    """
    if not wanted.groups:
        return await queries.newest_of_all(conn, account_id, wanted, before=before, limit=limit)
    first, second = _WINDOWS
    found = await queries.newest_of_window(conn, account_id, wanted, before=before, limit=limit, window=first)
    if len(found) >= limit:
        return found
    wanted = await _without_unused(conn, account_id, wanted)
    if not all(wanted.groups):
        return []
    found = await queries.newest_of_window(conn, account_id, wanted, before=before, limit=limit, window=second)
    if len(found) >= limit:
        return found
    by_index = await queries.newest_by_index(conn, account_id, wanted, before=before, limit=limit, most=_MOST_BY_INDEX)
    if by_index is not None:
        return by_index
    return await queries.newest_of_all(conn, account_id, wanted, before=before, limit=limit)


async def _without_unused(conn: Conn, account_id: UUID, wanted: Conditions) -> Conditions:
    """Without the tokens that no message has.

    A word has some twenty possible stems in all languages, nearly all of them never written, and each is compared with
    every token of every message on the way back.
    """
    asked = sorted({token for group in wanted.groups for token in group})
    in_use = await queries.tokens_in_use(conn, account_id, asked, window=_WINDOWS[0])
    return msgspec.structs.replace(wanted, groups=tuple(group & in_use for group in wanted.groups))


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
    for _ in range(MAX_OPENED // _OPENED_AT_ONCE):
        ids = await _newest(conn, actor.account_id, wanted, before=before, limit=_OPENED_AT_ONCE)
        lines = await _lines(conn, actor, ids)
        sealed = await queries.sources(conn, actor.account_id, ids)
        for line in lines:
            if line.message_id in sealed and await _holds(platform, actor, line, sealed[line.message_id], to_check):
                found.append(line)
            if len(found) > limit:
                return Found(lines=found[:limit], older=found[limit - 1].message_id)
        if len(ids) < _OPENED_AT_ONCE:
            return Found(lines=found, older=None)
        before = ids[-1]
    return Found(lines=found, older=before)


async def _holds(
    platform: Platform, actor: Actor, line: MessageLine, sealed: bytes, to_check: Sequence[Phrase]
) -> bool:
    texts = _summary_texts(line)
    if any(phrase.field == words.ANYWHERE for phrase in to_check):
        opened = messages.unseal(platform, actor.account_id, line, sealed)
        reading = await asyncio.to_thread(read.read, opened.skeleton, line.summary.layout)
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
