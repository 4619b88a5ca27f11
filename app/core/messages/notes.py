"""What a reader should know about how a message is made, and the words for it. How it is found out is `labels`'."""

from typing import Literal

import msgspec

NoteCode = Literal[
    "signed_openpgp",
    "signed_smime",
    "signed_smime_opaque",
    "signed",
    "encrypted_openpgp",
    "encrypted_smime",
    "encrypted",
    "smime_certificates",
    "partial",
    "external",
]
_WORDS: dict[NoteCode, str] = {
    "signed_openpgp": "Signed (OpenPGP). Restante did not check the signature.",
    "signed_smime": "Signed (S/MIME). Restante did not check the signature.",
    "signed_smime_opaque": (
        "Signed (S/MIME), the content inside the signature. Restante cannot show it and did not check it: "
        "download the attachment and open it in a mail program."
    ),
    "signed": "Signed, in a way that Restante does not know. It did not check the signature.",
    "encrypted_openpgp": "Encrypted (OpenPGP). Restante has no key to it: download it and open it where your key is.",
    "encrypted_smime": "Encrypted (S/MIME). Restante has no key to it: download it and open it where your key is.",
    "encrypted": "Encrypted, in a way that Restante does not know. Download it and open it where your key is.",
    "smime_certificates": "Brings certificates (S/MIME). Restante did not check them.",
    "partial": "A piece of a message that was sent in several{detail}. Restante does not put them together.",
    "external": "Part of this message lies elsewhere{detail}. Restante did not fetch it.",
}


class Note(msgspec.Struct, frozen=True, order=True):
    """One such thing; `code` is for programs, `words` for people."""

    code: NoteCode
    detail: str = ""

    @property
    def words(self) -> str:
        """A sentence or two."""
        return _WORDS[self.code].format(detail=self.detail)
