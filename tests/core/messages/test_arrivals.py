import msgspec

from app.core.messages import arrivals
from app.core.messages.arrivals import Arrival
from app.lib.ids import new_id

ONE = Arrival(account_id=new_id(), message_id=new_id(), alias_id=new_id(), folder="held")


def test_what_was_written_is_read() -> None:
    released = msgspec.structs.replace(ONE, folder="inbox", is_released=True)
    assert arrivals.read(arrivals.written([ONE, released])) == [ONE, released]


def test_what_is_not_understood_is_left_out() -> None:
    (word,) = arrivals.written([ONE])
    spoilt = ["", "a b c d", word.rpartition(" ")[0], word.replace("held", "elsewhere"), word.replace(" ", "\t")]
    assert arrivals.read([*spoilt, word]) == [ONE]
