import pytest

from app.core.messages import read
from app.core.messages.labels import notes_in
from app.core.messages.model import Layout
from app.core.messages.notes import Note
from tests.core.messages.letters import multipart

NOTHING_CUT = Layout(marker="", cuts=(), blobs=())
TEXT = b"\r\nwords"


def part(content_type: bytes, content: bytes = b"x", encoding: bytes = b"7bit") -> bytes:
    return b"Content-Type: " + content_type + b"\r\nContent-Transfer-Encoding: " + encoding + b"\r\n\r\n" + content


@pytest.mark.parametrize(
    ("raw", "codes"),
    [
        (multipart(TEXT, part(b"application/pgp-signature"), kind=b"signed"), ["signed_openpgp"]),
        (multipart(TEXT, kind=b'signed; protocol="application/pgp-signature"'), ["signed_openpgp"]),
        (multipart(TEXT, part(b"application/pkcs7-signature"), kind=b"signed"), ["signed_smime"]),
        (multipart(TEXT, kind=b"signed; protocol=application/x-pkcs7-signature"), ["signed_smime"]),
        (multipart(TEXT, part(b"application/odd"), kind=b"signed; protocol=application/odd"), ["signed"]),
        (multipart(part(b"application/pgp-encrypted"), part(b"a/b"), kind=b"encrypted"), ["encrypted_openpgp"]),
        (multipart(part(b"a/b"), kind=b"encrypted"), ["encrypted"]),
        (part(b"application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m"), ["encrypted_smime"]),
        (part(b"application/x-pkcs7-mime; smime-type=signed-data"), ["signed_smime_opaque"]),
        (part(b"application/pkcs7-mime; smime-type=certs-only"), ["smime_certificates"]),
        (part(b"application/pkcs7-mime; name=smime.p7c"), ["smime_certificates"]),
        (part(b"application/pkcs7-mime", b"MIAGCSqGSIb3DQEHAqCA", b"base64"), ["signed_smime_opaque"]),
        (part(b"application/pkcs7-mime", b"MIAGCSqGSIb3DQEHA6CA", b"base64"), ["encrypted_smime"]),
        (part(b"message/partial; number=2; total=3; id=x"), ["partial"]),
        (part(b"message/external-body; access-type=URL; URL=x"), ["external"]),
        (multipart(part(b"message/rfc822", multipart(TEXT, kind=b"signed"))), []),
        (TEXT, []),
    ],
)
def test_the_structure_tells_how_a_message_was_made(raw: bytes, codes: list[str]) -> None:
    assert [note.code for note in read.read(raw, NOTHING_CUT).notes] == codes


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (
            part(b"message/partial; number=2; total=3"),
            "A piece of a message that was sent in several: number 2 of 3. Restante does not put them together.",
        ),
        (
            part(b"message/partial; number=x"),
            "A piece of a message that was sent in several. Restante does not put them together.",
        ),
        (
            part(b'message/external-body; access-type=url; url="https://far.example/a b"'),
            "Part of this message lies elsewhere: at far.example. Restante did not fetch it.",
        ),
        (
            part(b"message/external-body; access-type=anon-ftp; site=ftp.far.example"),
            "Part of this message lies elsewhere: at ftp.far.example. Restante did not fetch it.",
        ),
        (
            multipart(TEXT, part(b"application/pgp-signature"), kind=b"signed"),
            "Signed (OpenPGP). Restante did not check the signature.",
        ),
    ],
)
def test_notes_have_plain_words(raw: bytes, words: str) -> None:
    (note,) = read.read(raw, NOTHING_CUT).notes
    assert note.words == words


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("-----BEGIN PGP MESSAGE-----\r\n\r\nhQ", ["encrypted_openpgp"]),
        ("Hi\n-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256", ["signed_openpgp"]),
        ("-----BEGIN PGP MESSAGE-----\n-----BEGIN PGP SIGNED MESSAGE-----\n", ["signed_openpgp", "encrypted_openpgp"]),
        ("> -----BEGIN PGP MESSAGE-----", []),
        ("-----BEGIN PGP PUBLIC KEY BLOCK-----", []),
    ],
)
def test_blocks_in_the_text_are_told(text: str, codes: list[str]) -> None:
    assert [note.code for note in notes_in(text)] == codes


def test_every_note_has_words() -> None:
    for code in Note.__annotations__["code"].__args__:
        assert Note(code).words
