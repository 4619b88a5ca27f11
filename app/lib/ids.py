"""UUIDv7 made in the application (RFC 9562 section 5.7): ids sort by the time they were made."""

import os
import time
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

_MAX_COUNTER = 0xFFF
_DAY = 86_400_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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


def first_id_at(moment: datetime) -> UUID:
    """What no id made in the moment's millisecond or later is smaller than, and every earlier one is. From 1970 on."""
    milliseconds = (moment - _EPOCH) // timedelta(milliseconds=1)
    return UUID(int=max(0, milliseconds) << 80 | 0x7 << 76 | 0b10 << 62)


def id_of_day(day: date, number: int) -> UUID:
    """A UUIDv7 that tells the day and the order in it, but not the time: `number` is 0 to 86,399,999."""
    midnight = (day - _EPOCH.date()) // timedelta(milliseconds=1)
    random_bits = int.from_bytes(os.urandom(10)) & 0xFFF_3FFF_FFFF_FFFF_FFFF
    return UUID(int=(midnight + number) << 80 | 0x7 << 76 | 0b10 << 62 | random_bits)


def new_id_of_day(day: date) -> UUID:
    """A UUIDv7 that tells the day alone: for what must not say when it was made. Those of one day have no order."""
    return id_of_day(day, int.from_bytes(os.urandom(8)) % _DAY)


def made_at(value: UUID) -> datetime:
    """When a UUIDv7 was made, in UTC to the millisecond."""
    return _EPOCH + timedelta(milliseconds=value.int >> 80)


def parse_id(text: str) -> UUID | None:
    """The UUID that `text` spells in its canonical form, or None: a bad id in an address is just not found."""
    try:
        value = UUID(text)
    except ValueError:
        return None
    return value if str(value) == text.lower() else None
