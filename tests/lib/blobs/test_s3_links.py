"""Links that S3 itself answers: where they lead, what they say, how they are signed and when they end."""

import asyncio
import hashlib
import hmac
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote, urlsplit

import httpx
import pytest

from app.lib.blobs import BlobStore
from app.lib.blobs.s3 import S3Store

Put = Callable[[BlobStore, str, bytes], Coroutine[None, None, None]]
Connect = Callable[..., S3Store]


@pytest.mark.parametrize(
    ("changes", "host", "path"),
    [
        ({"endpoint": None, "region": "eu-central-1"}, "shelf.s3.eu-central-1.amazonaws.com", "/owner/object"),
        ({"endpoint": "https://x.r2.example"}, "x.r2.example", "/shelf/owner/object"),
        ({"endpoint": "https://x.r2.example", "addressing": "virtual"}, "shelf.x.r2.example", "/owner/object"),
    ],
)
def test_the_bucket_is_addressed_as_the_store_wants(
    connect: Connect, changes: dict[str, str], host: str, path: str
) -> None:
    url = connect(bucket="shelf", **changes).presigned_url(
        "owner/object", filename="a", content_type="text/plain", expires_in=60
    )
    assert (urlsplit(url).scheme, urlsplit(url).hostname, urlsplit(url).path) == ("https", host, path)


def test_a_link_downloads_as_an_attachment(s3: S3Store, put: Put) -> None:
    asyncio.run(put(s3, "owner/object", b"%PDF-1.7"))
    url = s3.presigned_url("owner/object", filename="Übersicht.pdf", content_type="application/pdf", expires_in=300)
    answer = httpx.get(url)
    assert answer.content == b"%PDF-1.7"
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"] == (
        "attachment; filename=\"Ubersicht.pdf\"; filename*=UTF-8''%C3%9Cbersicht.pdf"
    )


def test_a_link_is_signed_for_its_time(s3: S3Store) -> None:
    url = s3.presigned_url("owner/object", filename="a b.pdf", content_type="application/pdf", expires_in=300)
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    signature = query.pop("X-Amz-Signature")
    signed_at = datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    assert abs(datetime.now(UTC) - signed_at) < timedelta(minutes=10)
    assert query["X-Amz-Expires"] == "300"
    assert query["X-Amz-Credential"] == f"AKIDTEST/{signed_at:%Y%m%d}/auto/s3/aws4_request"
    assert query["response-content-disposition"] == 'attachment; filename="a b.pdf"'
    assert query["response-content-type"] == "application/pdf"
    assert signature == _signature(parts.netloc, parts.path, query, "hush-hush")


def _signature(host: str, path: str, query: dict[str, str], secret: str) -> str:
    """AWS Signature Version 4 of a presigned GET, from its specification."""
    canonical_query = "&".join(f"{quote(key, safe='')}={quote(value, safe='')}" for key, value in sorted(query.items()))
    request = f"GET\n{path}\n{canonical_query}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD"
    _, *scope = query["X-Amz-Credential"].split("/")
    digest = hashlib.sha256(request.encode()).hexdigest()
    to_sign = f"AWS4-HMAC-SHA256\n{query['X-Amz-Date']}\n{'/'.join(scope)}\n{digest}"
    key = f"AWS4{secret}".encode()
    for part in (*scope, to_sign):
        key = hmac.digest(key, part.encode(), "sha256")
    return key.hex()


@pytest.mark.parametrize("seconds", [0, -1, 604_801])
def test_a_link_has_an_end(s3: S3Store, seconds: int) -> None:
    with pytest.raises(ValueError, match="1 to 604800"):
        s3.presigned_url("owner/object", filename="a", content_type="text/plain", expires_in=seconds)
