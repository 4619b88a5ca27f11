"""TNEF (MS-OXTNEF), the `winmail.dat` that Outlook packs text and files into: bytes that anybody wrote."""

from app.core.messages.tnef.model import MAX_MEMBERS, MAX_TNEF_BYTES, Member, Tnef
from app.core.messages.tnef.reader import read_tnef

__all__ = ["MAX_MEMBERS", "MAX_TNEF_BYTES", "Member", "Tnef", "read_tnef"]
