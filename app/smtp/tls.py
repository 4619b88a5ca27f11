"""TLS for STARTTLS (RFC 3207): with the operator's certificate, or a self-signed one made for development.

Senders do not verify an MX's certificate unless told to (MTA-STS, DANE), so a self-signed one still keeps mail from
being read on the way.
"""

import os
import ssl
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.lib.times import utc_now

_LIFETIME = timedelta(days=3650)


def context(certificate: Path, key: Path) -> ssl.SSLContext:
    """The server's side, TLS 1.2 and later. Raises OSError and ssl.SSLError for files that are no PEM pair."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.load_cert_chain(certificate, key)
    return made


def self_signed(folder: Path, hostname: str) -> tuple[Path, Path]:
    """(certificate, key) kept in `folder`, made there the first time; the key's file has mode 0600."""
    certificate, key = folder / "smtp-self-signed.pem", folder / "smtp-self-signed.key"
    if not (certificate.exists() and key.exists()):
        private = ec.generate_private_key(ec.SECP256R1())
        pem = private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        _write(key, pem, mode=0o600)
        _write(certificate, _certificate(private, hostname).public_bytes(serialization.Encoding.PEM), mode=0o644)
    return certificate, key


def _certificate(private: ec.EllipticCurvePrivateKey, hostname: str) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, hostname[:64])])
    now = utc_now()
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(hostname)]), critical=False)
        .sign(private, hashes.SHA256())
    )


def _write(path: Path, content: bytes, *, mode: int) -> None:
    partial = path.with_name(path.name + ".new")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
    partial.replace(path)
