"""Judged by the public library that receivers use."""

import json
from datetime import datetime, timedelta

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from app.core.webhooks import signing
from app.core.webhooks.model import Secret
from app.lib.ids import new_id
from app.lib.times import utc_now

OLD, NEW = signing.new_secret(), signing.new_secret()
BODY = '{"subject": "ü\\u2028"}'.encode()


def signed(*secrets: Secret, now: datetime | None = None) -> dict[str, str]:
    return signing.headers(new_id(), BODY, secrets, now=now or utc_now())


def test_receivers_verify_with_the_public_library() -> None:
    assert Webhook(NEW).verify(BODY, signed(Secret(NEW))) == json.loads(BODY)


def test_both_secrets_verify_while_one_is_replaced() -> None:
    sent = signed(Secret(NEW), Secret(OLD, utc_now() + timedelta(hours=1)))
    assert len(sent["webhook-signature"].split(" ")) == 2
    for secret in (OLD, NEW):
        assert Webhook(secret).verify(BODY, sent)


def test_a_secret_signs_no_longer_than_it_was_to() -> None:
    sent = signed(Secret(NEW), Secret(OLD, utc_now()))
    assert Webhook(NEW).verify(BODY, sent)
    with pytest.raises(WebhookVerificationError):
        Webhook(OLD).verify(BODY, sent)


@pytest.mark.parametrize("change", ["body", "id", "time"])
def test_what_was_changed_does_not_verify(change: str) -> None:
    sent = signed(Secret(NEW))
    if change == "id":
        sent["webhook-id"] = str(new_id())
    if change == "time":
        sent["webhook-timestamp"] = str(int(sent["webhook-timestamp"]) - 1)
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(BODY + b" " if change == "body" else BODY, sent)


def test_old_requests_are_not_taken_for_new_ones() -> None:
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(BODY, signed(Secret(NEW), now=utc_now() - timedelta(minutes=6)))


def test_secrets_are_new_each_time_and_never_shown() -> None:
    assert len({signing.new_secret() for _ in range(100)}) == 100
    assert NEW not in repr(Secret(NEW))
    with pytest.raises(ValueError, match="whsec_"):
        signed(Secret("whsec_!"))
