"""What marks a message read: being seen, and nothing else."""

from collections.abc import Mapping

import pytest

from tests.web.conftest import Browser, Owner
from tests.web.test_mail import letter

pytestmark = pytest.mark.anyio


async def paths(ada: Owner) -> list[str]:
    line = await ada.newest()
    return [f"/messages/{line.message_id}", f"/threads/{line.thread_id}"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Purpose": "prefetch"},
        {"Sec-Purpose": "prefetch;prerender"},
        {"Purpose": "prefetch"},
        {"X-Moz": "prefetch"},
    ],
)
async def test_a_page_fetched_ahead_marks_nothing(signed_in: Browser, ada: Owner, headers: Mapping[str, str]) -> None:
    await ada.deliver(letter())
    for path in await paths(ada):
        assert (await signed_in.get(path, headers=headers)).status_code == 200
    assert (await ada.newest()).is_read is False


@pytest.mark.parametrize("place", [0, 1])
async def test_head_marks_nothing_and_get_does(signed_in: Browser, ada: Owner, place: int) -> None:
    await ada.deliver(letter())
    path = (await paths(ada))[place]
    answer = await signed_in.client.head(path)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert (await ada.newest()).is_read is False
    await signed_in.page(path)
    assert (await ada.newest()).is_read is True
