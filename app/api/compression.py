"""gzip and zstd for what clients look up, where they accept it (RFC 9110 section 12.5.3).

Answers to changes are never compressed, because they show secrets once. Lists hold the words of many senders, and by
sending guesses and watching lengths one of them might find out another's (BREACH): so each compressed answer has a
header field of random length, which hides a difference of a few bytes among thousands of answers.
"""

import gzip
import secrets
from http import HTTPStatus
from typing import Literal

from litestar.types import HTTPScope

from app.api.answers import Answer
from app.lib import zstd
from app.lib.aside import aside

Coding = Literal["zstd", "gzip"]

_LEAST = 1024
"""Bytes; a smaller answer fits into one packet anyway."""
_GZIP_LEVEL, _ZSTD_LEVEL = 1, 1
_PADDING = 64
_SPEED = 16
"""Compressing takes as long as other work on so many times fewer bytes."""
_TYPES = ("application/json", "application/problem+json", "application/vnd.oai.openapi+json")


async def compress(scope: HTTPScope, answer: Answer) -> None:
    """A step, the last one."""
    if scope["method"] not in {"GET", "HEAD"} or answer.header(b"content-encoding"):
        return
    if answer.status == HTTPStatus.NOT_MODIFIED:
        answer.set_header(b"vary", b"Accept-Encoding")
        return
    if answer.body is None or not answer.header(b"content-type").decode("latin-1").startswith(_TYPES):
        return
    answer.set_header(b"vary", b"Accept-Encoding")
    accepted = b", ".join(value for name, value in scope["headers"] if name == b"accept-encoding").decode("latin-1")
    coding = chosen(accepted) if len(answer.body) >= _LEAST else None
    if coding is None:
        return
    answer.body = await aside(len(answer.body) // _SPEED, _packed, answer.body, coding)
    answer.set_header(b"content-encoding", coding.encode())
    answer.set_header(b"x-padding", b"x" * (1 + secrets.randbelow(_PADDING)))
    tag = answer.header(b"etag")
    if tag:
        answer.set_header(b"etag", tag[:-1] + b"-" + coding.encode() + b'"')


def chosen(accepted: str) -> Coding | None:
    """The best of what an Accept-Encoding field accepts; None: as it is. What is malformed in it is not accepted."""
    weights = {name: weight for name, weight in map(_weighed, accepted.lower().split(",")) if name}
    if "x-gzip" in weights:
        weights.setdefault("gzip", weights["x-gzip"])
    others, best = weights.get("*", 0.0), weights.get("identity", 0.0)
    found: Coding | None = None
    codings: tuple[Coding, ...] = ("zstd", "gzip")
    for coding in codings:
        weight = weights.get(coding, others)
        if weight > best or (found is None and weight == best > 0):
            found, best = coding, weight
    return found


def _weighed(item: str) -> tuple[str, float]:
    name, _, parameter = item.partition(";")
    key, _, value = parameter.replace(" ", "").partition("=")
    if not parameter.strip():
        return name.strip(), 1.0
    try:
        weight = float(value) if key == "q" else 0.0
    except ValueError:
        weight = 0.0
    return name.strip(), weight if 0.0 <= weight <= 1.0 else 0.0


def _packed(body: bytes, coding: Coding) -> bytes:
    if coding == "zstd":
        return zstd.compress(body, level=_ZSTD_LEVEL)
    return gzip.compress(body, _GZIP_LEVEL, mtime=0)
