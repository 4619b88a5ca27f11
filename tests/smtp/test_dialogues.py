"""The dialogues under `dialogues/`, each over a raw socket.

`C:` a line to send, `R:` bytes to send as they are (both with Python's escapes, and `{x*9}` for nine x); `S:` how the
next line of a reply begins; `C*9:` nine times; `FINISH` sends no more; `CLOSED` the server has closed and said nothing
else; `STORED n` so many messages lie in mailboxes, and where it is 0 nothing at all was left.
"""

import codecs
import re
from pathlib import Path

import pytest

from tests.smtp.conftest import Connect, Mx, Town

DIALOGUES = sorted((Path(__file__).parent / "dialogues").glob("*.txt"))
STEP = re.compile(r"(?P<who>[CRS])(?:\*(?P<times>\d+))?:(?: (?P<text>.*))?\Z")
ENHANCED = re.compile(rb"([245])\d\d[ -]\1\.\d{1,3}\.\d{1,3} ")
PLAIN = re.compile(rb"220 mx|354|250[ -](mx|PIPELINING|SIZE|8BITMIME|SMTPUTF8|ENHANCEDSTATUSCODES|STARTTLS|HELP)")


def _bytes(text: str) -> bytes:
    text = re.sub(r"\{(.)\*(\d+)\}", lambda match: match[1] * int(match[2]), text)
    return codecs.decode(text, "unicode_escape").encode("latin-1")


@pytest.mark.parametrize("script", [path.read_text() for path in DIALOGUES], ids=[path.stem for path in DIALOGUES])
async def test_dialogue(script: str, mx: Mx, connect: Connect, town: Town) -> None:
    peer = await connect(mx)
    lines: list[bytes] = []
    for line in script.splitlines():
        step = STEP.match(line)
        if step and step["who"] == "S":
            for _ in range(int(step["times"] or 1)):
                lines = lines or (await peer.reply()).text.split(b"\r\n")
                got = lines.pop(0)
                assert got.startswith(step["text"].encode()), f"{got!r} instead of {line}"
                # RFC 2034: all replies but the greeting, those to HELO and EHLO, and 354 have an enhanced code.
                assert ENHANCED.match(got) or PLAIN.match(got)
        elif step:
            end = b"\r\n" if step["who"] == "C" else b""
            peer.send((_bytes(step["text"] or "") + end) * int(step["times"] or 1))
        elif line == "FINISH":
            peer.finish()
        elif line == "CLOSED":
            assert not lines
            assert await peer.rest() == b""
        elif line.startswith("STORED "):
            assert await town.count() == int(line.split()[1])
            assert await town.count() or not await town.leftovers()
        else:
            assert line.startswith("#"), line
