"""Changing messages over the API, and lists narrowed to what they have become."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from app.lib.ids import new_id
from tests.api.conftest import Api, User
from tests.api.test_messages import LETTER, MESSAGES

ACTIONS = f"{MESSAGES}/actions"
PLAIN = b"Subject: plain\r\n\r\nx\r\n"


@pytest.fixture
async def message_id(api: Api, ada: User) -> UUID:
    return await api.deliver(ada, LETTER)


async def ids(api: Api, user: User, **params: str) -> list[str]:
    answer = await api.get(MESSAGES, user, params=params)
    assert answer.status_code == 200
    return [message["id"] for message in answer.json()["data"]]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, {"is_read": False, "is_starred": False, "folder": "inbox"}),
        ({"is_read": True}, {"is_read": True, "is_starred": False, "folder": "inbox"}),
        (
            {"is_starred": True, "folder": "archive", "is_read": True},
            {"is_read": True, "is_starred": True, "folder": "archive"},
        ),
    ],
)
@pytest.mark.parametrize("media_type", ["application/json", "application/merge-patch+json"])
async def test_a_patch_answers_with_the_message_as_it_is_now(
    api: Api, ada: User, message_id: UUID, body: dict[str, object], words: dict[str, object], media_type: str
) -> None:
    headers = {"Content-Type": media_type}
    answer = await api.request("PATCH", f"{MESSAGES}/{message_id}", ada, json=body, headers=headers)
    assert answer.status_code == 200
    data = answer.json()["data"]
    assert {name: data[name] for name in words} == words
    listed = (await api.get(MESSAGES, ada)).json()["data"][0]
    # Only a line of a list has a highlight, and only a message by itself names its attachments.
    assert listed.pop("highlight") is None
    assert {**listed, "attachments": []} == {**data, "attachments": []}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"is_read": "yes"}, "is_read"),
        ({"is_starred": None}, "is_starred"),
        ({"folder": "elsewhere"}, "folder"),
        ({"folder": "held"}, "folder"),
        ({"subject": "Mine now"}, "subject"),
    ],
)
async def test_a_wrong_patch_is_told_by_field_and_changes_nothing(
    api: Api, ada: User, message_id: UUID, body: dict[str, object], field: str
) -> None:
    problem = await api.refused("PATCH", f"{MESSAGES}/{message_id}", ada, json=body)
    assert (problem["status"], [fault["field"] for fault in problem["errors"]]) == (422, [field])


async def test_deleting_goes_by_way_of_the_trash(api: Api, ada: User, message_id: UUID) -> None:
    for folder in (["trash"], []):
        answer = await api.request("DELETE", f"{MESSAGES}/{message_id}", ada)
        assert (answer.status_code, answer.content) == (204, b"")
        assert [message["folder"] for message in (await api.get(MESSAGES, ada)).json()["data"]] == folder
    assert (await api.refused("DELETE", f"{MESSAGES}/{message_id}", ada))["status"] == 404


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_anothers_message_is_not_found_and_stays_as_it_is(
    api: Api, ada: User, bob: User, message_id: UUID, method: str
) -> None:
    theirs = await api.refused(method, f"{MESSAGES}/{message_id}", bob, json={"is_read": True, "folder": "trash"})
    assert (theirs["status"], theirs["code"]) == (404, "not_found")
    assert theirs == await api.refused(method, f"{MESSAGES}/{new_id()}", bob, json={"is_read": True})
    (hers,) = (await api.get(MESSAGES, ada)).json()["data"]
    assert (hers["folder"], hers["is_read"]) == ("inbox", False)


async def test_an_action_is_for_many_and_passes_over_what_is_not_ours(
    api: Api, ada: User, bob: User, message_id: UUID
) -> None:
    second, theirs = await api.deliver(ada, PLAIN), await api.deliver(bob, PLAIN)
    chosen = [str(message_id), str(second), str(theirs), str(new_id())]
    for action, changed in [("read", 2), ("read", 0), ("star", 2), ("delete", 0), ("trash", 2), ("delete", 2)]:
        answer = await api.request("POST", ACTIONS, ada, json={"ids": chosen, "action": action})
        assert (answer.status_code, answer.json()) == (200, {"data": {"changed": changed}})
    assert await ids(api, ada) == []
    (kept,) = (await api.get(MESSAGES, bob)).json()["data"]
    assert (kept["folder"], kept["is_read"], kept["is_starred"]) == ("inbox", False, False)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"ids": [], "action": "burn"}, "action"),
        ({"ids": [], "action": "held"}, "action"),
        ({"ids": []}, "action"),
        ({"action": "read"}, "ids"),
        ({"ids": ["1"], "action": "read"}, "ids[0]"),
        ({"ids": [str(UUID(int=number)) for number in range(201)], "action": "read"}, "ids"),
        ({"ids": [], "action": "read", "folder": "inbox"}, "folder"),
    ],
)
async def test_a_wrong_action_is_told_by_field(api: Api, ada: User, body: dict[str, object], field: str) -> None:
    problem = await api.refused("POST", ACTIONS, ada, json=body)
    assert (problem["status"], [fault["field"] for fault in problem["errors"]]) == (422, [field])


async def test_lists_are_narrowed(api: Api, ada: User, bob: User, message_id: UUID) -> None:
    plain, with_files = str(await api.deliver(ada, PLAIN)), str(message_id)
    await api.request("PATCH", f"{MESSAGES}/{plain}", ada, json={"is_read": True, "is_starred": True})
    soon = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    for params, expected in [
        ({"is_read": "true"}, [plain]),
        ({"is_read": "false"}, [with_files]),
        ({"is_starred": "true"}, [plain]),
        ({"is_starred": "false", "folder": "inbox"}, [with_files]),
        ({"has_attachment": "true"}, [with_files]),
        ({"has_attachment": "true", "is_read": "true"}, []),
        ({"alias_id": str(ada.alias.alias_id)}, [plain, with_files]),
        ({"alias_id": str(bob.alias.alias_id)}, []),
        ({"before": soon, "after": "2026-01-01T00:00:00Z"}, [plain, with_files]),
        ({"after": soon}, []),
        ({"after": "2026-01-01T00:00:00+02:00", "folder": "archive"}, []),
    ]:
        assert await ids(api, ada, **params) == expected, params
    first = (await api.get(MESSAGES, ada, params={"is_starred": "false", "limit": "1"})).json()
    assert first["next"] is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("is_read", "perhaps"),
        ("has_attachment", "2"),
        ("alias_id", "1"),
        ("after", "yesterday"),
        ("before", "2026-11-21T09:30:00"),
    ],
)
async def test_a_wrong_filter_is_named(api: Api, ada: User, field: str, value: str) -> None:
    problem = await api.refused("GET", MESSAGES, ada, params={field: value})
    assert (problem["status"], [fault["field"] for fault in problem["errors"]]) == (422, [field])
