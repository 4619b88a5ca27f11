"""The mail process as it runs in earnest: on uvloop, with its logs, until SIGTERM."""

import asyncio
import json
import os
import smtplib
import socket
import sys
from pathlib import Path

import pytest

from app.lib.listener import bind_listener
from tests.smtp.conftest import Town
from tests.smtp.peer import unverified

SERVE = """
import socket, sys
from app import wiring
wiring.run_smtp(wiring.load_config(), sys.argv[1], socket.socket(fileno=int(sys.argv[2])), shard=1)
"""
BODY = "A word like Quastenflosser must not be logged.\r\n"
CONTENT = f"From: Absenderin <absenderin@shop.example>\r\nSubject: Heimlichkeit\r\n\r\n{BODY * 30_000}".encode()


def _talk(port: int) -> list[int]:
    """Good mail, bad mail and bad manners; the codes of what is not good."""
    with smtplib.SMTP("127.0.0.1", port, local_hostname="rechnername.test", timeout=30) as client:
        client.starttls(context=unverified())
        client.sendmail("absenderin@shop.example", ["shop+geheimnis@restante.test"], CONTENT)
        codes = [
            client.docmd("MAIL", "FROM:<absenderin@shop.example> FROM:<absenderin@shop.example>")[0],
            client.docmd("QUASTENFLOSSER")[0],
            client.mail("absenderin@shop.example")[0],
            client.rcpt("unbekannte@restante.test")[0],
            client.rcpt("fremde@elsewhere.example")[0],
            client.rcpt("shop@restante.test")[0],
        ]
        assert client.docmd("DATA")[0] == 354
        client.send(b"Subject: Heimlichkeit\n\r\n.\r\n")
        return [*codes, client.getreply()[0]]


def _break_handshake(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client, client.makefile("rwb") as stream:
        assert stream.readline().startswith(b"220 ")
        stream.write(b"STARTTLS\r\n")
        stream.flush()
        assert stream.readline().startswith(b"220 ")
        stream.write(b"absenderin@shop.example speaks no TLS\r\n")
        stream.flush()
        stream.read()


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return os.environ | {
        "DATABASE_URL": "postgresql://given-as-an-argument/",
        "RESTANTE_SECRET": "an instance secret that only tests know",
        "RESTANTE_DATA_DIR": str(tmp_path),
        "RESTANTE_ACCOUNT_KEYS_DIR": str(tmp_path / "account-keys"),
        "RESTANTE_HOSTNAME": "mx.restante.test",
        "RESTANTE_MAIL_DOMAINS": "restante.test",
    }


async def test_a_process_takes_mail_over_tls_and_logs_nothing_of_it(
    dsn: str, environment: dict[str, str], town: Town
) -> None:
    listener = bind_listener("127.0.0.1", 0)
    port = listener.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVE, dsn, str(listener.fileno()),
        env=environment, pass_fds=[listener.fileno()], stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    listener.close()
    try:
        assert await asyncio.to_thread(_talk, port) == [501, 500, 250, 550, 550, 250, 554]
        await asyncio.to_thread(_break_handshake, port)
    finally:
        process.terminate()
        _, stderr = await process.communicate()
    assert process.returncode == 0
    assert await town.sources(town.ada) == [("shop+geheimnis@restante.test", CONTENT)]
    lines = [json.loads(line) for line in stderr.decode().splitlines()]
    assert {"smtp_rcpt", "smtp_data", "smtp_tls_failed", "smtp_stopped"} <= {line["event"] for line in lines}
    assert {line["reason"] for line in lines if line["event"] == "smtp_rcpt"} == {"accepted", "unknown_alias", "relay"}
    for secret in (
        "absenderin",
        "shop",
        "geheimnis",
        "unbekannte",
        "fremde",
        "heimlich",
        "quasten",
        "rechnername",
        "@",
    ):
        assert secret not in stderr.decode().lower()
    assert "127.0.0.1" not in stderr.decode()
