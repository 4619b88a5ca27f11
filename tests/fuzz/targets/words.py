"""Words: what a message is indexed by, and that every word of it that is typed meets the index."""

import re
from uuid import UUID

from app.core.messages import words
from app.core.messages.folding import fold
from app.core.messages.model import Attachment, Correspondent, Layout, Summary
from app.core.search import conditions
from app.core.search.model import Query, Term
from app.vault import blind
from tests.fuzz.target import Tape, Target

_KEY = bytes(32)
_ACCOUNT = UUID(int=1)
_WORD = re.compile(r"\S+")
_NO_LAYOUT = Layout(marker="", cuts=(), blobs=())


def check(data: bytes) -> None:
    tape = Tape(data)
    wanted = tape.number(2)
    subject, _, body = tape.rest().decode("utf-8", "replace").partition("\x1e")
    person = Correspondent(subject[:100], body[:60])
    indexed = words.of_message(_summary(subject, person), body)
    assert all(len(of_field) <= words.MAX_WORDS for of_field in indexed.values())
    tokens = set(blind.tokens(_KEY, indexed))
    assert fold(fold(body)) == fold(body), "what is folded is not folded"
    spelled = [*_WORD.finditer(body)]
    if not spelled:
        return
    place = wanted % len(spelled)
    one, three = spelled[place][0], body[spelled[place].start() : spelled[place : place + 3][-1].end()]
    for typed, is_quoted in ((one, False), (one, True), (three, False), (three, True), (fold(one), False)):
        term = Term(field="", text=typed, is_quoted=is_quoted, is_negated=False)
        found = conditions.conditions(Query(terms=(term,)), _KEY, account_id=_ACCOUNT, aliases=(), folder=None)
        assert all(group & tokens for group in found.groups), f"{typed!r} is not found"
        assert conditions.phrases(Query(terms=(term,))) == () or _stand_together(words.sequence(body), term)


def _stand_together(sequence: list[str], term: Term) -> bool:
    typed = words.sequence(term.text)
    return any(sequence[start : start + len(typed)] == typed for start in range(len(sequence)))


def _summary(subject: str, person: Correspondent) -> Summary:
    return Summary(
        sender=person,
        to=(person,),
        cc=(),
        subject=subject,
        snippet="",
        sent_at=None,
        attachments=(Attachment(0, subject[:50], "text/plain", 0),),
        delivered_to="",
        envelope_from="",
        tls=None,
        layout=_NO_LAYOUT,
    )


TARGET = Target(
    check=check,
    seeds=(
        b"\x00\x00Your order\x1eThe parcel was sent to ada@example.org today, it's 5.99.",
        "\x00\x01Gr\u00fc\u00dfe\x1eStra\u00dfe \u0130stanbul na\u00efve \ufb01n \u2126 x\u0301".encode(),
        "\x00\x02\u8bf7\u67e5\u6536\x1e\u6f22\u5b57\u304b\u306a\u3058\u308aabc \ud55c\uad6d\uc5b4".encode(),
        "\x00\x00\u041f\u0440\u0438\x1e\u0915\u094d\u0937\u0947\u0924\u094d\u0930 \u0e44".encode(),
    ),
    tokens=(
        *(b"\x1e", b"@", b".", b" ", b"_", b"-", "\u0301".encode(), "\u0345".encode(), "\u0130".encode()),
        *("\u1e9e".encode(), "\ufdfa".encode(), "\u03f4".encode(), "\u1fbc".encode(), "\uac01".encode()),
        *("\u1100\u1161".encode(), "\u3005".encode(), "\u30fc".encode(), "\uff9e".encode(), "\u200d".encode()),
        *("\U0002f800".encode(), "\u0f77".encode(), "\u1d15e".encode(), "\u0387".encode(), "\u2460".encode()),
    ),
    max_len=800,
)
