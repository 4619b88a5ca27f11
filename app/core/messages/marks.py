"""Tokens of what stands in clear beside a message anyway: when it came and how large it is.

In the index of tokens they keep a search to a span of time, and find the few large messages. They are hashes without
a key, so that a migration can make them, too; the account goes in, so that accounts share none.
"""

from hashlib import sha256
from uuid import UUID

SPAN_BITS = (20, 24, 28, 32)
"""Every message is marked with the spans it came in, of 2**bits ms each: 17 minutes, 4.7 hours, 3.1 and 49.7 days."""
_TIME_SHIFT = 80
_MAX_SIZE_BITS = 48


def of_message(account_id: UUID, message_id: UUID, size: int) -> list[int]:
    """The marks of one message of `size` bytes, of which the id tells the time."""
    spans = [span(account_id, bits, span_number(message_id, bits)) for bits in SPAN_BITS]
    return [*spans, _token(account_id, "size", size.bit_length(), 0)]


def span_number(message_id: UUID, bits: int) -> int:
    """Which span of 2**bits milliseconds since 1970 an id falls into (RFC 9562 section 5.7)."""
    return message_id.int >> (_TIME_SHIFT + bits)


def first_id(bits: int, number: int) -> UUID:
    """What no id of the span is smaller than, and every earlier one is."""
    return UUID(int=number << (_TIME_SHIFT + bits))


def span(account_id: UUID, bits: int, number: int) -> int:
    """The token of a span of time."""
    return _token(account_id, "span", bits, number)


def sizes(account_id: UUID, *, least: int, most: int | None) -> frozenset[int]:
    """The tokens of messages of `least` to `most` bytes, and of some a little smaller or larger."""
    last = _MAX_SIZE_BITS if most is None else max(0, most).bit_length()
    return frozenset(_token(account_id, "size", bits, 0) for bits in range(max(0, least).bit_length(), last + 1))


def _token(account_id: UUID, kind: str, first: int, second: int) -> int:
    digest = sha256(f"{account_id} {kind} {first} {second}".encode()).digest()
    return int.from_bytes(digest[:8], signed=True)
