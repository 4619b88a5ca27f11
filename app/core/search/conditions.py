"""What a query means for the blind index and the table of messages. Here words become tokens; nothing asks a table."""

from collections.abc import Sequence
from typing import TypeAlias
from uuid import UUID

import msgspec

from app.core.messages import marks, words
from app.core.messages.folding import fold, spelled_words
from app.core.messages.model import FOLDERS, Folder
from app.core.messages.stems import in_any_language
from app.core.search.model import Query, Term
from app.vault import blind

Group: TypeAlias = frozenset[int]
"""Tokens of which a message must have one."""

_STEMMED = {words.ANYWHERE, "subject"}
_LEFT_OUT: frozenset[Folder] = frozenset({"trash", "spam", "held"})


class Conditions(msgspec.Struct, frozen=True, kw_only=True):
    """What a message's tokens and its row in the table must fulfil."""

    groups: tuple[Group, ...]
    """Of each, one token must be there."""
    forbidden: tuple[tuple[Group, ...], ...]
    """None of these may hold; each holds when all its groups do."""
    alias_ids: frozenset[UUID] | None
    not_alias_ids: frozenset[UUID]
    query: Query
    folders: frozenset[Folder]

    def is_impossible(self) -> bool:
        """Whether nothing can be found, so that no table need be asked."""
        query = self.query
        allowed = (query.is_read, query.is_starred, query.has_attachment, self.folders)
        return not all((*allowed, *self.groups)) or (self.alias_ids is not None and not self.alias_ids)

    def are_rows_few(self) -> bool:
        """Whether flags, folders or aliases leave a small part of the messages, or may do so."""
        query = self.query
        flags = (query.is_read, query.is_starred, query.has_attachment)
        return self.alias_ids is not None or "inbox" not in self.folders or any(len(flag) == 1 for flag in flags)


class Phrase(msgspec.Struct, frozen=True, kw_only=True):
    """Words that must, or must not, stand together in a field: tokens cannot tell that, only the opened message."""

    field: str
    words: tuple[str, ...]
    is_negated: bool


def conditions(
    query: Query,
    index_key: bytes,
    *,
    account_id: UUID,
    aliases: Sequence[tuple[Term, frozenset[UUID]]],
    folder: Folder | None,
    within: frozenset[UUID] | None = None,
) -> Conditions:
    """The query in tokens of the account; `aliases` are its alias terms with the aliases that each one means.

    Of other aliases than those `within` nothing is found; None: of all of them.
    """
    groups: list[Group] = []
    forbidden: list[tuple[Group, ...]] = []
    for term in query.terms:
        if term.field == "alias":
            continue
        of_term = _groups(term, index_key)
        if not term.is_negated:
            groups += of_term
        elif not _is_left_to_opening(term):
            forbidden.append(of_term)
    if query.larger is not None or query.at_most is not None:
        least = 0 if query.larger is None else query.larger + 1
        groups.append(marks.sizes(account_id, least=least, most=query.at_most))
    if groups and query.has_attachment == {True}:
        groups.append(frozenset({blind.token(index_key, words.HAS, "attachment")}))
    asked = [ids for term, ids in aliases if not term.is_negated]
    if query.alias_id is not None:
        asked.append(frozenset({query.alias_id}))
    if within is not None:
        asked.append(within)
    return Conditions(
        groups=tuple(dict.fromkeys(groups)),
        forbidden=tuple(forbidden),
        alias_ids=frozenset.intersection(*asked) if asked else None,
        not_alias_ids=frozenset().union(*(ids for term, ids in aliases if term.is_negated)),
        query=query,
        folders=_folders(query, folder),
    )


def phrases(query: Query) -> tuple[Phrase, ...]:
    """What only opening the messages can tell; a term that one token stands for is none."""
    return tuple(
        Phrase(field=term.field, words=tuple(words.sequence(term.text)), is_negated=term.is_negated)
        for term in query.terms
        if _is_left_to_opening(term)
    )


def _is_left_to_opening(term: Term) -> bool:
    if term.field == "alias" or not term.is_quoted or _address(term):
        return False
    return len(_parts(term.text)) > 1


def _folders(query: Query, folder: Folder | None) -> frozenset[Folder]:
    """Spam, trash and what is held are left out unless the query or the caller asks for a folder."""
    folders = query.folders
    if folders is None:
        folders = frozenset(FOLDERS) - (_LEFT_OUT if folder is None else frozenset())
    return (folders if folder is None else folders & {folder}) - query.not_folders


def _groups(term: Term, index_key: bytes) -> tuple[Group, ...]:
    address = _address(term)
    if address is not None:
        return (frozenset({blind.token(index_key, term.field, address)}),)
    if term.is_quoted or term.field not in _STEMMED:
        return tuple(frozenset({blind.token(index_key, term.field, part)}) for part in _parts(term.text))
    groups = []
    for spelled in spelled_words(term.text):
        parts = _parts(spelled)
        groups += [_of_any_form(part, spelled if len(parts) == 1 else part, term.field, index_key) for part in parts]
    return tuple(groups)


def _of_any_form(part: str, spelled: str, field: str, index_key: bytes) -> Group:
    """The word, its stem in whatever language the message may be in, and words that are that stem themselves."""
    forms = in_any_language(spelled)
    return frozenset(blind.tokens(index_key, {field: {part, *forms}, words.STEMS + field: forms}))


def _address(term: Term) -> str | None:
    return words.address_in(term.text) if term.field in {"from", "to"} else None


def _parts(text: str) -> list[str]:
    return [part for word in words.folded_words(fold(text)) for part in words.pairs(word)]
