"""The API as it is described, and as it runs: asked by schemathesis, by its own examples, by a generated client."""

import importlib
import os
import re
import shutil
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import httpx
import pytest

from app.api.openapi.examples import ids
from tests.flows.conftest import PASSWORD, Restante, running

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent
EXAMPLES = os.environ.get("CONTRACT_EXAMPLES", "3")
"""How many requests schemathesis makes up for each operation; `make contract` makes more."""
MAILBOX = "box@flow.test"


class Served:
    """A service with an account that has mail, and a key to it."""

    def __init__(self, service: Restante) -> None:
        self.service = service
        self.base = f"{service.url}/api/v1"
        service.command("account", "create", "ada", "--admin", "--password-stdin", stdin=PASSWORD + "\n")
        self.key = self.new_key()
        service.command("alias", "create", MAILBOX, "--account", "ada")
        self.client = httpx.Client(base_url=self.base, headers={"Authorization": f"Bearer {self.key}"})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def new_key(self) -> str:
        key: str = self.service.command("key", "create", "--account", "ada")["key"]
        return key

    def environ(self) -> dict[str, str]:
        """What examples find, with a key that they may revoke."""
        return os.environ | {"RESTANTE_KEY": self.new_key()}

    def send(self, to: str = MAILBOX, sender: str = "orders@kites.example") -> None:
        """A message with a file and a message in it."""
        message, inner = EmailMessage(), EmailMessage()
        message["From"], message["To"], message["Subject"] = sender, to, "Your kite is on its way"
        message.set_content("Hello Ada, the red one left us this morning. Your code is 417 806.\n")
        message.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="invoice.pdf")
        inner["From"], inner["Subject"] = "tracking@parcels.example", "Parcel collected"
        inner.set_content("We have it.\n")
        message.add_attachment(inner)
        with smtplib.SMTP("127.0.0.1", self.service.smtp_port) as smtp:
            smtp.send_message(message, sender, [to])

    def ask(self, method: str, path: str, **options: Any) -> Any:  # noqa: ANN401 - JSON
        answer = self.client.request(method, path, **options)
        assert answer.is_success, answer.text
        return answer.json()["data"]


@pytest.fixture
def served() -> Iterator[Served]:
    with running() as service, Served(service) as served:
        yield served


def test_schemathesis_finds_nothing(served: Served) -> None:
    served.send()
    command: list[str | Path] = [
        *(BIN / "schemathesis", "--config-file", HERE / "schemathesis.toml", "run", f"{served.base}/openapi.json"),
        *("--phases", "examples,coverage,fuzzing,stateful", "--max-examples", EXAMPLES, "--no-color"),
        # It would find its own key in the list, and revoke it; and a stream does not end.
        *("--exclude-operation-id", "delete_key", "--exclude-operation-id", "stream_events"),
    ]
    environ = served.environ() | {"SCHEMATHESIS_HOOKS": str(HERE / "serializers.py")}
    done = subprocess.run(command, env=environ, cwd=served.service.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2000:]
    assert not [one for one in served.service.events() if one.get("level") == "error"]


class Examples:
    """The lines of curl in the description, with the ids that there are in place of those that were made up."""

    FIRST = ("create_", "send_", "list_", "get_")
    LAST = ("delete_", "restore_")

    def __init__(self, served: Served) -> None:
        self._served = served
        self._environ = served.environ()
        served.send()
        (message,) = served.ask("GET", "/messages", params={"limit": "1"})
        alias, attachment = message["alias"]["id"], message["attachments"][0]["id"]
        whole = served.ask("GET", f"/messages/{message['id']}")
        (sender,) = served.ask("GET", f"/aliases/{alias}/senders")
        spare = served.ask("POST", "/aliases", json={"local_part": "spare"})
        self._known = {
            ids.EMAIL: MAILBOX,
            quote(ids.EMAIL): quote(MAILBOX),
            ids.ALIAS: alias,
            ids.SECOND_ALIAS: spare["id"],
            ids.MESSAGE: message["id"],
            ids.SECOND_MESSAGE: message["id"],
            ids.THREAD: message["thread_id"],
            ids.SENDER: sender["id"],
            f"/attachments/{ids.ATTACHMENT}": f"/attachments/{attachment}",
            f"/enclosed/{ids.ENCLOSED}": f"/enclosed/{whole['enclosed'][0]['id']}",
        }
        self._particular: dict[str, dict[str, str]] = {
            "delete_alias": {ids.ALIAS: spare["id"]},
            "release_message": {ids.MESSAGE: self._held()},
            "get_refusal": {ids.REFUSAL: self._refused()},
            # Who is allowed stops being blocked.
            "create_allow": _FRIEND,
            "create_allows": _FRIEND,
            "create_key": {ids.DOMAIN: MAILBOX.partition("@")[2]},
            **{
                f"{verb}_shared_domain": {ids.DOMAIN: "shared.example"}
                for verb in ("create", "get", "update", "delete")
            },
        }

    def _held(self) -> str:
        screened = self._served.ask("POST", "/aliases", json={"local_part": "quiet", "screening": "known"})
        self._served.send(screened["email"])
        (held,) = self._served.ask("GET", "/messages", params={"folder": "held"})
        return str(held["id"])

    def _refused(self) -> str:
        self._served.ask("POST", "/blocks", json={"sender": "pest.example"})
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            self._served.send(sender="win@pest.example")
        (refusal,) = self._served.ask("GET", "/refusals")
        return str(refusal["id"])

    def ordered(self) -> list[tuple[str, str]]:
        """(operation id, line): what makes things, what looks, what changes, what deletes."""
        document = httpx.get(f"{self._served.base}/openapi.json").json()
        found = [
            (one["operationId"], one["x-codeSamples"][0]["source"])
            for path in document["paths"].values()
            for one in path.values()
        ]
        return sorted(found, key=lambda one: (self._turn(one[0]), one[0]))

    def _turn(self, name: str) -> int:
        for number, prefix in enumerate((*self.FIRST, "", *self.LAST)):
            if prefix and name.startswith(prefix):
                return number
        return len(self.FIRST)

    def run(self, name: str, line: str) -> int:
        """The status that the line's request is answered with; remembers the id of what it made."""
        particular = self._particular.get(name, {})
        # What is particular comes first: it may be about a part of what is known.
        for made_up, real in {**particular, **self._known, **particular}.items():
            line = line.replace(made_up, real)
        done = subprocess.run(
            ["sh", "-c", f"{line} --silent --max-time 10 --write-out '\n%{{http_code}}'"],
            env=self._environ,
            capture_output=True,
            text=True,
            errors="replace",  # an archive is no text
            check=False,
        )
        answer, _, status = done.stdout.rpartition("\n")
        if name.startswith("create_") and (made := re.search(r'"id": ?"([0-9a-f-]{36})"', answer)):
            self._remember(name.removeprefix("create_"), made[1])
        if name == "send_test":
            self._remember_delivery()
        return int(status)

    def _remember(self, thing: str, made: str) -> None:
        if thing in _OF_THEIR_OWN:
            self._known[_OF_THEIR_OWN[thing]] = made
        if thing in {"block", "allow"}:
            self._particular |= {f"{verb}_{thing}": {ids.RULE: made} for verb in ("get", "delete", "restore")}

    def _remember_delivery(self) -> None:
        (delivery,) = self._served.ask("GET", f"/webhooks/{self._known[ids.WEBHOOK]}/deliveries")
        told = {f"/deliveries/{ids.MESSAGE}": f"/deliveries/{delivery['event_id']}"}
        self._particular |= {"get_delivery": told, "replay_delivery": told}


