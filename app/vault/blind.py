"""Keyed tokens by which sealed mail is found: search words, senders, message ids. What a word is (folding, stemming)
is decided in core; who holds the index key can test guesses, so tokens hide words from the database alone.
"""

import struct
from collections.abc import Iterable, Mapping
from hashlib import blake2b

from app.vault.aead import checked_key

_TOKEN_SIZE = 8
_DIGEST_SIZE = 16

# BLAKE2's personalisation (RFC 7693 leaves it to the caller) keeps the two uses of one key apart.
_TOKEN_PERSON = b"restante token"
_DIGEST_PERSON = b"restante digest"


def token(index_key: bytes, field: str, word: str) -> int:
    """The token of `word` in `field`: signed 64 bits, a PostgreSQL bigint; another in every account."""
    return tokens(index_key, {field: [word]})[0]


def tokens(index_key: bytes, words: Mapping[str, Iterable[str]]) -> list[int]:
    """The tokens of the words by field, ascending and each once: a third of a µs a word. Lone surrogates are words too.

    The loop runs some hundred times for every message received, so it does nothing that can be done outside.
    """
    found: list[bytes] = []
    for field, in_field in words.items():
        copy = _field_hasher(index_key, field).copy
        for word in in_field:
            keyed = copy()
            # The usual encoding is the fastest, by a tenth of all this.
            keyed.update(word.encode() if word.isascii() else word.encode("utf-8", "surrogatepass"))
            found.append(keyed.digest())
    return sorted(set(struct.unpack(f">{len(found)}q", b"".join(found))))


def digest(index_key: bytes, data: bytes) -> bytes:
    """16 bytes that only this key and `data` give, for equality where 64 bits might collide."""
    return blake2b(data, digest_size=_DIGEST_SIZE, key=checked_key(index_key), person=_DIGEST_PERSON).digest()


def _field_hasher(index_key: bytes, field: str) -> blake2b:
    """Keyed and fed with the field; its length goes first, so that no field and word run into another pair."""
    name = field.encode()
    hasher = blake2b(digest_size=_TOKEN_SIZE, key=checked_key(index_key), person=_TOKEN_PERSON)
    hasher.update(len(name).to_bytes(4) + name)
    return hasher
