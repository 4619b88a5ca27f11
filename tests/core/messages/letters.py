"""Messages of many shapes, written by hand: what tests of reading, opening and showing share."""

INNER = (
    b"From: Lena <lena@inner.example>\r\nTo: team@inner.example\r\nDate: Fri, 20 Nov 2026 08:30:00 +0100\r\n"
    b"Subject: The keys\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=in\r\n\r\n"
    b"--in\r\nContent-Type: multipart/alternative; boundary=alt\r\n\r\n"
    b"--alt\r\n\r\nThe keys lie under the flowerpot.\r\n"
    b"--alt\r\nContent-Type: text/html\r\n\r\n<p>The keys lie under the <b>flowerpot</b>.<img src=cid:pot></p>\r\n"
    b"--alt--\r\n"
    b"--in\r\nContent-Type: image/png\r\nContent-ID: <pot>\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    b"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==\r\n"
    b'--in\r\nContent-Type: application/pdf; name="map.pdf"\r\nContent-Disposition: attachment\r\n\r\n%PDF of a map\r\n'
    b"--in\r\nContent-Type: message/rfc822\r\n\r\n"
    b"From: Max <max@deep.example>\r\nSubject: Where?\r\n\r\nWhere are the keys?\r\n"
    b"--in--\r\n"
)
OUTER = (
    b"From: Ida <ida@outer.example>\r\nTo: ada-alias@restante.test\r\nSubject: Fwd: The keys\r\n"
    b"Content-Type: multipart/mixed; boundary=out\r\n\r\n"
    b"--out\r\n\r\nSee what Lena wrote.\r\n"
    b"--out\r\nContent-Type: message/rfc822\r\n\r\n" + INNER + b"\r\n"
    b'--out\r\nContent-Type: application/pdf; name="rent.pdf"\r\nContent-Disposition: attachment\r\n\r\n'
    b"%PDF of the rent\r\n"
    b"--out--\r\n"
)
BOUNCE = (
    b"From: postmaster@far.example\r\nSubject: Undelivered\r\n"
    b"Content-Type: multipart/report; report-type=delivery-status; boundary=r\r\n\r\n"
    b"--r\r\n\r\nYour message did not arrive.\r\n"
    b"--r\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; far.example\r\n\r\n"
    b"Final-Recipient: rfc822; gone@far.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    b"--r\r\nContent-Type: message/rfc822\r\n\r\nSubject: Hello there\r\n\r\nAre you there?\r\n"
    b"--r--\r\n"
)


def multipart(*parts: bytes, kind: bytes = b"mixed", boundary: bytes = b"b") -> bytes:
    """A body part or message; the parts begin with their own header."""
    inside = b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts)
    end = b"--" + boundary + b"--\r\n"
    return b"Content-Type: multipart/" + kind + b"; boundary=" + boundary + b"\r\n\r\n" + inside + end
