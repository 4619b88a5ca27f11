"""AWS Signature Version 4 as a server checks it, written from its specification alone and without any of its clients.

The specification: "Signature Calculations for the Authorization Header" and "Authenticating Requests: Using Query
Parameters" in the Amazon S3 API reference.
"""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote, unquote
from zlib import crc32

import msgspec

_SKEW = timedelta(minutes=15)
_MAX_EXPIRES = 604_800
_IN_QUERY = "X-Amz-Signature"


class Refused(Exception):
    """How S3 says no: a status and a code."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it came over the wire; names of header fields in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def parameters(self) -> dict[str, str]:
        return dict(parse_qsl(self.query, keep_blank_values=True))


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    access_key: str
    secret_key: str
    region: str
    token: str | None = None


def verify(asked: Asked, credentials: Credentials, now: datetime) -> None:
    """Raises Refused unless the request is signed by these credentials, for now, with the body that came."""
    if _IN_QUERY in asked.parameters:
        _verify_query(asked, credentials, now)
    elif "authorization" in asked.headers:
        _verify_header(asked, credentials, now)
    else:
        raise Refused(403, "AccessDenied")


def _verify_query(asked: Asked, credentials: Credentials, now: datetime) -> None:
    given = asked.parameters
    if given.get("X-Amz-Algorithm") != "AWS4-HMAC-SHA256" or given.get("X-Amz-Security-Token") != credentials.token:
        raise Refused(403, "AuthorizationQueryParametersError")
    signed_at, expires = _moment(given.get("X-Amz-Date", "")), int(given.get("X-Amz-Expires", "0"))
    if not 1 <= expires <= _MAX_EXPIRES:
        raise Refused(400, "AuthorizationQueryParametersError")
    if signed_at > now + _SKEW or now > signed_at + timedelta(seconds=expires):
        raise Refused(403, "AccessDenied")
    rest = [(name, value) for name, value in _pairs(asked.query) if name != _IN_QUERY]
    names = given.get("X-Amz-SignedHeaders", "").split(";")
    scope = _scope(given.get("X-Amz-Credential", ""), credentials, signed_at)
    wanted = _signature(asked, rest, names, "UNSIGNED-PAYLOAD", scope, signed_at, credentials)
    _compare(given[_IN_QUERY], wanted)


def _verify_header(asked: Asked, credentials: Credentials, now: datetime) -> None:
    kind, _, rest = asked.headers["authorization"].partition(" ")
    fields = dict(part.strip().split("=", 1) for part in rest.split(","))
    if kind != "AWS4-HMAC-SHA256" or asked.headers.get("x-amz-security-token") != credentials.token:
        raise Refused(403, "AuthorizationHeaderMalformed")
    signed_at = _moment(asked.headers.get("x-amz-date", ""))
    if abs(now - signed_at) > _SKEW:
        raise Refused(403, "RequestTimeTooSkewed")
    names = fields["SignedHeaders"].split(";")
    must = {name for name in asked.headers if name.startswith("x-amz-")} | {"host"}
    if not must <= set(names):
        raise Refused(403, "AccessDenied")
    payload = _checked_payload(asked)
    scope = _scope(fields["Credential"], credentials, signed_at)
    _compare(
        fields["Signature"],
        _signature(asked, _pairs(asked.query), names, payload, scope, signed_at, credentials),
    )


def _checked_payload(asked: Asked) -> str:
    """The payload's hash as it was signed: only that of the body that came. No trailers, as R2 and older MinIO."""
    payload = asked.headers.get("x-amz-content-sha256", "")
    if payload.startswith("STREAMING") or "aws-chunked" in asked.headers.get("content-encoding", ""):
        raise Refused(501, "NotImplemented")
    if payload != hashlib.sha256(asked.body).hexdigest():
        raise Refused(400, "XAmzContentSHA256Mismatch")
    checks = {
        "content-md5": hashlib.md5(asked.body, usedforsecurity=False).digest(),
        "x-amz-checksum-crc32": crc32(asked.body).to_bytes(4),
    }
    for name, digest in checks.items():
        if name in asked.headers and asked.headers[name] != b64encode(digest).decode():
            raise Refused(400, "BadDigest")
    return payload


def _scope(credential: str, credentials: Credentials, signed_at: datetime) -> str:
    access_key, _, scope = credential.partition("/")
    if access_key != credentials.access_key:
        raise Refused(403, "InvalidAccessKeyId")
    if scope != f"{signed_at:%Y%m%d}/{credentials.region}/s3/aws4_request":
        raise Refused(400, "AuthorizationHeaderMalformed")
    return scope


def _signature(
    asked: Asked,
    pairs: list[tuple[str, str]],
    names: list[str],
    payload: str,
    scope: str,
    signed_at: datetime,
    credentials: Credentials,
) -> str:
    canonical = "\n".join(
        [
            asked.method,
            quote(unquote(asked.path), safe="/-_.~"),
            "&".join(f"{name}={value}" for name, value in sorted((_encoded(n), _encoded(v)) for n, v in pairs)),
            *(f"{name}:{' '.join(asked.headers.get(name, '').split())}" for name in names),
            "",
            ";".join(names),
            payload,
        ]
    )
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{signed_at:%Y%m%dT%H%M%SZ}\n{scope}\n{digest}"
    key = f"AWS4{credentials.secret_key}".encode()
    for part in (*scope.split("/"), text):
        key = hmac.digest(key, part.encode(), "sha256")
    return key.hex()


def _compare(given: str, wanted: str) -> None:
    if not hmac.compare_digest(given, wanted):
        raise Refused(403, "SignatureDoesNotMatch")


def _pairs(query: str) -> list[tuple[str, str]]:
    """As they came: a plus sign is no space here."""
    parts = [part.partition("=") for part in query.split("&") if part]
    return [(unquote(name), unquote(value)) for name, _, value in parts]


def _encoded(text: str) -> str:
    return quote(text, safe="-_.~")


def _moment(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise Refused(403, "AccessDenied") from None