_FRIEND = {"offers.example": "friends.example", "news@deals.example": "news@friends.example"}
_OF_THEIR_OWN = {"category": ids.CATEGORY, "export": ids.EXPORT, "key": ids.KEY, "webhook": ids.WEBHOOK}
"""Things that an example makes, and the id by which the others call them."""


@pytest.mark.browser
def test_every_line_of_curl_works(served: Served) -> None:
    """Marked as the browser's tests are: what CI installs must be there on CI."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    examples = Examples(served)
    answered = {name: examples.run(name, line) for name, line in examples.ordered()}
    assert len(answered) > 50
    faults = {name: status for name, status in answered.items() if not 200 <= status < 300}
    assert not faults, faults


def test_a_generated_client_works(served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _generate(served, tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    client_class: Any = importlib.import_module("restante_client").AuthenticatedClient
    models: Any = importlib.import_module("restante_client.models")
    with client_class(base_url=served.base, token=served.key) as client:
        _use(served, _caller(client), models)


def _use(served: Served, call: Any, models: Any) -> None:  # noqa: ANN401 - generated code
    made = call("aliases.create_alias", body=models.NewAlias(description="By a client", format_="words"))
    assert made.data.description == "By a client"
    served.send(made.data.email)
    waited = call(
        "waiting_and_events.wait_for_message", alias=made.data.email, after=made.data.created_at.isoformat(), timeout=9
    )
    assert waited.data.code == "417806"
    page = call("messages.list_messages", alias_id=made.data.id, limit=10)
    (listed,) = page.data
    assert listed.id == waited.data.id
    assert (listed.subject, listed.from_.address) == ("Your kite is on its way", "orders@kites.example")
    whole = call("messages.get_message", message_id=listed.id)
    assert "417 806" in whole.data.text
    assert whole.data.attachments[0].filename == "invoice.pdf"
    read = call("messages.update_message", message_id=listed.id, body=models.MessagePatch(is_read=True))
    assert read.data.is_read
    assert call("aliases.delete_alias", alias_id=made.data.id, mail=models.DeleteAliasMail.TRASH) is None

    problem = call("aliases.create_alias", body=models.NewAlias(local_part="a b"))
    assert isinstance(problem, models.Problem)
    assert (problem.status, problem.code, problem.errors[0].field) == (422, "invalid", "local_part")


def _generate(served: Served, folder: Path) -> None:
    (folder / "openapi.json").write_bytes(served.client.get("/openapi.json").content)
    # Nothing is formatted afterwards; and it must be told which of our media types are bytes.
    (folder / "config.json").write_text(
        '{"post_hooks": [], "content_type_overrides": {"*/*": "application/octet-stream", '
        '"message/rfc822": "application/octet-stream", "text/csv": "application/octet-stream", '
        '"application/mbox": "application/octet-stream", "application/zip": "application/octet-stream", '
        '"text/event-stream": "application/octet-stream"}}'
    )
    done = subprocess.run(
        [
            *(BIN / "openapi-python-client", "generate", "--path", "openapi.json", "--config", "config.json"),
            *("--meta", "none", "--output-path", "restante_client", "--fail-on-warning"),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _caller(client: Any) -> Any:  # noqa: ANN401 - generated code
    def call(name: str, **arguments: Any) -> Any:  # noqa: ANN401 - generated code
        operation: Any = importlib.import_module(f"restante_client.api.{name}")
        return operation.sync(client=client, **arguments)

    return call
