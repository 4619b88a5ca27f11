"""What can go wrong with a store, in two voices: for users, without a word about the machine, and for the operator."""

from collections.abc import Mapping
from typing import Literal
from uuid import uuid4

from app.errors import NotFound, Unavailable
from app.lib.blobs import BlobStore

Fault = Literal["storage_full", "storage_refused", "storage_missing", "storage_unreachable", "storage_failed"]


def unavailable(fault: Fault) -> Unavailable:
    """The error for one fault. The cause stays out of it: drivers put paths, addresses and names into theirs."""
    if fault == "storage_full":
        return Unavailable("There is no room to store this now. Please try again later.", code=fault)
    return Unavailable("The file store does not answer. Please try again in a moment.", code=fault)


async def probe(store: BlobStore, advice: Mapping[Fault, str]) -> None:
    """Write, read back and delete a small object. Raises Unavailable with the advice for what went wrong."""
    name = f"probe/{uuid4().hex}"
    try:
        is_same = await _round_trip(store, name)
    except Unavailable as error:
        sentence = next((text for fault, text in advice.items() if fault == error.code), error.detail)
        raise Unavailable(sentence, code=error.code) from None
    if not is_same:
        raise Unavailable(advice["storage_failed"], code="storage_failed")


async def _round_trip(store: BlobStore, name: str) -> bool:
    writer = await store.open_writer(name)
    try:
        await writer.write(name.encode())
        await writer.commit()
    except BaseException:
        await writer.abort()
        raise
    try:
        found = b"".join([chunk async for chunk in store.read(name)])
    except NotFound:
        return False
    finally:
        await store.delete([name])
    return found == name.encode()
