"""Finds out how a message is made: signed, encrypted, in pieces, or lying elsewhere.

By its structure alone: nothing is checked, decrypted or fetched.
"""

import re
from typing import Literal
from urllib.parse import urlsplit

from app.core.messages import headers
from app.core.messages.notes import Note, NoteCode
from app.core.messages.parts import Leaf, parameter
from app.core.messages.transfer import decode_base64
from app.core.messages.tree import ENCLOSED, Node

MAX_NOTES = 20
_BY_PROTOCOL = {
    "pgp-signature": "openpgp",
    "pgp-encrypted": "openpgp",
    "pkcs7-signature": "smime",
    "x-pkcs7-signature": "smime",
    "pkcs7-mime": "smime",
    "x-pkcs7-mime": "smime",
}
_PKCS7 = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
# The object identifiers of signed data (RFC 5652 section 5.1), as DER writes them.
_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
_ARMOUR = re.compile(r"^-----BEGIN PGP (SIGNED )?MESSAGE-----[ \t]*\r?$", re.MULTILINE)
_NUMBER = re.compile(r"[0-9]{1,5}\Z")
_MAX_DETAIL_CHARS = 200


def notes_of(root: Node) -> tuple[Note, ...]:
    """What the tree of a message tells, enclosed messages left out; each once, at most 20. Never raises."""
    found: dict[Note, None] = {}
    stack = [root]
    while stack and len(found) < MAX_NOTES:
        node = stack.pop()
        note = _note(node)
        if note is not None:
            found[note] = None
        if node.kind not in ENCLOSED:
            stack += reversed(node.children)
    return tuple(found)


def notes_in(text: str) -> tuple[Note, ...]:
    """What OpenPGP blocks in a plain text tell (RFC 9580 section 6.2)."""
    kinds = {bool(found[1]) for found in _ARMOUR.finditer(text)}
    return tuple(
        Note("signed_openpgp" if is_signed else "encrypted_openpgp") for is_signed in sorted(kinds, reverse=True)
    )


def _note(node: Node) -> Note | None:
    if node.kind == "multipart/signed":
        return Note(_named("signed", node, node.children[1].kind if len(node.children) > 1 else ""))
    if node.kind == "multipart/encrypted":
        return Note(_named("encrypted", node, node.children[0].kind if node.children else ""))
    if node.kind in _PKCS7 and node.leaf is not None:
        return Note(_smime(node, node.leaf))
    if node.kind == "message/partial":
        return Note("partial", _piece(node))
    if node.kind == "message/external-body":
        return Note("external", _place(node))
    return None


def _named(what: Literal["signed", "encrypted"], node: Node, kind: str) -> NoteCode:
    protocol = (parameter(node.part, "protocol") or kind).lower().strip().rpartition("/")[2]
    method = _BY_PROTOCOL.get(protocol) or _BY_PROTOCOL.get(kind.rpartition("/")[2])
    if method == "openpgp":
        return "signed_openpgp" if what == "signed" else "encrypted_openpgp"
    if method == "smime":
        return "signed_smime" if what == "signed" else "encrypted_smime"
    return what


def _smime(node: Node, leaf: Leaf) -> NoteCode:
    """By the type that is given (RFC 8551 section 3.2.2), else by what stands at the content's front."""
    given = (parameter(node.part, "smime-type") or "").lower()
    if given == "certs-only" or leaf.filename.lower().endswith(".p7c"):
        return "smime_certificates"
    if given == "signed-data" or (not given and _SIGNED_DATA in _front(leaf)):
        return "signed_smime_opaque"
    return "encrypted_smime"


def _front(leaf: Leaf) -> bytes:
    piece = leaf.pieces[0] if leaf.pieces else b""
    if not isinstance(piece, bytes):
        return b""
    return decode_base64(piece[:100])[:40] if leaf.transfer_encoding == "base64" else piece[:40]


def _piece(node: Node) -> str:
    number, total = parameter(node.part, "number") or "", parameter(node.part, "total") or ""
    if not _NUMBER.match(number):
        return ""
    return f": number {number}" + (f" of {total}" if _NUMBER.match(total) else "")


def _place(node: Node) -> str:
    """Where it is said to lie (RFC 2046 section 5.2.3, RFC 2017)."""
    url = "".join((parameter(node.part, "url") or "").split())
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        host = ""
    place = host or parameter(node.part, "site") or parameter(node.part, "server") or ""
    shown = " ".join(headers.text(place).split())[:_MAX_DETAIL_CHARS]
    return f": at {shown}" if shown else ""
