"""UUIDv7 made in the application (RFC 9562 section 5.7): ids sort by the time they were made."""

import os
import time
from uuid import UUID

_MAX_COUNTER = 0xFFF


class _Clock:
    """The last millisecond handed out and a 12-bit counter in it, so that ids of one process always ascend."""

    __slots__ = ("counter", "milliseconds")

    def __init__(self) -> None:
        self.milliseconds = 0
        self.counter = 0

    def tick(self) -> tuple[int, int]:
        now = time.time_ns() // 1_000_000
        if now > self.milliseconds:
            self.milliseconds, self.counter = now, 0
        elif self.counter < _MAX_COUNTER:
            self.counter += 1
        else:
            self.milliseconds, self.counter = self.milliseconds + 1, 0
        return self.milliseconds, self.counter


_clock = _Clock()


def new_id() -> UUID:
    """A new UUIDv7: 48 bits of Unix milliseconds, a 12-bit counter, 62 random bits."""
    milliseconds, counter = _clock.tick()
    random_bits = int.from_bytes(os.urandom(8)) & 0x3FFF_FFFF_FFFF_FFFF
    return UUID(int=milliseconds << 80 | 0x7 << 76 | counter << 64 | 0b10 << 62 | random_bits)


def parse_id(text: str) -> UUID | None:
    """The UUID that `text` spells in its canonical form, or None: a bad id in an address is just not found."""
    try:
        value = UUID(text)
    except ValueError:
        return None
    return value if str(value) == text.lower() else None
