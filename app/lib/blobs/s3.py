"""Objects in an S3-compatible bucket (Amazon S3, Cloudflare R2), for any number of machines."""

from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from app.errors import NotFound, Unavailable
from app.lib.blobs import CHUNK, BlobInfo, check_name, check_prefix, check_range, is_name
from app.lib.blobs.disposition import attachment
from app.lib.blobs.faults import Fault, probe, unavailable
from app.lib.blobs.s3_connection import Addressing, BeyondEnd, Bucket, fault_of, storage_errors
from app.lib.blobs.s3_upload import S3Writer, Upload
from app.lib.blobs.threads import Threads

_THREADS = 16
_CONNECTIONS = 64
"""Kept open. A download keeps its own while its reader is slow, so there may be more of them than threads."""
_DELETED_AT_ONCE = 1000
_BREAKS = 3
_GOOD_STRETCH = 16 * 1024 * 1024
"""Bytes without a break, after which a connection that breaks is no longer one that keeps breaking."""
_MAX_EXPIRY = 7 * 24 * 3600
_MAX_CLOCK_DIFFERENCE = timedelta(minutes=1)
"""Much less than the shortest life of a link, so that one is neither outlived at birth nor dated in the future."""

_ADVICE: dict[Fault, str] = {
    "storage_full": "The bucket is full or its quota is used up: raise the quota at the storage provider.",
    "storage_refused": (
        "The object store refuses the credentials: check S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY and S3_REGION, that "
        "the key may read, write, list and delete in the bucket, and that this machine's clock is right."
    ),
    "storage_missing": "The bucket does not exist: create it, or check S3_BUCKET and S3_ENDPOINT.",
    "storage_unreachable": (
        "The object store cannot be reached: check S3_ENDPOINT, and that this machine may connect to it."
    ),
    "storage_failed": (
        "The object store does not do what was asked: check that S3_ENDPOINT speaks the S3 API, and the provider's "
        "status page."
    ),
}


