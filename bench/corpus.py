"""The messages of the load: made-up words with the frequencies of real text, the same on every run. No network here."""

import functools
import itertools
import math
import random
import textwrap
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import formatdate

VOCABULARY = 20_000
BODIES = 500
BODY_BYTES = 4 * 1024 * 1024
"""A run draws from so many different bodies, fewer if they are large; ids and subjects are each message's own."""
SEED = 1
WIDTH = 72
BLOCK_LINES = 4096
BLOCKS = 8
LINE_BYTES = 57
"""57 bytes are 76 characters of base64, the line MIME allows (RFC 2045 section 6.8)."""
TYPICAL_HEAD = 450

_ONSETS = ("b", "br", "c", "d", "f", "g", "gr", "h", "k", "l", "m", "n", "p", "pl", "r", "s", "st", "t", "tr", "v", "")
_NUCLEI = ("a", "e", "i", "o", "u", "ai", "ea", "ou")
_CODAS = ("", "", "", "n", "r", "s", "l", "t", "m", "nd", "rk")


@dataclass(frozen=True, kw_only=True, slots=True)
class Style:
    """What a run's messages look like. `size` is the bytes of one whole message, met within some 5 %."""

    size: int = 5120
    has_html: bool = False


LETTER = Style()


@functools.cache
def words() -> tuple[str, ...]:
    """The vocabulary, the commonest word first; commoner words are shorter, as in speech."""
    rng = random.Random(SEED)
    found: dict[str, None] = {}
    for rank in itertools.count():
        if len(found) == VOCABULARY:
            return tuple(found)
        syllables = 1 + int(math.log10(rank + 1) * rng.uniform(0.3, 0.65))
        picks = (rng.choice(_ONSETS) + rng.choice(_NUCLEI) + rng.choice(_CODAS) for _ in range(syllables))
        found["".join(picks)] = None
    raise AssertionError


@functools.cache
def _weights() -> tuple[float, ...]:
    return tuple(itertools.accumulate(1 / (rank + 2.7) for rank in range(VOCABULARY)))


def text(rng: random.Random, size: int) -> str:
    """About `size` characters (at most) of sentences, wrapped, CRLF at line ends; no line begins with a dot."""
    drawn = iter(rng.choices(words(), cum_weights=_weights(), k=size // 4 + 1))
    sentences: list[str] = []
    length = 0
    while length < size:
        sentence = " ".join(itertools.islice(drawn, rng.randint(4, 18))).capitalize() + "."
        sentences.append(sentence)
        length += len(sentence) + 1
        if sentence == ".":
            break
    lines = textwrap.wrap(" ".join(sentences), WIDTH)
    kept = list(itertools.takewhile(lambda total: total <= size, itertools.accumulate(len(line) + 2 for line in lines)))
    return "\r\n".join(lines[: max(1, len(kept))]) + "\r\n"


@functools.lru_cache(maxsize=4)
def bodies(style: Style) -> tuple[bytes, ...]:
    """The bodies a run draws from: everything after the last header that differs from message to message."""
    rng = random.Random(SEED + style.size)
    room = max(80, style.size - TYPICAL_HEAD)
    make = _alternative if style.has_html else _plain
    return tuple(make(rng, room).encode("ascii") for _ in range(max(10, min(BODIES, BODY_BYTES // style.size))))


def _plain(rng: random.Random, room: int) -> str:
    return f"Content-Type: text/plain; charset=us-ascii\r\n\r\n{text(rng, room)}"


def _alternative(rng: random.Random, room: int) -> str:
    """Text and HTML of one newsletter, with links and a remote picture as such mail has them."""
    share = max(40, (room - 600) // 2)
    plain = text(rng, share)
    lines = text(rng, share).replace("\r\n", "<br>\r\n")
    html = (
        '<html><head><style>p { color: #333 } .b { padding: 8px }</style></head><body><table><tr><td class="b">\r\n'
        f'<p>{lines}</p>\r\n<p><a href="https://shop.example/?id={rng.getrandbits(48):x}">{rng.choice(words())}</a></p>\r\n'
        f'<img src="https://track.example/o/{rng.getrandbits(64):x}.gif" width="1" height="1" alt="">\r\n'
        "</td></tr></table></body></html>\r\n"
    )
    return (
        'Content-Type: multipart/alternative; boundary="=_bench"\r\n\r\n'
        f"--=_bench\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n{plain}\r\n"
        f"--=_bench\r\nContent-Type: text/html; charset=us-ascii\r\n\r\n{html}\r\n--=_bench--\r\n"
    )


class Writer:
    """Makes the messages of one run. `run` goes into every subject and Message-ID, so that runs never repeat an id."""

    def __init__(self, run: str, style: Style) -> None:
        self._run = run
        self._bodies = bodies(style)
        self._date = formatdate()
        self._words = words()

    def subject(self, number: int) -> str:
        """The subject of message `number`: unique in the whole bench, so that a reader can prove it arrived."""
        pick = self._words
        return f"{self._run}-{number} {pick[number * 7 % VOCABULARY]} {pick[number * 31 % VOCABULARY]}"

    def head(self, number: int, recipient: str) -> bytes:
        """The headers of message `number`, but for its content type."""
        site = self._words[100 + number % 200]
        return (
            f"Received: from mx.{site}.example (mx.{site}.example [192.0.2.{number % 250 + 1}])\r\n"
            f"\tby relay.example with ESMTP id {number:08X}; {self._date}\r\n"
            f"Message-ID: <{self._run}.{number}@{site}.example>\r\n"
            f"Date: {self._date}\r\n"
            f"From: {site.capitalize()} <news@{site}.example>\r\n"
            f"To: <{recipient}>\r\n"
            f"Subject: {self.subject(number)}\r\n"
            "MIME-Version: 1.0\r\n"
        ).encode("ascii")

    def message(self, number: int, recipient: str) -> bytes:
        """Message `number` whole, ready for DATA: CRLF at every line's end and nothing that needs dot-stuffing."""
        return self.head(number, recipient) + self._bodies[number * 17 % len(self._bodies)]


@functools.cache
def _blocks() -> tuple[bytes, ...]:
    rng = random.Random(SEED)
    return tuple(_base64_lines(rng.randbytes(BLOCK_LINES * LINE_BYTES)) for _ in range(BLOCKS))


def _base64_lines(data: bytes) -> bytes:
    encoded = b64encode(data)
    return b"".join(encoded[at : at + 76] + b"\r\n" for at in range(0, len(encoded), 76))


def large(writer: Writer, number: int, recipient: str, attachment: int) -> Iterator[bytes]:
    """Message `number` with an attachment of `attachment` random bytes, in chunks of some 300 KB, never held whole.

    The blocks of base64 repeat in an order of the message's own; the first block is its own, so that no two
    attachments are equal.
    """
    rng = random.Random(writer.subject(number))
    yield writer.head(number, recipient) + (
        b'Content-Type: multipart/mixed; boundary="=_bench"\r\n\r\n'
        b"--=_bench\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\nThe file you asked for.\r\n\r\n"
        b'--=_bench\r\nContent-Type: application/octet-stream; name="file.bin"\r\n'
        b'Content-Disposition: attachment; filename="file.bin"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    )
    whole, rest = divmod(attachment, BLOCK_LINES * LINE_BYTES)
    for index in range(whole):
        yield _base64_lines(rng.randbytes(BLOCK_LINES * LINE_BYTES)) if index == 0 else rng.choice(_blocks())
    yield _base64_lines(rng.randbytes(rest)) + b"\r\n--=_bench--\r\n"
