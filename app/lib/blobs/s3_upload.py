"""Writing to a bucket: small objects whole, larger ones in parts. Nothing shows before the commit."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextlib import suppress
from typing import ParamSpec

from app.errors import NotFound, Unavailable
from app.lib.blobs.faults import unavailable
from app.lib.blobs.s3_connection import Bucket
from app.lib.blobs.threads import Threads, result

PART = 8 * 1024 * 1024
"""Bytes in each part but the last: S3 wants at least 5 MiB (10,000 parts at most), R2 wants all of one size."""

_IN_FLIGHT = 2
_P = ParamSpec("_P")


class S3Writer:
    """Collects one part while at most two others are on their way, so that it holds 24 MiB at most."""

    def __init__(self, upload: "Upload", threads: Threads) -> None:
        self._upload = upload
        self._threads = threads
        self._buffer = bytearray()
        self._count = 0
        self._jobs: deque[Future[None]] = deque()
        self._discarding: Future[None] | None = None
        self._is_over = False
        self._is_whole = True
        self._has_started = False

    async def write(self, data: bytes) -> None:
        """See BlobWriter."""
        self._require_open()
        self._is_whole = False
        rest = memoryview(data)
        while rest:
            if len(self._buffer) == PART:
                await self._send_part()
            taken = rest[: PART - len(self._buffer)]
            self._buffer += taken
            rest = rest[len(taken) :]
        self._is_whole = True

    async def commit(self) -> None:
        """See BlobWriter."""
        self._require_open()
        if not self._is_whole:
            # A write was cancelled or failed half-way: what would be stored here is not what the caller meant.
            raise unavailable("storage_failed")
        if self._count:
            await self._send_part()
            await self._settle(0)
            await self._do(self._upload.complete)
        else:
            await self._do(self._upload.put_whole, self._buffer)
        self._is_over = True

    async def abort(self) -> None:
        """See BlobWriter."""
        if not self._is_over and self._has_started:
            self._discarding = self._threads.start(self._discard)
        self._is_over = True
        if self._discarding is not None:
            await result(self._discarding)

    def _require_open(self) -> None:
        if self._is_over:
            raise RuntimeError("this writer is closed")

    async def _send_part(self) -> None:
        if not self._count:
            await self._do(self._upload.begin)
        await self._settle(_IN_FLIGHT - 1)
        self._count += 1
        part, self._buffer = self._buffer, bytearray()
        self._jobs.append(self._threads.start(self._upload.put_part, self._count, part))

    async def _do(self, job: Callable[_P, None], *args: _P.args, **kwargs: _P.kwargs) -> None:
        self._has_started = True
        self._jobs.append(self._threads.start(job, *args, **kwargs))
        await self._settle(0)

    async def _settle(self, limit: int) -> None:
        """Wait until at most `limit` jobs are under way. One that failed stays, and fails every later call too."""
        while len(self._jobs) > limit:
            await result(self._jobs[0])
            self._jobs.popleft()

    def _discard(self) -> None:
        # Waiting for jobs in one of their own threads is safe: those that have no thread yet are cancelled.
        wait([job for job in self._jobs if not job.cancel()])
        with suppress(Unavailable):
            self._upload.discard()


class Upload:
    """The requests for one object. Blocking; parts may be sent from two threads at once."""

    def __init__(self, bucket: Bucket, name: str, content_type: str) -> None:
        self._bucket = bucket
        self._name = name
        self._content_type = content_type
        self._id = ""
        self._parts: dict[int, str] = {}
        self._may_be_there = False

    def put_whole(self, data: bytearray) -> None:
        """Store an object in one request."""
        self._may_be_there = True
        self._bucket.call("put_object", Key=self._name, Body=data, ContentType=self._content_type)

    def begin(self) -> None:
        """Open a multipart upload."""
        answer = self._bucket.call("create_multipart_upload", Key=self._name, ContentType=self._content_type)
        self._id = answer["UploadId"]

    def put_part(self, number: int, data: bytearray) -> None:
        """Send one part; the first is number 1. Sending a part again replaces it, so retries are harmless."""
        answer = self._bucket.call("upload_part", Key=self._name, UploadId=self._id, PartNumber=number, Body=data)
        self._parts[number] = answer["ETag"]

    def complete(self) -> None:
        """Make the object of its parts."""
        self._may_be_there = True
        parts = [{"PartNumber": number, "ETag": etag} for number, etag in sorted(self._parts.items())]
        try:
            self._bucket.call(
                "complete_multipart_upload", Key=self._name, UploadId=self._id, MultipartUpload={"Parts": parts}
            )
        except NotFound:
            # The upload is gone: it was swept, or an earlier attempt did it and only its answer was lost.
            self._require_completed()

    def discard(self) -> None:
        """Give up the upload, and the object if a commit may have made it."""
        if self._id:
            with suppress(NotFound):
                self._bucket.call("abort_multipart_upload", Key=self._name, UploadId=self._id)
        if self._may_be_there:
            self._bucket.call("delete_object", Key=self._name)

    def _require_completed(self) -> None:
        try:
            etag = str(self._bucket.call("head_object", Key=self._name)["ETag"])
        except NotFound:
            raise unavailable("storage_failed") from None
        # An object made of n parts has an ETag that ends with -n, at Amazon and at R2.
        if not etag.strip('"').endswith(f"-{len(self._parts)}"):
            raise unavailable("storage_failed")
