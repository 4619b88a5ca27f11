"""An S3 server on loopback that believes nothing: it checks every signature, date, digest and rule of the protocol.

It stands beside moto, which knows far more of S3 but checks none of that. Faults are injected by name.
"""

import hashlib
import re
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Literal
from urllib.parse import unquote
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import msgspec

from tests.lib.blobs.sigv4 import Asked, Credentials, Refused, verify

MIN_PART = 5 * 1024 * 1024
_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'

Fault = Literal["slow_down", "reset", "done_and_reset", "stall", "error_in_200", "skewed"]


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """An object, or a part of one."""

    data: bytes
    etag: str
    content_type: str = "binary/octet-stream"
    modified_at: datetime


class Upload(msgspec.Struct, kw_only=True):
    """Parts on their way."""

    key: str
    content_type: str
    initiated_at: datetime
    parts: dict[int, Stored] = {}


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = {}


class StrictS3(ThreadingHTTPServer):
    """One bucket for one pair of keys. `skew` moves the server's clock; `faults` are taken by operation, in order."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, bucket: str, credentials: Credentials, *, base_path: str = "") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.bucket = bucket
        self.credentials = credentials
        self.base_path = base_path
        self.skew = timedelta()
        self.page_size = 1000
        self.objects: dict[str, Stored] = {}
        self.uploads: dict[str, Upload] = {}
        self.faults: list[tuple[str, Fault]] = []
        self.done: list[str] = []
        """Operations that were allowed, in order."""
        self.refused: list[str] = []
        self.released = threading.Event()
        self.lock = threading.Lock()
        self._numbers = count(1)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.base_path}"

    @property
    def now(self) -> datetime:
        return datetime.now(UTC).replace(microsecond=0) + self.skew

    def take_fault(self, operation: str) -> Fault | None:
        with self.lock:
            for place, (name, fault) in enumerate(self.faults):
                if name == operation:
                    del self.faults[place]
                    return fault
        return None

    def upload(self, upload_id: str, key: str) -> Upload:
        found = self.uploads.get(upload_id)
        if found is None or found.key != key:
            raise Refused(404, "NoSuchUpload")
        return found

    def perform(self, operation: str, key: str, asked: Asked) -> Answer:
        """Do what was asked, its signature being right."""
        with self.lock:
            return _OPERATIONS[operation](self, key, asked)

    def next_id(self) -> str:
        return f"upload-{next(self._numbers)}+/="


def _stored(server: StrictS3, data: bytes, content_type: str = "binary/octet-stream") -> Stored:
    etag = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return Stored(data=data, etag=etag, content_type=content_type, modified_at=server.now)


def _found(server: StrictS3, key: str) -> Stored:
    if key not in server.objects:
        raise Refused(404, "NoSuchKey")
    return server.objects[key]


def _put_object(server: StrictS3, key: str, asked: Asked) -> Answer:
    server.objects[key] = _stored(server, asked.body, asked.headers.get("content-type", "binary/octet-stream"))
    return Answer(headers={"ETag": f'"{server.objects[key].etag}"'})


def _copy_object(server: StrictS3, key: str, asked: Asked) -> Answer:
    bucket, _, source = unquote(asked.headers["x-amz-copy-source"]).lstrip("/").partition("/")
    if bucket != server.bucket:
        raise Refused(404, "NoSuchBucket")
    server.objects[key] = msgspec.structs.replace(_found(server, source), modified_at=server.now)
    return _xml(f'<CopyObjectResult><ETag>"{server.objects[key].etag}"</ETag></CopyObjectResult>')


def _get_object(server: StrictS3, key: str, asked: Asked) -> Answer:
    found = _found(server, key)
    etag = f'"{found.etag}"'
    if asked.headers.get("if-match", etag) != etag:
        raise Refused(412, "PreconditionFailed")
    headers = {
        "ETag": etag,
        "Content-Type": found.content_type,
        "Last-Modified": format_datetime(found.modified_at, usegmt=True),
        "Accept-Ranges": "bytes",
    }
    for name, value in asked.parameters.items():
        if name.startswith("response-"):
            headers[name.removeprefix("response-").title()] = value
    span = re.fullmatch(r"bytes=(\d+)-(\d*)", asked.headers.get("range", ""))
    if span is None:
        return Answer(body=found.data, headers=headers)
    start, end = int(span[1]), min(int(span[2] or len(found.data)) + 1, len(found.data))
    if start >= len(found.data):
        raise Refused(416, "InvalidRange")
    headers["Content-Range"] = f"bytes {start}-{end - 1}/{len(found.data)}"
    return Answer(status=206, body=found.data[start:end], headers=headers)


def _delete_object(server: StrictS3, key: str, _asked: Asked) -> Answer:
    server.objects.pop(key, None)
    return Answer(status=204)


def _delete_objects(server: StrictS3, _key: str, asked: Asked) -> Answer:
    # Required by the API; older MinIO and others take no newer checksum in its place.
    if "content-md5" not in asked.headers:
        raise Refused(400, "MissingContentMD5")
    keys = [node.text or "" for node in _tree(asked.body).iter("Key")]
    if not 1 <= len(keys) <= 1000:
        raise Refused(400, "MalformedXML")
    for key in keys:
        server.objects.pop(key, None)
    return _xml("<DeleteResult></DeleteResult>")


def _create_upload(server: StrictS3, key: str, asked: Asked) -> Answer:
    upload_id = server.next_id()
    content_type = asked.headers.get("content-type", "binary/octet-stream")
    server.uploads[upload_id] = Upload(key=key, content_type=content_type, initiated_at=server.now)
    told = f"<Bucket>{server.bucket}</Bucket><Key>{escape(key)}</Key><UploadId>{upload_id}</UploadId>"
    return _xml(f"<InitiateMultipartUploadResult>{told}</InitiateMultipartUploadResult>")


def _upload_part(server: StrictS3, key: str, asked: Asked) -> Answer:
    given = asked.parameters
    upload, number = server.upload(given["uploadId"], key), int(given["partNumber"])
    if not 1 <= number <= 10_000:
        raise Refused(400, "InvalidArgument")
    upload.parts[number] = _stored(server, asked.body)
    return Answer(headers={"ETag": f'"{upload.parts[number].etag}"'})


def _complete_upload(server: StrictS3, key: str, asked: Asked) -> Answer:
    upload_id = asked.parameters["uploadId"]
    upload = server.upload(upload_id, key)
    named = [
        (int(part.findtext("PartNumber") or 0), (part.findtext("ETag") or "").strip('"'))
        for part in _tree(asked.body).iter("Part")
    ]
    numbers = [number for number, _ in named]
    if not numbers:
        raise Refused(400, "MalformedXML")
    if numbers != sorted(set(numbers)):
        raise Refused(400, "InvalidPartOrder")
    if any(number not in upload.parts or upload.parts[number].etag != etag for number, etag in named):
        raise Refused(400, "InvalidPart")
    parts = [upload.parts[number] for number in numbers]
    # R2 wants all parts but the last of one size besides.
    if any(len(part.data) < MIN_PART for part in parts[:-1]) or len({len(part.data) for part in parts[:-1]}) > 1:
        raise Refused(400, "EntityTooSmall")
    digests = b"".join(bytes.fromhex(part.etag) for part in parts)
    etag = f"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(parts)}"
    data = b"".join(part.data for part in parts)
    server.objects[key] = Stored(data=data, etag=etag, content_type=upload.content_type, modified_at=server.now)
    del server.uploads[upload_id]
    return _xml(f'<CompleteMultipartUploadResult><ETag>"{etag}"</ETag></CompleteMultipartUploadResult>')


def _abort_upload(server: StrictS3, key: str, asked: Asked) -> Answer:
    server.upload(asked.parameters["uploadId"], key)
    del server.uploads[asked.parameters["uploadId"]]
    return Answer(status=204)


def _list_objects(server: StrictS3, _key: str, asked: Asked) -> Answer:
    given = asked.parameters
    after = given.get("continuation-token", "")
    keys = sorted(key for key in server.objects if key.startswith(given.get("prefix", "")) and key > after)
    page, is_cut = keys[: server.page_size], len(keys) > server.page_size
    told = "".join(
        f"<Contents><Key>{escape(key)}</Key><LastModified>{_iso(server.objects[key].modified_at)}</LastModified>"
        f"<Size>{len(server.objects[key].data)}</Size></Contents>"
        for key in page
    )
    following = f"<NextContinuationToken>{page[-1]}</NextContinuationToken>" if is_cut else ""
    told += f"<IsTruncated>{str(is_cut).lower()}</IsTruncated>{following}"
    return _xml(f"<ListBucketResult>{told}</ListBucketResult>")


def _list_uploads(server: StrictS3, _key: str, _asked: Asked) -> Answer:
    told = "".join(
        f"<Upload><Key>{escape(upload.key)}</Key><UploadId>{upload_id}</UploadId>"
        f"<Initiated>{_iso(upload.initiated_at)}</Initiated></Upload>"
        for upload_id, upload in server.uploads.items()
    )
    told += "<IsTruncated>false</IsTruncated>"
    return _xml(f"<ListMultipartUploadsResult>{told}</ListMultipartUploadsResult>")


def _head_bucket(_server: StrictS3, _key: str, _asked: Asked) -> Answer:
    return Answer()


_OPERATIONS: dict[str, Callable[[StrictS3, str, Asked], Answer]] = {
    "PutObject": _put_object,
    "CopyObject": _copy_object,
    "GetObject": _get_object,
    "HeadObject": _get_object,
    "DeleteObject": _delete_object,
    "DeleteObjects": _delete_objects,
    "CreateMultipartUpload": _create_upload,
    "UploadPart": _upload_part,
    "CompleteMultipartUpload": _complete_upload,
    "AbortMultipartUpload": _abort_upload,
    "ListObjectsV2": _list_objects,
    "ListMultipartUploads": _list_uploads,
    "HeadBucket": _head_bucket,
}


def _operation(asked: Asked, key: str) -> str:
    given, method = asked.parameters, asked.method
    if not key:
        bucket = {"HEAD": "HeadBucket", "POST": "DeleteObjects" if "delete" in given else ""}
        listing = "ListMultipartUploads" if "uploads" in given else "ListObjectsV2" if "list-type" in given else ""
        return (bucket | {"GET": listing}).get(method, "")
    if "uploadId" in given:
        named = {"PUT": "UploadPart", "POST": "CompleteMultipartUpload", "DELETE": "AbortMultipartUpload"}
    elif "uploads" in given:
        named = {"POST": "CreateMultipartUpload"}
    else:
        put = "CopyObject" if "x-amz-copy-source" in asked.headers else "PutObject"
        named = {"GET": "GetObject", "HEAD": "HeadObject", "DELETE": "DeleteObject", "PUT": put}
    return named.get(method, "")


class _Handler(BaseHTTPRequestHandler):
    server: StrictS3
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The Date field, by the server's own clock."""
        del timestamp
        return format_datetime(self.server.now, usegmt=True)

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        length = int(headers.get("content-length", "0"))
        key = self._key(unquote(path), headers["host"])
        probe = Asked(method=self.command, path=path, query=query, headers=headers, body=b"")
        operation = "" if key is None else _operation(probe, key)
        fault = self.server.take_fault(operation)
        if fault in {"reset", "stall"}:
            self.rfile.read(length // 2)
            if fault == "stall":
                self.server.released.wait(30)
            self._reset()
            return
        asked = msgspec.structs.replace(probe, body=self.rfile.read(length))
        try:
            answer = self._answer(operation, key or "", asked, fault)
        except Refused as refusal:
            self.server.refused.append(refusal.code)
            answer = _error(refusal.status, refusal.code)
        if fault == "done_and_reset":
            self._reset()
        else:
            self._send(answer)

    do_HEAD = do_PUT = do_POST = do_DELETE = do_GET  # noqa: N815 - named so by http.server

    def _answer(self, operation: str, key: str, asked: Asked, fault: Fault | None) -> Answer:
        verify(asked, self.server.credentials, self.server.now)
        if not operation:
            raise Refused(404, "NoSuchBucket")
        if fault == "slow_down":
            raise Refused(503, "SlowDown")
        if fault == "error_in_200":
            return msgspec.structs.replace(_error(200, "InternalError"), status=200)
        self.server.done.append(operation)
        return self.server.perform(operation, key, asked)

    def _key(self, path: str, host: str) -> str | None:
        """The key, empty for the bucket itself, None where the bucket is another."""
        server = self.server
        if host.startswith(f"{server.bucket}.s3.test"):
            return path.removeprefix("/")
        if not path.startswith(f"{server.base_path}/"):
            return None
        bucket, _, key = path.removeprefix(f"{server.base_path}/").partition("/")
        return key if bucket == server.bucket else None

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def _reset(self) -> None:
        # With a linger time of zero the connection ends by RST, as when a server dies.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        self.connection.close()
        self.close_connection = True
        self.rfile.close()


def _xml(inside: str) -> Answer:
    return Answer(body=(_XML + inside).encode(), headers={"Content-Type": "application/xml"})


def _error(status: int, code: str) -> Answer:
    told = _xml(f"<Error><Code>{code}</Code><Message>no</Message></Error>")
    return msgspec.structs.replace(told, status=status)


def _iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.000Z"


def _tree(body: bytes) -> ET.Element:
    text = re.sub(r' xmlns="[^"]*"', "", body.decode())
    return ET.fromstring(text)  # noqa: S314 - what our own client sends to our own server
