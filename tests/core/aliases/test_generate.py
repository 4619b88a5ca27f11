import re

from app.core.aliases import generate
from app.core.aliases.address import RESERVED_LOCAL_PARTS, parse


def test_words_make_local_parts_that_hardly_repeat() -> None:
    made = {generate.words() for _ in range(500)}
    assert len(made) > 490
    for local_part in made:
        assert re.fullmatch(r"[a-z]+-[a-z]+-[1-9][0-9]{2}", local_part)
        assert local_part not in RESERVED_LOCAL_PARTS
        found = parse(f"{local_part}@x.test")
        assert found is not None
        assert found.local_part == local_part


def test_there_are_enough_of_them() -> None:
    assert len(set(generate._FIRST)) == len(generate._FIRST)
    assert len(set(generate._SECOND)) == len(generate._SECOND)
    assert len(generate._FIRST) * len(generate._SECOND) * 900 > 2**23
