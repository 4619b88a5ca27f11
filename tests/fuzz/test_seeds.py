"""What `make fuzz` begins from holds already; so a target that no longer fits the code is seen at once."""

import random

import pytest

from tests.fuzz import target
from tests.fuzz.mutate import mutation


@pytest.mark.parametrize("name", target.names())
def test_every_seed_holds(name: str) -> None:
    found = target.load(name)
    assert found.seeds
    assert max(map(len, found.seeds)) <= found.max_len
    for seed in found.seeds if not found.is_timed else ():
        found.check(seed)


def test_mutations_are_other_inputs_of_bounded_size_and_the_same_for_a_seed() -> None:
    mutate = mutation([b"seed\nof lines\n"], [b"token"], lambda data, _: data[::-1])
    made = [mutate(b"one\ntwo\n", 50, seed) for seed in range(300)]
    assert max(map(len, made)) <= 50
    assert len(set(made)) > 100
    assert made == [mutate(b"one\ntwo\n", 50, seed) for seed in range(300)]
    assert mutate(b"", 50, random.randrange(300)) is not None
