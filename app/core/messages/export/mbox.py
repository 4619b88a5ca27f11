"""The mboxrd format: messages in one file, each told apart by a line that begins with `From ` (RFC 4155, appendix A).

Lines of a message that could be taken for such a line get one more `>`; taking one away gives the original back, with
CRLF where the file has LF. Pure.
"""

import re
import time
from collections.abc import AsyncIterator, Sequence
from datetime import datetime

MEDIA_TYPE = "application/mbox"
_FROM = re.compile(rb"^(?=>*From )", re.MULTILINE)
_NOT_ADDRESS = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")
_NOBODY = "MAILER-DAEMON"


def separator(sender: str, moment: datetime) -> bytes:
    """The line before a message from the envelope's `sender` (empty: the null sender), received at `moment`."""
    who = _NOT_ADDRESS.sub("-", sender) or _NOBODY
    # asctime, unlike strftime, names days and months in English everywhere.
    return f"From {who} {time.asctime(moment.utctimetuple())}\n".encode()


def header(fields: Sequence[tuple[str, str]]) -> bytes:
    """Header fields that stand before the message's own. Line ends in values become spaces."""
    return "".join(f"{name}: {' '.join(value.split())}\n" for name, value in fields).encode("utf-8", "replace")


async def quoted(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """A message whose lines end in CRLF, as it stands in the file; no more is held than a chunk and a line."""
    rest = b""
    async for chunk in chunks:
        data = rest + chunk if rest else chunk
        end = data.rfind(b"\n") + 1
        rest = data[end:]
        if end:
            yield _quoted(data[:end])
    yield _quoted(rest) + b"\n\n" if rest else b"\n"


def _quoted(lines: bytes) -> bytes:
    return _FROM.sub(b">", lines.replace(b"\r\n", b"\n"))
