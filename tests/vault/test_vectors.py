"""Values that earlier versions stored, in vectors.json. They must open for ever: a failure here means that mail already
stored would be lost. A new format gets new vectors beside these; these are never made again."""

import json
import os
from hashlib import sha256
from pathlib import Path
from typing import Any, get_args
from uuid import UUID

import pytest

from app.vault import blind, contents, links, passwords, seal, tokens
from app.vault.chunks import ChunkOpener, ChunkSealer
from app.vault.instance import InstanceKey
from app.vault.keyring import HolderKind, Keyring, instance_holder_key, unwrap_index_key, unwrap_keyring

INSTANCE = InstanceKey("the instance secret of the vectors")
KEYRING = Keyring(seeds=bytes(range(96)), data_key=bytes(range(96, 128)))
HOLDER_KEY = bytes(range(128, 160))
INDEX_KEY = bytes(range(160, 192))


@pytest.fixture(scope="module")
def vectors() -> Any:  # noqa: ANN401  # JSON
    return json.loads(Path(__file__).with_name("vectors.json").read_bytes())


def stored(vectors: dict[str, str], name: str) -> bytes:
    return bytes.fromhex(vectors[name])


def test_the_instance_gives_the_same_keys(vectors: dict[str, str], account_id: UUID) -> None:
    assert INSTANCE.subkey("vectors").hex() == vectors["instance_subkey"]
    assert instance_holder_key(INSTANCE, account_id).hex() == vectors["instance_holder_key"]
    assert unwrap_index_key(INSTANCE, account_id, stored(vectors, "index_key")) == INDEX_KEY


def test_seeds_give_the_same_public_key(vectors: dict[str, str]) -> None:
    assert sha256(KEYRING.public_bytes()).hexdigest() == vectors["public_key_sha256"]
    assert KEYRING.to_bytes() == b"\1" + bytes(range(128))


@pytest.mark.parametrize("kind", get_args(HolderKind))
def test_a_stored_keyring_opens(vectors: dict[str, str], account_id: UUID, other_id: UUID, kind: HolderKind) -> None:
    opened = unwrap_keyring(
        stored(vectors, f"keyring_{kind}"),
        holder_key=HOLDER_KEY,
        account_id=account_id,
        holder_id=other_id,
        kind=kind,
    )
    assert opened.to_bytes() == KEYRING.to_bytes()


@pytest.mark.parametrize("name", ["sealed_message_key", "rewrapped_message_key"])
def test_a_stored_message_opens(vectors: dict[str, str], account_id: UUID, message_id: UUID, name: str) -> None:
    key = seal.open_message_key(KEYRING, account_id=account_id, message_id=message_id, sealed_key=stored(vectors, name))
    assert key == stored(vectors, "message_key")
    summary = seal.open_summary(key, account_id=account_id, message_id=message_id, sealed=stored(vectors, "summary"))
    source = seal.open_source(key, account_id=account_id, message_id=message_id, sealed=stored(vectors, "source"))
    assert (summary, source) == (b"summary", b"source")


def test_a_stored_field_opens(vectors: dict[str, str], account_id: UUID, other_id: UUID) -> None:
    sealed = stored(vectors, "field")
    opened = seal.open_field(KEYRING, account_id=account_id, purpose="vectors", row_id=other_id, sealed=sealed)
    assert opened == b"field"


def test_a_stored_blob_opens(vectors: dict[str, str], other_id: UUID) -> None:
    opener = ChunkOpener(HOLDER_KEY, other_id)
    assert opener.update(stored(vectors, "short_blob")) + opener.finish() == b"a short blob"


def test_a_long_blob_is_sealed_to_the_same_bytes(
    vectors: dict[str, str], other_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "urandom", lambda size: bytes(range(size)))
        sealer = ChunkSealer(HOLDER_KEY, other_id)
    sealed = sealer.update(bytes(200_000)) + sealer.finish()
    assert sha256(sealed).hexdigest() == vectors["long_blob_sha256"]


def test_words_give_the_same_tokens(vectors: dict[str, Any]) -> None:
    words = {"subject": ["word"], "body": ["word", "stra\u00dfe", ""]}
    assert blind.tokens(INDEX_KEY, words) == vectors["tokens"]
    assert blind.digest(INDEX_KEY, b"data").hex() == vectors["digest"]


def test_the_same_content_is_found_and_opened(vectors: dict[str, str], account_id: UUID, other_id: UUID) -> None:
    content_hash = sha256(b"content").digest()
    assert contents.content_digest(INDEX_KEY, content_hash).hex() == vectors["content_digest"]
    locked = stored(vectors, "locked_blob_key")
    opened = contents.unlock_blob_key(
        INDEX_KEY, content_hash, account_id=account_id, blob_id=other_id, locked_key=locked
    )
    assert opened == HOLDER_KEY


def test_secrets_give_the_same_hash_and_key(vectors: dict[str, str]) -> None:
    assert tokens.hash_secret("a secret").hex() == vectors["secret_hash"]
    assert tokens.holder_key("a secret").hex() == vectors["secret_holder_key"]
    assert tokens.is_api_key_shaped(vectors["api_key"])


def test_a_recovery_code_that_was_printed_is_read(vectors: dict[str, Any]) -> None:
    saved = vectors["recovery_code"]
    read = tokens.read_recovery_code(saved["code"].lower().replace("-", " "))
    assert read == saved["code"]
    assert tokens.hash_secret(saved["code"]).hex() == saved["hash"]
    assert tokens.holder_key(saved["code"]).hex() == saved["holder_key"]


def test_a_stored_password_opens(vectors: dict[str, Any]) -> None:
    saved = vectors["password"]
    record = passwords.PasswordRecord(
        salt=bytes.fromhex(saved["salt"]),
        memory_kib=saved["memory_kib"],
        iterations=saved["iterations"],
        lanes=saved["lanes"],
        verifier=saved["verifier"],
    )
    assert passwords.check_password("pass w\u00f6rd", record) == bytes.fromhex(saved["holder_key"])


def test_a_link_handed_out_opens(vectors: dict[str, str]) -> None:
    assert links.open_link(HOLDER_KEY, vectors["link"], now=1_999_999_999) == b"payload"
