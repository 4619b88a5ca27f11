"""Mutations that know a target's words: what a bit flip takes hours to spell is put in whole."""

import random
from collections.abc import Callable, Sequence

Mutation = Callable[[bytes, int, int], bytes]
"""(input, most bytes, seed) -> another input, as libFuzzer's custom mutators."""

_LONGEST_REPEAT = 40


def mutation(seeds: Sequence[bytes], tokens: Sequence[bytes], blind: Callable[[bytes, int], bytes]) -> Mutation:
    """Half of the time libFuzzer's own mutations (`blind`), else one to four of ours."""

    def mutate(data: bytes, most: int, seed: int) -> bytes:
        chance = random.Random(seed)
        if chance.random() < 0.5:
            return blind(data, most)
        for _ in range(chance.randint(1, 4)):
            data = chance.choice(_WAYS)(data, chance, seeds, tokens)
        return data[:most]

    return mutate


_Way = Callable[[bytes, random.Random, Sequence[bytes], Sequence[bytes]], bytes]


def _span(data: bytes, chance: random.Random) -> tuple[int, int]:
    """A stretch of the data, short ones more often."""
    start = chance.randint(0, len(data))
    return start, min(len(data), start + int(chance.expovariate(1 / 30)))


def _put_in(data: bytes, chance: random.Random, _seeds: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    place = chance.randint(0, len(data))
    return data[:place] + (chance.choice(tokens) if tokens else b"") + data[place:]


def _replace(data: bytes, chance: random.Random, _seeds: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    start, end = _span(data, chance)
    return data[:start] + (chance.choice(tokens) if tokens else b"") + data[end:]


def _leave_out(data: bytes, chance: random.Random, _seeds: Sequence[bytes], _tokens: Sequence[bytes]) -> bytes:
    start, end = _span(data, chance)
    return data[:start] + data[end:]


def _repeat(data: bytes, chance: random.Random, _seeds: Sequence[bytes], _tokens: Sequence[bytes]) -> bytes:
    start, end = _span(data, chance)
    return data[:end] + data[start:end] * chance.randint(1, _LONGEST_REPEAT) + data[end:]


def _move(data: bytes, chance: random.Random, _seeds: Sequence[bytes], _tokens: Sequence[bytes]) -> bytes:
    start, end = _span(data, chance)
    rest = data[:start] + data[end:]
    place = chance.randint(0, len(rest))
    return rest[:place] + data[start:end] + rest[place:]


def _borrow(data: bytes, chance: random.Random, seeds: Sequence[bytes], _tokens: Sequence[bytes]) -> bytes:
    other = chance.choice(seeds)
    start, end = _span(other, chance)
    place = chance.randint(0, len(data))
    return data[:place] + other[start:end] + data[place:]


def _shuffle_lines(data: bytes, chance: random.Random, _seeds: Sequence[bytes], _tokens: Sequence[bytes]) -> bytes:
    lines = data.split(b"\n")
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return b"\n".join(lines)


_WAYS: tuple[_Way, ...] = (_put_in, _put_in, _replace, _leave_out, _repeat, _move, _borrow, _shuffle_lines)