class S3Store:
    """A BlobStore in one bucket; see Bucket for what the settings mean. Connects at the first use.

    Raises Invalid where the settings cannot be right.
    """

    def __init__(
        self,
        *,
        bucket: str,
        access_key: str,
        secret_key: str,
        endpoint: str | None,
        region: str,
        session_token: str | None = None,
        addressing: Addressing | None = None,
    ) -> None:
        self._bucket = Bucket(
            name=bucket,
            access_key=access_key,
            secret_key=secret_key,
            session_token=session_token,
            endpoint=endpoint,
            region=region,
            addressing=addressing,
            connections=_CONNECTIONS,
        )
        self._threads = Threads("blobs-s3", size=_THREADS)

    @property
    def presigns(self) -> bool:
        """The bucket's own URLs can be signed."""
        return True

    async def open_writer(self, name: str, *, content_type: str = "application/octet-stream") -> S3Writer:
        """See BlobStore."""
        return S3Writer(Upload(self._bucket, check_name(name), content_type), self._threads)

    def read(self, name: str, *, offset: int = 0, length: int | None = None) -> AsyncGenerator[bytes, None]:
        """See BlobStore. A connection that breaks is taken up again where it broke."""
        check_range(offset, length)
        return self._threads.iterate(self._chunks(check_name(name), offset, length))

    async def copy(self, source: str, target: str) -> None:
        """See BlobStore. Inside the bucket; the content type goes along. At most 5 GB."""
        place = self._bucket.place(check_name(source))
        await self._threads.run(self._bucket.call, "copy_object", Key=check_name(target), CopySource=place)

    async def delete(self, names: Sequence[str]) -> None:
        """See BlobStore. A request for every thousand."""
        left = iter([{"Key": check_name(name)} for name in names])
        while batch := list(islice(left, _DELETED_AT_ONCE)):
            await self._threads.run(self._delete, batch)

    async def list(self, prefix: str = "") -> AsyncGenerator[BlobInfo, None]:
        """See BlobStore."""
        async for infos in self._threads.iterate(self._listed(check_prefix(prefix))):
            for info in infos:
                yield info

    async def sweep_partial(self, *, older_than: datetime) -> int:
        """See BlobStore. Parts of unfinished uploads are paid for and are not listed, so they must be given up."""
        return await self._threads.run(self._sweep, older_than)

    async def check(self) -> None:
        """See BlobStore. Also loads boto3, so that the first message does not wait for it."""
        await probe(self, _ADVICE)

    async def check_clock(self) -> None:
        """See BlobStore. Requests may be a quarter of an hour off, which a link of five minutes does not outlive."""
        difference = await self._threads.run(self._bucket.clock_difference)
        if abs(difference) > _MAX_CLOCK_DIFFERENCE:
            seconds = int(difference.total_seconds())
            sentence = f"This machine's clock differs from the object store's by {abs(seconds)} seconds"
            raise Unavailable(f"{sentence}: set it, or links to attachments do not open.", code="storage_refused")

    def presigned_url(self, name: str, *, filename: str, content_type: str, expires_in: int) -> str:
        """See BlobStore. Signing takes well under a millisecond, after a first call or `check`. Raises Unavailable."""
        if not 1 <= expires_in <= _MAX_EXPIRY:
            raise ValueError("a link is valid for 1 to 604800 seconds")
        parameters = {
            "Key": check_name(name),
            "ResponseContentDisposition": attachment(filename),
            "ResponseContentType": content_type,
        }
        return self._bucket.signed_url(parameters, expires_in)

    async def close(self) -> None:
        """See BlobStore."""
        await self._threads.close()
        self._bucket.close()

    def _chunks(self, name: str, offset: int, length: int | None) -> Generator[bytes, None, None]:
        end = None if length is None else offset + length
        if length == 0:
            self._bucket.call("head_object", Key=name)
        condition: dict[str, str] = {}
        breaks, broken_at = 0, offset
        while end is None or offset < end:
            try:
                answer = self._bucket.call("get_object", Key=name, **_range(offset, end), **condition)
            except BeyondEnd:
                return
            # The rest has to come from the same object, should it have been replaced meanwhile.
            condition = {"IfMatch": answer["ETag"]}
            with closing(answer["Body"]) as body:
                try:
                    while chunk := _some(body):
                        offset += len(chunk)
                        yield chunk
                except Unavailable:
                    # A store may close a connection that a slow reader leaves idle, as often as it likes.
                    breaks = breaks + 1 if offset - broken_at < _GOOD_STRETCH else 1
                    broken_at = offset
                    if breaks == _BREAKS:
                        raise
                else:
                    return

    def _delete(self, batch: Sequence[dict[str, str]]) -> None:
        answer = self._bucket.call("delete_objects", Delete={"Objects": batch, "Quiet": True})
        for error in answer.get("Errors", ()):
            raise unavailable(fault_of(error.get("Code", "")))

    def _listed(self, prefix: str) -> Generator[Sequence[BlobInfo], None, None]:
        for page in self._bucket.pages("list_objects_v2", Prefix=prefix):
            yield [
                BlobInfo(name=item["Key"], size=item["Size"], modified_at=item["LastModified"].astimezone(UTC))
                for item in page.get("Contents", ())
                if is_name(item["Key"])
            ]

    def _sweep(self, before: datetime) -> int:
        count = 0
        for page in self._bucket.pages("list_multipart_uploads"):
            for upload in page.get("Uploads", ()):
                if upload["Initiated"] < before and is_name(upload["Key"]):
                    try:
                        self._bucket.call("abort_multipart_upload", Key=upload["Key"], UploadId=upload["UploadId"])
                    except NotFound:
                        continue
                    count += 1
        return count


def _range(offset: int, end: int | None) -> dict[str, str]:
    if end is None:
        return {"Range": f"bytes={offset}-"} if offset else {}
    return {"Range": f"bytes={offset}-{end - 1}"}


def _some(body: Any) -> bytes:  # noqa: ANN401 - boto3 is untyped
    with storage_errors():
        chunk: bytes = body.read(CHUNK)
        return chunk
