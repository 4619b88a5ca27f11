"""Held mail that its owner lets in."""

from typing import Literal

import pytest

from app.core.filing import service as filing
from app.core.filing.model import MessagePatch
from app.lib.times import utc_now
from tests.core.conftest import Deliver, Owner
from tests.core.events.conftest import Hook, Told
from tests.core.events.test_arrivals import ADA, MAIL


@pytest.mark.parametrize("folder", ["inbox", "archive", "spam", "trash"])
@pytest.mark.parametrize("way", ["patch", "action"])
async def test_held_mail_is_told_whichever_way_it_is_let_in(
    ada: Owner, deliver: Deliver, hook: Hook, told: Told, folder: Literal["inbox", "archive", "spam", "trash"], way: str
) -> None:
    await deliver(MAIL, ADA)
    (line,) = await ada.lines()
    await filing.apply(ada.platform, ada.actor, "held", [line.message_id], now=utc_now())
    webhook = await hook(ada, "message.received")
    if way == "action":
        await filing.apply(ada.platform, ada.actor, folder, [line.message_id], now=utc_now())
    else:
        async with ada.platform.db.transaction() as conn:
            patch = MessagePatch(folder=folder)
            await filing.update(ada.platform, conn, ada.actor, line.message_id, patch, now=utc_now())
    found = [(one["data"]["id"], one["data"]["folder"]) for one in await told(webhook, ada)]
    assert found == ([(str(line.message_id), folder)] if folder in {"inbox", "archive"} else [])
