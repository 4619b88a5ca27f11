"""A sender is blocked on a page, refused by SMTP, seen among the refusals, and let in again."""

import re
import smtplib
from html import unescape

import httpx
import pytest

from tests.flows.conftest import PASSWORD, Restante

ALIAS, SENDER = "shop@flow.test", "news@loud.example"


def _send(service: Restante, subject: str) -> None:
    with smtplib.SMTP("127.0.0.1", service.smtp_port) as client:
        message = f"From: Loud <{SENDER}>\r\nTo: {ALIAS}\r\nSubject: {subject}\r\n\r\nhi\r\n"
        client.sendmail(SENDER, [ALIAS], message)


def _form(page: httpx.Response, action: str) -> dict[str, str]:
    """The hidden fields of the first form that is sent there."""
    forms = re.findall(rf'<form[^>]* action="{re.escape(action)}">(.*?)</form>', page.text, re.DOTALL)
    assert forms, action
    fields = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', forms[0])
    return {name: unescape(value) for name, value in fields}


def test_block_refuse_see_and_take_back(restante: Restante) -> None:
    restante.command("account", "create", "ada", "--password-stdin", stdin=PASSWORD + "\n")
    restante.command("alias", "create", ALIAS, "--account", "ada")
    _send(restante, "The first")
    with httpx.Client(base_url=restante.url, follow_redirects=True) as browser:
        browser.post("/login", data={"login": "ada", "password": PASSWORD})
        found = re.search(r'href="(/messages/[0-9a-f-]{36})"', browser.get("/inbox").text)
        assert found is not None
        message = found[1]
        form = _form(browser.get(message), f"{message}/sender")
        blocked = browser.post(f"{message}/sender", data=form | {"verdict": "block"})
        assert "1 sender blocked." in blocked.text
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            _send(restante, "The second")
        code, text = refused.value.recipients[ALIAS]
        assert (code, text[:5]) == (550, b"5.7.1")
        listed = browser.get("/refusals")
        assert SENDER in listed.text
        assert "You have blocked this sender." in listed.text
        assert "refused 1 time" in browser.get("/rules").text
        undone = browser.post("/messages/undo", data=_form(blocked, "/messages/undo"))
        assert "Taken back" in undone.text
        _send(restante, "The third")
        inbox = browser.get("/inbox").text
        assert "The third" in inbox
        assert "The second" not in inbox
