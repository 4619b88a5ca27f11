"""Messages as odd as they come, and files whose names no system should be asked to take."""

import base64

from tests.fuzz.samples import MESSAGES

HOSTILE_NAMES = (
    "../../etc/passwd",
    "..\\..\\windows\\system32\\evil.exe",
    "C:\\autoexec.bat",
    "CON",
    "nul.txt",
    "a\x00b.txt",
    "x" * 300 + ".pdf",
    "ä" * 200 + ".pdf",
    'a<b>c:d"e|f?g*h.txt',
    "report.pdf",
    "Report.pdf",
    "report.pdf",
    ".hidden",
    "trailing. ",
    "\u202egpj.exe",
    "",
)


def with_files(names: tuple[str, ...] = HOSTILE_NAMES) -> bytes:
    """A message with a file of each name, the content of each another."""
    parts = [b"--b\r\nContent-Type: text/plain\r\n\r\nhello\r\nFrom the beginning\r\n>From again\r\n"]
    for number, name in enumerate(names):
        encoded = "".join(f"%{byte:02X}" for byte in name.encode())
        head = f"Content-Disposition: attachment; filename*=UTF-8''{encoded}\r\nContent-Transfer-Encoding: base64\r\n"
        body = base64.encodebytes(f"file {number}".encode()).replace(b"\n", b"\r\n")
        parts.append(b"--b\r\nContent-Type: application/octet-stream\r\n" + head.encode() + b"\r\n" + body)
    return (
        b"From: shop@shop.example\r\nSubject: many files\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + b"".join(parts) + b"--b--\r\n"
    )


def with_large_file(data: bytes) -> bytes:
    """A message with one attachment that is cut out."""
    lines = base64.encodebytes(data).replace(b"\n", b"\r\n")
    return (
        b"From: shop@shop.example\r\nSubject: large\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
        b'--b\r\nContent-Type: application/pdf; name="large.pdf"\r\n'
        b'Content-Disposition: attachment; filename="large.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
        + lines
        + b"--b--\r\n"
    )


CORPUS: tuple[bytes, ...] = (
    *(one.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") for one in MESSAGES),
    with_files(),
    with_large_file(bytes(range(256)) * 1024),
    b"Subject: no end",
    b"\r\n",
    b"From: a@b.example\r\n\r\nFrom here\r\n.\r\n..\r\n\x00\xff\r\n",
)
