"""What is typed into the search field: a query that can be typed again, or a sentence that says what to write."""

from uuid import UUID

import msgspec

from app.core.messages import words
from app.core.search import grammar
from app.core.search.conditions import conditions, phrases
from app.core.search.hits import Hits
from app.core.search.model import Query, Term
from app.errors import Invalid
from tests.fuzz.target import Target

_KEY = bytes(32)
_ACCOUNT = UUID(int=1)


def check(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    try:
        query = grammar.parse(text)
    except Invalid as refused:
        (fault,) = refused.fields
        assert fault.field == "q"
        assert fault.message.endswith(".")
        return
    assert len(query.terms) <= grammar.MAX_TERMS
    typed = printed(query)
    if len(typed) <= grammar.MAX_CHARS and typed.count(" ") < grammar.MAX_TERMS:
        assert _spaced(grammar.parse(typed)) == _spaced(query), typed
    found = conditions(query, _KEY, account_id=_ACCOUNT, aliases=(), folder=None)
    assert len(found.groups) + sum(map(len, found.forbidden)) <= 4 * grammar.MAX_TERMS + 2
    for phrase in phrases(query):
        assert phrase.words
    for field in (words.ANYWHERE, "subject"):
        assert "".join(piece.text for piece in Hits(query).pieces(text, field)) == text


def _spaced(query: Query) -> Query:
    """With single spaces in its terms."""
    terms = [msgspec.structs.replace(term, text=" ".join(filter(None, term.text.split(" ")))) for term in query.terms]
    return msgspec.structs.replace(query, terms=tuple(terms))


def printed(query: Query) -> str:
    """The query as it could have been typed."""
    pieces = [_term(term) for term in query.terms]
    for name, allowed in (
        ("is:starred", query.is_starred),
        ("is:read", query.is_read),
        ("has:attachment", query.has_attachment),
    ):
        pieces += [name] * (False not in allowed) + [f"-{name}"] * (True not in allowed)
    pieces += [f"in:{name}" for name in sorted(query.folders or ())]
    pieces += [f"-in:{name}" for name in sorted(query.not_folders)]
    for name, day in (("before", query.before), ("after", query.since)):
        pieces += [f"{name}:{day.date().isoformat()}"] if day is not None else []
    for name, size in (("larger", query.larger), ("-larger", query.at_most)):
        pieces += [f"{name}:{_size(size)}"] if size is not None else []
    return " ".join(pieces)


def _term(term: Term) -> str:
    text = f'"{term.text}"' if term.is_quoted else term.text.replace(" ", ":", 1)
    return f"{'-' * term.is_negated}{term.field}{':' * bool(term.field)}{text}"


def _size(size: int) -> str:
    if size < 10**12:
        return str(size)
    return f"{size // 10**9}.{size % 10**9 // 1000:06}g" if size % 1000 == 0 else f"{size // 1000}.{size % 1000:03}k"


TARGET = Target(
    check=check,
    seeds=(
        b"parcel from:shop.example",
        '\u201cyour order\u201d -late subject:"a b"'.encode(),
        b"is:unread -is:starred has:attachment in:trash -in:spam",
        b"before:2026-03-31 -after:2026/1 larger:1.5k -larger:5M",
        "\u6f22\u5b57 gr\u00fc\u00dfe re:order https://a.example/x e-mail".encode(),
        b"larger:999999999999.123456g to:ada@example.org filename:x alias:shop",
    ),
    tokens=(
        *(b"from:", b"to:", b"subject:", b"filename:", b"alias:", b"has:", b"is:", b"in:", b"before:", b"after:"),
        *(b"larger:", b'"', b"-", b":", b" ", b"\t", b"attachment", b"unread", b"read", b"starred", b"anywhere"),
        *(
            "\u00ab".encode(),
            "\u6f22".encode(),
            "\uac00".encode(),
            "\u0130".encode(),
            "\u00df".encode(),
            "\u0301".encode(),
        ),
        *(b"2026-02-29", b"0001", b"9999-12-31", b"1.5M", b"&", b"a@b.c", "\ufdfa".encode(), "\u2126".encode(), b"_"),
    ),
    max_len=600,
)
