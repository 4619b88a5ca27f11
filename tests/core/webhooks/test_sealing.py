import os

import pytest

from app.core.webhooks import sealing
from app.core.webhooks.model import Secret, WebhookDetails
from app.errors import CannotOpen
from app.lib.ids import new_id

KEY, OTHER_KEY = os.urandom(32), os.urandom(32)
DETAILS = WebhookDetails(url="https://hook.test/", description="CI", secrets=(Secret("whsec_AAAA"),))


def test_details_open_in_their_own_place_alone() -> None:
    account_id, webhook_id = new_id(), new_id()
    sealed = sealing.seal_details(KEY, account_id, webhook_id, DETAILS)
    assert b"hook.test" not in sealed
    assert sealing.open_details(KEY, account_id, webhook_id, sealed) == DETAILS
    for place in ((KEY, account_id, new_id()), (KEY, new_id(), webhook_id), (OTHER_KEY, account_id, webhook_id)):
        with pytest.raises(CannotOpen):
            sealing.open_details(*place, sealed)


def test_answers_are_not_taken_for_details() -> None:
    account_id, row_id = new_id(), new_id()
    sealed = sealing.seal_answer(KEY, account_id, row_id, b"\xff\x00")
    assert sealing.open_answer(KEY, account_id, row_id, sealed) == b"\xff\x00"
    with pytest.raises(CannotOpen):
        sealing.open_details(KEY, account_id, row_id, sealed)
