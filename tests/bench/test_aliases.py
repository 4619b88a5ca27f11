"""The file that `python -m bench aliases` brings in is one that the product takes whole."""

from app.core.aliases.files import reading
from bench import aliases


def test_the_file_has_as_many_different_aliases_as_asked_for() -> None:
    file = reading.read(aliases.file_of(2500).encode())
    addresses = [entry.address for entry in file.entries]
    assert len(set(addresses)) == len(addresses) == 2500
