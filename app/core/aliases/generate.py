"""Local parts made at random, in five formats; none reads like an insult."""

import secrets
from collections.abc import Callable, Mapping
from uuid import uuid4

from app.core.aliases import sites
from app.core.aliases.model import Format
from app.core.aliases.names import GIVEN, SURNAMES
from app.core.aliases.offensive import is_offensive

_FIRST = (
    "amber autumn azure bold brave bright brisk calm candid clear clever cloudy copper coral cosy crisp curious "
    "dapper distant eager early easy fair fancy fleet fresh gentle gilded glad golden grand green happy hazel "
    "hidden honest icy indigo ivory jolly keen kind lilac little lively loyal lucky lunar mellow merry mild misty "
    "modest neat nimble noble northern olive open patient plain polite proud quick quiet rapid rosy round rustic "
    "sandy scarlet secret serene sharp shy silent silver simple slow smooth snowy soft solar southern spare "
    "spring steady still stout sunny sure swift tall tidy timid topaz tranquil true velvet violet warm western "
    "wide wild windy winter wise"
).split()
_SECOND = (
    "acorn anchor apple arbour attic bay beacon birch bridge brook castle cedar chapel cliff cloud "
    "clover comet cottage cove creek dale dawn delta dune ember falcon fern ferry field finch fjord forest "
    "fountain garden glacier glade grove harbour haven hazel heath heron hill hollow horizon inlet island ivy "
    "jetty juniper kettle lagoon lake lantern lark laurel ledge linden lodge maple marsh meadow mill moon moor "
    "mountain oak orchard otter path pebble pier pine plover pond poplar quarry quay rain reef ridge river robin "
    "rowan sail shore sparrow spruce square stone stream summit swallow terrace thicket thistle tide tower trail "
    "valley village walnut water willow wood wren"
).split()
_SYMBOLS = "bcdfghjkmnpqrstvwxyz23456789"
"""No vowels, so that few words come out, and nothing that is mistaken for something else when it is read out."""
_RANDOM_LENGTH = 12
_SITE_LENGTH = 4
_DRAWS = 100


def local_part(style: Format, *, site: str = "") -> str:
    """A new local part, at most 64 characters, by the system's secure randomness.

    words: two calm words and a number, 23 bits; name: a person's and a number, 21 bits; uuid: version 4, 122 bits;
    random: 12 letters and digits, 57 bits; site: the name of `site` (a normal host name, needed) and four, 19 bits.
    """
    if style == "site":
        name = sites.short_name(site)
        if is_offensive(name):
            # The owner's own word: only what is added to it can be drawn again.
            return f"{name}-{_inoffensive(_tail)}"
        return _inoffensive(lambda: f"{name}-{_tail()}")
    return _inoffensive(_MAKERS[style])


def words() -> str:
    """`quiet-harbour-417`."""
    return f"{secrets.choice(_FIRST)}-{secrets.choice(_SECOND)}-{secrets.randbelow(900) + 100}"


def person() -> str:
    """`sarah.mitchell42`."""
    return f"{secrets.choice(GIVEN)}.{secrets.choice(SURNAMES)}{secrets.randbelow(90) + 10}"


def characters() -> str:
    """`k7xw2mqfd9tz`; begins with a letter."""
    return secrets.choice(_SYMBOLS[:20]) + _drawn(_RANDOM_LENGTH - 1)


def _uuid() -> str:
    return str(uuid4())


def _tail() -> str:
    return _drawn(_SITE_LENGTH)


def _drawn(length: int) -> str:
    return "".join(secrets.choice(_SYMBOLS) for _ in range(length))


def _inoffensive(draw: Callable[[], str]) -> str:
    drawn = draw()
    for _ in range(_DRAWS):
        if not is_offensive(drawn):
            break
        drawn = draw()
    return drawn


_MAKERS: Mapping[Format, Callable[[], str]] = {
    "words": words,
    "name": person,
    "uuid": _uuid,
    "random": characters,
}
