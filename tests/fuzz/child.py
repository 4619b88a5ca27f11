"""One target under Atheris, in a process of its own: `python -m tests.fuzz.child TARGET [libFuzzer's options]`."""

import sys

import atheris

from tests.fuzz import target
from tests.fuzz.mutate import mutation

INSTRUMENTED = ["app", "email", "html", "quopri", "tinycss2", "urllib"]
"""Whose branches guide the fuzzer; what is written in other languages cannot."""


def _blind(data: bytes, most: int) -> bytes:
    """libFuzzer's own mutation. Atheris puts its function in place when the fuzzing begins, so it is looked up late."""
    mutated: bytes = atheris.Mutate(data, most)
    return mutated


def main() -> None:
    name = sys.argv.pop(1)
    with atheris.instrument_imports(include=INSTRUMENTED):
        found = target.load(name)
    atheris.Setup(sys.argv, found.check, custom_mutator=mutation(found.seeds, found.tokens, _blind))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
