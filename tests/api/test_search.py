"""Searching over the API: what is found, page by page, mistakes told by field, and nothing of anybody else's."""

import pytest

from tests.api.conftest import Api, User

MESSAGES = "/api/v1/messages"
LETTER = b"From: x@shop.example\r\nSubject: parcel %d\r\n\r\nx"


async def subjects(api: Api, user: User, **params: str) -> list[str]:
    response = await api.get(MESSAGES, user, params=params)
    assert response.status_code == 200
    return [message["subject"] for message in response.json()["data"]]


async def test_a_search_goes_page_by_page_with_the_other_parameters(api: Api, ada: User, bob: User) -> None:
    for number in range(3):
        await api.deliver(ada, LETTER % number)
    await api.deliver(ada, b"Subject: other\r\n\r\nx")
    first = (await api.get(MESSAGES, ada, params={"q": "parcels from:shop.example", "limit": "2"})).json()
    cursor = {"q": "parcels from:shop.example", "limit": "2", "cursor": first["next"]}
    second = (await api.get(MESSAGES, ada, params=cursor)).json()
    assert [one["subject"] for one in first["data"] + second["data"]] == ["parcel 2", "parcel 1", "parcel 0"]
    assert second["next"] is None
    assert await subjects(api, ada, q="parcel", folder="trash") == []
    assert await subjects(api, ada, q="parcel", is_read="true") == []
    assert await subjects(api, ada, q="other", is_read="false", has_attachment="false") == ["other"]
    assert await subjects(api, ada, q="other", alias_id=str(ada.alias.alias_id)) == ["other"]
    assert await subjects(api, ada, q="other", alias_id=str(bob.alias.alias_id)) == []
    assert await subjects(api, ada, q="other", after="2999-01-01T00:00:00Z") == []
    assert await subjects(api, bob, q="parcel") == []


async def test_what_was_found_is_marked_in_the_part_of_the_text_where_it_stands(api: Api, ada: User) -> None:
    await api.deliver(ada, b"Subject: near\r\n\r\nA parcel & more.")
    await api.deliver(ada, b"Subject: deep\r\n\r\n" + b"Lorem ipsum dolor. " * 50 + b"Two parcels came.")
    await api.deliver(ada, b"Subject: parcel\r\n\r\nNothing here.")
    found = (await api.get(MESSAGES, ada, params={"q": "parcel"})).json()["data"]
    subject, deep, near = (one["highlight"] for one in found)
    assert subject is None
    assert near == [
        {"text": "A ", "is_hit": False},
        {"text": "parcel", "is_hit": True},
        {"text": " & more.", "is_hit": False},
    ]
    assert "".join(piece["text"] for piece in deep).endswith("dolor. Two parcels came.")
    assert [piece["text"] for piece in deep if piece["is_hit"]] == ["parcels"]
    assert found[1]["snippet"].startswith("Lorem ipsum")
    assert {one["highlight"] for one in (await api.get(MESSAGES, ada)).json()["data"]} == {None}


@pytest.mark.parametrize("q", ["", "from:", '"open', "is:happy"])
async def test_a_mistake_in_a_search_is_told_at_its_field(api: Api, ada: User, q: str) -> None:
    problem = await api.refused("GET", MESSAGES, ada, params={"q": q})
    assert problem["status"] == 422
    assert [fault["field"] for fault in problem["errors"]] == ["q"]
