"""Local parts made at random: two calm words and a number, such as `quiet-harbour-417`."""

import secrets

_FIRST = (
    "amber autumn azure bold brave bright brisk calm candid clear clever cloudy copper coral cosy crisp curious "
    "dapper distant eager early easy fair fancy fleet fresh gentle gilded glad golden grand green happy hazel "
    "hidden honest icy indigo ivory jolly keen kind lilac little lively loyal lucky lunar mellow merry mild misty "
    "modest neat nimble noble northern olive open patient plain polite proud quick quiet rapid rosy round rustic "
    "sandy scarlet secret serene sharp shy silent silver simple slow smooth snowy soft solar southern spare "
    "spring steady still stout sunny sure swift tall tidy timid topaz tranquil true velvet violet warm western "
    "wide wild windy winter wise witty"
).split()
_SECOND = (
    "acorn anchor apple arbour attic bay beacon birch bridge brook canal canyon castle cedar chapel cliff cloud "
    "clover comet cottage cove creek dale dawn delta dune ember falcon fern ferry field finch fjord forest "
    "fountain garden glacier glade grove harbour haven hazel heath heron hill hollow horizon inlet island ivy "
    "jetty juniper kettle lagoon lake lantern lark laurel ledge linden lodge maple marsh meadow mill moon moor "
    "mountain oak orchard otter path pebble pier pine plover pond poplar quarry quay rain reef ridge river robin "
    "rowan sail shore sparrow spruce square stone stream summit swallow terrace thicket thistle tide tower trail "
    "valley village walnut water willow wood wren"
).split()


def words() -> str:
    """A local part of about 21 random bits over its words and 10 over its number: unguessable among few tries."""
    return f"{secrets.choice(_FIRST)}-{secrets.choice(_SECOND)}-{secrets.randbelow(900) + 100}"
