"""The messages of made-up mailboxes as they would arrive: newsletters, shops, notices and conversations over years.

Made in chunks that need not know of each other; the same seed gives the same mail. No network and no database here.
"""

import itertools
import random
import textwrap
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.header import Header
from email.utils import format_datetime

from bench import lexicon

UNTIL = datetime(2026, 11, 1, tzinfo=UTC)
YEARS = 8
CHUNK = 2000
"""Messages made at once; the replies of a conversation come within the same chunk."""
BODIES = 200
"""Different ones among them."""
SITES = 300
"""Each with an alias of its own; a few of them send most of the mail."""
PEOPLE = 40
NEW_DAYS = 30
"""Mail of which much is unread still."""

_KINDS = ("newsletter", "shop", "notice", "conversation")
_KIND_SHARES = (0.4, 0.3, 0.18, 0.12)
_WORDS = {"newsletter": 100, "shop": 60, "notice": 30, "conversation": 50}
_FILE_SHARES = {"newsletter": 0.0, "shop": 0.15, "notice": 0.02, "conversation": 0.12}
_FOLDERS = ("inbox", "archive", "trash", "spam")
_SUFFIXES = ("pdf", "ics", "docx", "png")


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """A mailbox: how many messages, and what it grows from."""

    messages: int
    seed: int = 1

    @property
    def chunks(self) -> int:
        """How many chunks it has."""
        return -(-self.messages // CHUNK)

    def size_of(self, chunk: int) -> int:
        """How many messages a chunk has."""
        return min(CHUNK, self.messages - chunk * CHUNK)


@dataclass(frozen=True, kw_only=True, slots=True)
class Body:
    """What some ten letters of a chunk share: everything below the header but for one sentence of each one's own."""

    kind: str
    site: "Site"
    text: str
    before: str
    after: str
    has_file: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """One message and what became of it. `alias` counts the aliases; letters of one `thread` answer each other."""

    sender: tuple[str, str]
    subject: str
    references: tuple[str, ...]
    head: str
    body: Body
    own: str
    alias: int
    thread: int
    message_id: str
    received_at: datetime
    folder: str
    is_read: bool
    is_starred: bool

    @property
    def raw(self) -> bytes:
        """As it would arrive."""
        return f"{self.head}{self.body.before}{self.own}{self.body.after}".replace("\n", "\r\n").encode()


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """A sender, who writes to the alias of the same number."""

    number: int
    language: str
    name: str
    domain: str
    jargon: tuple[str, ...]


def alias_name(number: int) -> str:
    """The part before the @ of an alias."""
    return f"{sites()[number].name.lower()}-{number}" if number < SITES else f"person-{number - SITES}"


def sites() -> tuple[Site, ...]:
    """Who sends."""
    return _SITES


def _make_sites() -> Iterator[Site]:
    rng = random.Random("sites")
    shares = [language.share for language in lexicon.LANGUAGES.values()]
    for number in range(SITES + PEOPLE):
        language = rng.choices(list(lexicon.LANGUAGES), shares)[0]
        name = rng.choice(lexicon.vocabulary("english")[100:]).capitalize()
        jargon = tuple(rng.sample(lexicon.vocabulary(language)[200:], 60))
        yield Site(number=number, language=language, name=name, domain=f"{name.lower()}{number}.example", jargon=jargon)


_SITES = tuple(_make_sites())
_SITE_WEIGHTS = tuple(itertools.accumulate(1 / (number + 5) for number in range(SITES)))


def chunk(plan: Plan, number: int) -> list[Letter]:
    """The letters of one chunk, the oldest first."""
    return _Chunk(plan, number).letters()


class _Chunk:
    """Makes the letters of a chunk, one after the other in time."""

    def __init__(self, plan: Plan, number: int) -> None:
        self._rng = random.Random(f"{plan.seed}/{number}")
        self._plan = plan
        self._first = number * CHUNK
        self._count = plan.size_of(number)
        self._bodies = [_body(self._rng) for _ in range(min(BODIES, self._count))]
        self._threads: list[tuple[int, Site, str, list[str]]] = []

    def letters(self) -> list[Letter]:
        spread = sorted(self._rng.random() for _ in range(self._count))
        return [self._letter(self._first + at, share) for at, share in enumerate(spread)]

    def _letter(self, number: int, share: float) -> Letter:
        rng = self._rng
        time = (self._first + share * self._count) / self._plan.messages
        received_at = UNTIL - timedelta(days=365.25 * YEARS) * (1 - time)
        received_at = received_at.replace(microsecond=received_at.microsecond // 1000 * 1000)
        body = rng.choice(self._bodies)
        site, subject, thread = body.site, _subject(rng, body, number), number
        references: tuple[str, ...] = ()
        message_id = f"<{self._plan.seed}.{number}@{site.domain}>"
        if body.kind == "conversation":
            thread, site, subject, references = self._answered(number, site, subject, message_id)
        sender = (site.name, f"{body.kind}@mail.{site.domain}")
        is_old = UNTIL - received_at > timedelta(days=NEW_DAYS)
        return Letter(
            sender=sender,
            subject=subject,
            references=references,
            head=_head(number, body.kind, site, sender, subject, message_id, references, received_at),
            body=body,
            own=_marked(rng, time),
            alias=site.number,
            thread=thread,
            message_id=message_id,
            received_at=received_at,
            folder=rng.choices(_FOLDERS, (0.6, 0.37, 0.01, 0.02))[0],
            is_read=rng.random() < (0.97 if is_old else 0.6),
            is_starred=rng.random() < 0.01,
        )

    def _answered(
        self, number: int, site: Site, subject: str, message_id: str
    ) -> tuple[int, Site, str, tuple[str, ...]]:
        """One of the conversations under way goes on, or another begins."""
        if self._threads and self._rng.random() < 0.75:
            thread, site, begun, ids = self._rng.choice(self._threads[-12:])
            references = tuple(ids[-20:])
            ids.append(message_id)
            return thread, site, f"Re: {begun}", references
        self._threads.append((number, site, subject, [message_id]))
        return number, site, subject, ()


def _head(
    number: int,
    kind: str,
    site: Site,
    sender: tuple[str, str],
    subject: str,
    message_id: str,
    references: tuple[str, ...],
    received_at: datetime,
) -> str:
    """The header but for the content type."""
    answered = f"In-Reply-To: {references[-1]}\nReferences: {' '.join(references)}\n" if references else ""
    unsubscribe = f"List-Unsubscribe: <https://{site.domain}/u/{number:x}>\n" if kind == "newsletter" else ""
    date = format_datetime(received_at)
    shown = subject if subject.isascii() else Header(subject, "utf-8", maxlinelen=500).encode()
    return (
        f"Received: from mx.{site.domain} (mx.{site.domain} [192.0.2.{number % 250 + 1}])\n"
        f"\tby relay.example with ESMTPS id {number:08X}; {date}\n"
        f"Message-ID: {message_id}\n{answered}{unsubscribe}"
        f"Date: {date}\nFrom: {sender[0]} <{sender[1]}>\nTo: <{alias_name(site.number)}@bench.test>\n"
        f"Subject: {shown}\nMIME-Version: 1.0\n"
    )


def _sender(rng: random.Random, kind: str) -> Site:
    if kind == "conversation":
        return rng.choice(_SITES[SITES:])
    return rng.choices(_SITES[:SITES], cum_weights=_SITE_WEIGHTS)[0]


def _subject(rng: random.Random, body: Body, number: int) -> str:
    site = body.site
    words = [*rng.sample(site.jargon, 2), *_drawn(rng, site.language, rng.randint(1, 4))]
    text = (" " if lexicon.LANGUAGES[site.language].is_spaced else "").join(words)
    return f"{text.capitalize()} #{number}" if body.kind == "shop" else text.capitalize()


def _drawn(rng: random.Random, language: str, count: int) -> list[str]:
    return rng.choices(lexicon.vocabulary(language), cum_weights=lexicon.weights(), k=count)


def _text(rng: random.Random, site: Site, count: int) -> str:
    """So many words, a quarter of them the sender's own."""
    own = rng.choices(site.jargon, k=count // 4)
    words = [*_drawn(rng, site.language, count - len(own)), *own]
    rng.shuffle(words)
    drawn = iter(words)
    space = " " if lexicon.LANGUAGES[site.language].is_spaced else ""
    sentences = []
    while sentence := list(itertools.islice(drawn, rng.randint(4, 18))):
        sentences.append(space.join(sentence).capitalize() + ".")
    return "\n".join(textwrap.wrap(" ".join(sentences), 72)) + "\n"


def _marked(rng: random.Random, time: float) -> str:
    """A sentence of the words whose shares are known."""
    found = [word for mark in lexicon.MARKS.values() for word in mark.words if rng.random() < mark.share(time)]
    (one, other), share = lexicon.ASIDE
    draw = rng.random()
    found += [one] * (draw < share) + [other] * (share <= draw < 2 * share)
    (rarer, commoner), share, alone = lexicon.WITHIN
    if rng.random() < share:
        found += [rarer] if rng.random() < alone else [rarer, commoner]
    rng.shuffle(found)
    (first, second), together, apart = lexicon.PHRASE
    draw = rng.random()
    phrase = [first, second] if draw < together else [second, "or", first] if draw < together + apart else []
    return " ".join([*found, *phrase]) + ".\n"


def _body(rng: random.Random) -> Body:
    kind = rng.choices(_KINDS, _KIND_SHARES)[0]
    site = _sender(rng, kind)
    text = _text(rng, site, max(8, int(rng.lognormvariate(0, 0.5) * _WORDS[kind])))
    if kind == "shop":
        price = f"{rng.randrange(1, 300)}.{rng.randrange(100):02} EUR"
        text += f"Order {rng.randrange(10**7)}, {price}, {rng.randrange(10**10)}\n"
    if kind == "conversation" and rng.random() < 0.7:
        quoted = _text(rng, site, 20)
        text += "\n" + "".join(f"> {line}\n" for line in quoted.splitlines())
    has_file = rng.random() < _FILE_SHARES[kind]
    before = f"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{text}"
    after = ""
    if kind == "newsletter":
        before = f'Content-Type: multipart/alternative; boundary="=_a"\n\n--=_a\n{before}'
        after = _html(rng, site, text)
    elif has_file:
        before = f'Content-Type: multipart/mixed; boundary="=_m"\n\n--=_m\n{before}'
        after = _file(rng, site)
    return Body(kind=kind, site=site, text=text, before=before, after=after, has_file=has_file)


def _html(rng: random.Random, site: Site, text: str) -> str:
    cells = "".join(f'<tr><td class="b" style="padding:8px">{line}</td></tr>\n' for line in text.splitlines())
    links = "".join(
        f'<a href="https://click.{site.domain}/?u={rng.getrandbits(64):x}">{rng.choice(site.jargon)}</a>\n'
        for _ in range(5)
    )
    picture = f'<img src="https://{site.domain}/o.gif" width="1">'
    return (
        "\n--=_a\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"
        f"<html><body><table>{cells}</table>\n{links}{picture}</body></html>\n--=_a--\n"
    )


def _file(rng: random.Random, site: Site) -> str:
    """A few KB; one of fifty is large, up to some MB."""
    size = int(rng.lognormvariate(8, 0.7)) if rng.random() > 0.02 else min(8_000_000, int(rng.lognormvariate(13, 1)))
    encoded = b64encode(rng.randbytes(size)).decode()
    lines = "\n".join(encoded[at : at + 76] for at in range(0, len(encoded), 76))
    word = rng.choice(site.jargon).lower()
    name = f"{word if word.isascii() else 'file'}-{rng.randrange(10**5)}.{rng.choice(_SUFFIXES)}"
    return (
        f'\n--=_m\nContent-Type: application/octet-stream; name="{name}"\n'
        f'Content-Disposition: attachment; filename="{name}"\nContent-Transfer-Encoding: base64\n\n{lines}\n--=_m--\n'
    )
