"""One bucket behind the S3 API: the client, made when first needed, and the driver's errors made ours."""

import hashlib
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from app.errors import Invalid, NotFound, Unavailable
from app.lib.blobs.faults import Fault, unavailable

Addressing = Literal["path", "virtual"]

_CONNECT_SECONDS, _READ_SECONDS = 5, 30
_ATTEMPTS = 4

_NOT_FOUND = frozenset({"NoSuchKey", "NoSuchUpload", "404", "NotFound"})
_FAULTS: dict[str, Fault] = {
    "NoSuchBucket": "storage_missing",
    "AccessDenied": "storage_refused",
    "AllAccessDisabled": "storage_refused",
    "AuthorizationHeaderMalformed": "storage_refused",
    "ExpiredToken": "storage_refused",
    "InvalidAccessKeyId": "storage_refused",
    "InvalidToken": "storage_refused",
    "PermanentRedirect": "storage_refused",
    "RequestTimeTooSkewed": "storage_refused",
    "SignatureDoesNotMatch": "storage_refused",
    "Unauthorized": "storage_refused",
    "401": "storage_refused",
    "403": "storage_refused",
    "507": "storage_full",
    "QuotaExceeded": "storage_full",
    "XMinioStorageFull": "storage_full",
}


class BeyondEnd(Unavailable):
    """A range was asked for that starts at or after the object's end."""

    def __init__(self) -> None:
        super().__init__("The part asked for lies beyond the end.", code="storage_failed")


class Bucket:
    """Calls on one bucket, from any thread. Loading boto3 costs about 250 ms and 10 MB, so only the first call does.

    `endpoint` None means Amazon, where `region` must be the bucket's; R2's region is `auto`. Addressing is by path
    on an endpoint of one's own (every store can), by host name at Amazon (which asks for it), but for a name with
    dots, which no certificate covers there. Keys that come with a `session_token` end when that does.
    """

    def __init__(
        self,
        *,
        name: str,
        access_key: str,
        secret_key: str,
        session_token: str | None,
        endpoint: str | None,
        region: str,
        addressing: Addressing | None,
        connections: int,
    ) -> None:
        if endpoint is None and region == "auto":
            raise Invalid.field("S3_REGION", "Amazon S3 needs the bucket's region, such as eu-central-1.")
        self._name = name
        self._access_key, self._secret_key, self._session_token = access_key, secret_key, session_token
        self._endpoint, self._region = endpoint, region
        self._addressing = addressing or ("virtual" if endpoint is None and "." not in name else "path")
        self._connections = connections
        self._lock = threading.Lock()
        self._client: Any = None

    def call(self, operation: str, **parameters: object) -> Any:  # noqa: ANN401 - boto3 is untyped
        """One operation by its boto3 name. Raises NotFound, BeyondEnd, Unavailable."""
        with storage_errors():
            return getattr(self._connected(), operation)(Bucket=self._name, **parameters)

    def pages(self, operation: str, **parameters: object) -> Iterator[dict[str, Any]]:
        """The pages of a listing operation. Raises Unavailable."""
        with storage_errors():
            yield from self._connected().get_paginator(operation).paginate(Bucket=self._name, **parameters)

    def place(self, key: str) -> dict[str, str]:
        """Where a copy comes from."""
        return {"Bucket": self._name, "Key": key}

    def signed_url(self, parameters: dict[str, str], expires_in: int) -> str:
        """A GET of one object that anyone may make for so many seconds. Raises Unavailable."""
        with storage_errors():
            url: str = self._connected().generate_presigned_url(
                "get_object", Params={"Bucket": self._name, **parameters}, ExpiresIn=expires_in
            )
            return url

    def clock_difference(self) -> timedelta:
        """How far this machine's clock is before the store's, to a second or two. Raises Unavailable."""
        with storage_errors():
            answer = self.call("head_bucket")
            date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
            return datetime.now(UTC) - parsedate_to_datetime(date) if date else timedelta()

    def close(self) -> None:
        """Close the connections that are kept open."""
        with self._lock:
            if self._client is not None:
                self._client.close()

    def _connected(self) -> Any:  # noqa: ANN401 - boto3 is untyped
        with self._lock:
            if self._client is None:
                self._client = self._connect()
            return self._client

    def _connect(self) -> Any:  # noqa: ANN401 - boto3 is untyped
        from boto3.session import Session  # noqa: PLC0415 - slow and large, and only for those who use a bucket
        from botocore.config import Config  # noqa: PLC0415 - same

        session = Session(
            aws_access_key_id=self._access_key,
            aws_secret_access_key=self._secret_key,
            aws_session_token=self._session_token,
        )
        client = session.client(
            "s3",
            endpoint_url=self._endpoint,
            region_name=self._region,
            config=Config(
                signature_version="s3v4",
                s3={"addressing_style": self._addressing},
                connect_timeout=_CONNECT_SECONDS,
                read_timeout=_READ_SECONDS,
                retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
                max_pool_connections=self._connections,
                tcp_keepalive=True,
                ignore_configured_endpoint_urls=True,
                # By default boto3 (since 1.36) adds checksum trailers to uploads, which R2 refuses as unauthorised.
                # Uploads are checked all the same: their SHA-256 is part of the signature.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )
        client.meta.events.register("before-call.s3.DeleteObjects", _add_md5)
        return client


def _add_md5(params: dict[str, Any], **_: object) -> None:
    """Since 1.36 boto3 sends a newer checksum in its place, which older MinIO and others refuse; all know this one."""
    digest = hashlib.md5(params["body"], usedforsecurity=False).digest()
    params["headers"]["Content-MD5"] = b64encode(digest).decode()
    params["context"].pop("checksum", None)


def fault_of(code: str) -> Fault:
    """The fault behind an error code of the S3 API."""
    return _FAULTS.get(code, "storage_failed")


@contextmanager
def storage_errors() -> Iterator[None]:
    """Turns the driver's errors into NotFound, BeyondEnd or Unavailable, without their texts: those hold addresses."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - see Bucket._connect

    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in _NOT_FOUND:
            raise NotFound from None
        if code in {"InvalidRange", "416"}:
            raise BeyondEnd from None
        raise unavailable(fault_of(code)) from None
    except BotoCoreError as error:
        raise unavailable(_fault(error)) from None
    except (ValueError, OSError):
        # Such as what botocore says to an endpoint that is no URL, with the endpoint in it.
        raise unavailable("storage_unreachable") from None


def _fault(error: Exception) -> Fault:
    from botocore import exceptions  # noqa: PLC0415 - see Bucket._connect

    if isinstance(error, (exceptions.ConnectionError, exceptions.HTTPClientError, exceptions.IncompleteReadError)):
        return "storage_unreachable"
    return "storage_missing" if isinstance(error, exceptions.ParamValidationError) else "storage_failed"
