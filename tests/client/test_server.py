"""What becomes of answers that are none, come late, or are somebody else's."""

import re
import socket
from collections.abc import Sequence
from pathlib import Path

import pytest

from app.client.login import Login
from app.client.server import Server
from app.errors import Invalid, LimitReached, NotFound, RestanteError, Unauthenticated, Unavailable
from app.smtp import tls
from tests.client.scripted import HANG_UP, Scripted, answer, problem

OK = answer("200 OK", '{"data": 1}')
BUSY = problem("503 Service Unavailable", "unavailable", "Busy.", Retry_After="2")
LIMITED = problem("429 Too Many Requests", "rate", "Too fast.", Retry_After="5")


class Patient(Server):
    """Notes how long it would have waited."""

    def __init__(self, url: str) -> None:
        self.waited: list[float] = []
        self.told: list[str] = []
        super().__init__(Login(url=url, key="rst_1"), tell=self.told.append, pause=self.waited.append)


def get(answers: Sequence[bytes], path: str = "/x") -> tuple[object, Scripted, Patient]:
    with Scripted(answers) as there, Patient(there.url) as server:
        return server.get(path), there, server


@pytest.mark.parametrize(
    ("answers", "waited"),
    [([OK], []), ([BUSY, OK], [2]), ([LIMITED, BUSY, OK], [5, 2]), ([HANG_UP, OK], [1]), ([HANG_UP, BUSY, OK], [1, 2])],
)
def test_reads_are_tried_again_when_the_server_says(answers: list[bytes], waited: list[float]) -> None:
    found, there, server = get(answers)
    assert found == {"data": 1}
    assert server.waited == waited
    assert len(there.asked) == len(answers)
    assert len(server.told) == len(waited)


def test_a_time_to_wait_for_is_read_by_the_servers_clock() -> None:
    later = problem(
        "503 Service Unavailable",
        "unavailable",
        "Busy.",
        Retry_After="Sat, 21 Nov 2026 09:00:07 GMT",
        Date="Sat, 21 Nov 2026 09:00:00 GMT",
    )
    assert get([later, OK])[2].waited == [7]


@pytest.mark.parametrize(
    ("answers", "error", "words"),
    [
        ([BUSY] * 4, Unavailable, "Busy."),
        ([HANG_UP] * 4, Unavailable, "hung up"),
        ([problem("429 Too Many Requests", "alias_rate", "Too many.", Retry_After="600")], LimitReached, "10 minutes"),
        ([problem("429 Too Many Requests", "rate", "Slower.")], LimitReached, "Slower."),
        ([problem("401 Unauthorized", "wrong_key", "No.")], Unauthenticated, "restante login"),
        ([problem("404 Not Found", "not_found", "None such.")], NotFound, "None such."),
        ([problem("403 Forbidden", "scope_missing", "It lacks x:y.")], RestanteError, "It lacks x:y."),
        ([problem("500 Internal Server Error", "internal", "Ours.")], RestanteError, "Ours."),
        ([answer("502 Bad Gateway", "<html>")], Unavailable, "502"),
        ([answer("404 Not Found", "<html>")], RestanteError, "does not look like"),
        ([answer("200 OK", "<html>")], RestanteError, "does not look like"),
        ([answer("200 OK", "\\ud800")], RestanteError, "does not look like"),
        ([answer("301 Moved", Location="https://new.example/api/v1/x?y")], RestanteError, "--url https://new.example`"),
        ([answer("302 Found", Location="http://[")], RestanteError, "elsewhere"),
        ([answer("200 OK", "{}").replace(b"Length: 2", b"Length: 9")] * 4, Unavailable, "hung up"),
    ],
)
def test_failures_are_sentences(answers: list[bytes], error: type[RestanteError], words: str) -> None:
    with pytest.raises(error) as caught:
        get(answers)
    assert words in caught.value.detail


def test_what_a_server_says_cannot_steer_the_terminal() -> None:
    body = r'{"code": "x", "detail": "a\u001b[2Jb", "errors": [{"field": "f\u0007", "message": "\u202em"}]}'
    with pytest.raises(Invalid) as caught:
        get([answer("422 Unprocessable Entity", body)])
    assert caught.value.detail == "a�[2Jb"
    assert (caught.value.fields[0].field, caught.value.fields[0].message) == ("f�", "�m")


def test_a_post_is_the_same_one_each_time() -> None:
    with Scripted([HANG_UP, BUSY, answer("201 Created", '{"data": 1}')]) as there, Patient(there.url) as server:
        assert server.post("/x", {"a": 1}) == (201, {"data": 1})
    keys = {re.search(rb"idempotency-key: (\S{36})\r\n", one, re.IGNORECASE) for one in there.asked}
    assert len({found[1] for found in keys if found}) == 1
    assert {one.partition(b"\r\n\r\n")[2] for one in there.asked} == {b'{"a":1}'}
    with Scripted([OK]) as again, Patient(again.url) as server:
        server.post("/x", {"a": 1})
    assert re.findall(rb"idempotency-key: (\S+)", again.asked[0].lower()) != re.findall(
        rb"idempotency-key: (\S+)", there.asked[0].lower()
    )


def test_the_key_goes_into_the_header_alone() -> None:
    _, there, _ = get([OK])
    head = there.asked[0].decode()
    assert head.startswith("GET /api/v1/x HTTP/1.1\r\n")
    assert "authorization: bearer rst_1\r\n" in head.lower()
    assert "user-agent: restante/" in head.lower()


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with Patient(f"http://127.0.0.1:{port}") as server, pytest.raises(Unavailable) as caught:
        server.get("/x")
    assert caught.value.detail.startswith(f"Nobody answers at 127.0.0.1:{port}: connection refused.")
    assert server.waited == []


def test_a_certificate_that_nobody_vouches_for(tmp_path: Path) -> None:
    certificate, key = tls.self_signed(tmp_path, "mail.example.org")
    with (
        Scripted([OK], tls.context(certificate, key)) as there,
        Patient(there.url) as server,
        pytest.raises(Unavailable) as caught,
    ):
        server.get("/x")
    assert "is not to be trusted: self" in caught.value.detail
    assert "SSL_CERT_FILE" in caught.value.detail


def test_a_server_that_does_not_speak_tls() -> None:
    with (
        Scripted([OK]) as there,
        Patient(there.url.replace("http:", "https:")) as server,
        pytest.raises(Unavailable) as caught,
    ):
        server.get("/x")
    assert "does not speak TLS" in caught.value.detail


def test_a_stream_that_breaks_off_is_told() -> None:
    half = answer("200 OK", "0123456789").replace(b"Length: 10", b"Length: 20")
    with (
        Scripted([half]) as there,
        Patient(there.url) as server,
        pytest.raises(Unavailable) as caught,
        server.stream("/x") as chunks,
    ):
        list(chunks)
    assert "hung up" in caught.value.detail
