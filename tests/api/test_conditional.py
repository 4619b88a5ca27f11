"""Entity tags: what has not changed is not sent again, and what another has changed is not overwritten."""

import asyncio
import re
from typing import Any

import httpx
import pytest

from app.api import conditional
from app.api.conditional import names, tag_of
from app.api.router import ROUTES
from app.core.aliases import service as aliases
from tests.api.conftest import Api, User
from tests.api.test_auth import ID

MAIL = (
    b"Subject: one\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=a.pdf\r\n\r\nPDF\r\n"
)


def of(user: User) -> str:
    return f"/api/v1/aliases/{user.alias.alias_id}"


async def patched(api: Api, user: User, tag: str, changes: dict[str, Any]) -> httpx.Response:
    return await api.request("PATCH", of(user), user, json=changes, headers={"If-Match": tag})


async def test_what_has_not_changed_is_not_sent_again(api: Api, ada: User) -> None:
    for path in (of(ada), "/api/v1/aliases", "/api/v1/account", "/api/v1/messages", "/api/v1/categories"):
        first = await api.get(path, ada)
        tag = first.headers["etag"]
        assert re.fullmatch(r'"[0-9a-f]{24}"', tag), path
        for known in (tag, f'"other", {tag}', f"W/{tag}", "*"):
            again = await api.get(path, ada, headers={"If-None-Match": known})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
            assert again.headers["vary"] == "Accept-Encoding"
            assert "content-type" not in again.headers
        assert (await api.get(path, ada, headers={"If-None-Match": '"other"'})).status_code == 200


async def test_what_has_changed_has_another_tag(api: Api, ada: User) -> None:
    tag = (await api.get(of(ada), ada)).headers["etag"]
    await api.request("PATCH", of(ada), ada, json={"note": "new"})
    again = await api.get(of(ada), ada, headers={"If-None-Match": tag})
    assert again.status_code == 200
    assert again.headers["etag"] != tag


async def test_failures_have_no_tag(api: Api, ada: User) -> None:
    assert "etag" not in (await api.get(f"/api/v1/aliases/{ID}", ada)).headers


async def test_links_that_are_new_each_time_do_not_count(api: Api, ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    await api.deliver(ada, MAIL)
    now = 1_000_000_000.0
    monkeypatch.setattr(conditional, "time", lambda: now)
    first, second = await api.get("/api/v1/messages", ada), await api.get("/api/v1/messages", ada)
    assert first.content != second.content
    tag = first.headers["etag"]
    assert tag.startswith('W/"')
    assert second.headers["etag"] == tag
    now += conditional._WINDOW_SECONDS
    later = await api.get("/api/v1/messages", ada, headers={"If-None-Match": tag})
    assert later.status_code == 200  # or links would have ended that the client believes in


async def test_a_change_of_what_was_seen_is_made(api: Api, ada: User) -> None:
    tag = (await api.get(of(ada), ada)).headers["etag"]
    assert (await patched(api, ada, tag, {"note": "first"})).status_code == 200
    late = await patched(api, ada, tag, {"note": "second"})
    assert (late.status_code, late.json()["code"]) == (412, "precondition_failed")
    assert (await api.get(of(ada), ada)).json()["data"]["note"] == "first"
    assert (await patched(api, ada, f"W/{tag}", {"note": "second"})).status_code == 412  # RFC 9110 section 13.1.1
    assert (await patched(api, ada, "*", {"note": "second"})).status_code == 200


async def test_a_message_with_links_can_be_changed_after_its_links_have_ended(
    api: Api, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = f"/api/v1/messages/{await api.deliver(ada, MAIL)}"
    tag = (await api.get(message, ada)).headers["etag"]
    monkeypatch.setattr(conditional, "time", lambda: 4_000_000_000.0)
    for changes, status in (({"is_read": True}, 200), ({"is_read": False}, 412)):
        response = await api.request("PATCH", message, ada, json=changes, headers={"If-Match": tag})
        assert response.status_code == status


async def test_of_two_writers_at_once_one_wins(api: Api, ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have looked and found the tag right before either writes."""
    tag = (await api.get(of(ada), ada)).headers["etag"]
    both, real = asyncio.Barrier(2), aliases.update

    async def update(*arguments: object, **named: object) -> object:
        await both.wait()
        return await real(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(aliases, "update", update)
    answers = await asyncio.gather(*(patched(api, ada, tag, {"note": note}) for note in ("first", "second")))
    assert sorted(one.status_code for one in answers) == [200, 412]
    won = next(one for one in answers if one.status_code == 200).json()["data"]["note"]
    assert (await api.get(of(ada), ada)).json()["data"]["note"] == won


async def test_a_change_that_wants_nothing_there_is_refused(api: Api, ada: User) -> None:
    response = await api.request("DELETE", of(ada), ada, headers={"If-None-Match": "*"})
    assert response.status_code == 412
    assert (await api.get(of(ada), ada)).json()["data"]["deleted_on"] is None


async def test_every_change_looks_first(api: Api, ada: User) -> None:
    """What is there and has another tag is 412, and what is not there 404: never is anything done."""
    message_id = await api.deliver(ada, MAIL)
    made = {
        "{category_id:uuid}": await _made(api, ada, "/api/v1/categories", {"name": "shops"}),
        "{rule_id:uuid}": await _made(api, ada, "/api/v1/blocks", {"sender": "a@b.example"}),
        "{domain:str}": "ada.example",
        "{alias_id:uuid}": str(ada.alias.alias_id),
        "{message_id:uuid}": str(message_id),
    }
    await _made(api, ada, "/api/v1/domains", {"domain": "ada.example"})
    tried = 0
    for handler in ROUTES:
        for method in sorted(handler.http_methods & {"PATCH", "PUT", "DELETE"}):
            for path in sorted(handler.paths):
                filled = path
                for name, value in made.items():
                    filled = filled.replace(name, value)
                filled = re.sub(r"{\w+:\w+}", ID, filled)
                response = await api.request(method, f"/api/v1{filled}", ada, json={}, headers={"If-Match": '"x"'})
                known = {412} if ID not in filled and "shared" not in path and "allows" not in path else {403, 404, 412}
                # An empty body that lacks what is required is told before anything is looked at.
                assert response.status_code in known | {422}, (method, filled, response.text)
                tried += response.status_code == 412
    assert tried >= 8
    assert (await api.get(of(ada), ada)).json()["data"]["deleted_on"] is None
    assert len((await api.get("/api/v1/blocks", ada)).json()["data"]) == 1


async def _made(api: Api, user: User, path: str, body: dict[str, str]) -> str:
    response = await api.request("POST", path, user, json=body)
    assert response.status_code == 201, response.text
    return str(response.json()["data"].get("id", ""))


async def test_head_is_answered_like_get_without_the_body(api: Api, ada: User) -> None:
    for path in ("/api/v1/account", of(ada), "/api/v1/messages"):
        got, asked = await api.get(path, ada), await api.request("HEAD", path, ada)
        assert (asked.status_code, asked.content) == (200, b"")
        for name in ("etag", "content-type", "content-length"):
            assert asked.headers[name] == got.headers[name]


def test_a_link_in_a_text_is_no_link() -> None:
    """What a sender writes cannot take itself out of the tag."""
    text = rb'{"snippet":"\"url\":\"a\",\"url_expires_at\":\"b\""}'
    assert tag_of(text, seconds=0.0) != tag_of(text.replace(b"a", b"c"), seconds=0.0)
    assert not tag_of(text, seconds=0.0).startswith("W/")


@pytest.mark.parametrize(
    ("field", "is_weak", "expected"),
    [
        ('"0123456789abcdef01234567"', True, True),
        ('W/"0123456789abcdef01234567"', True, True),
        ('W/"0123456789abcdef01234567"', False, False),
        ('"0123456789abcdef01234567-zstd"', False, True),
        ('"0123456789abcdef01234567.5"', True, False),
        ('"0123456789abcdef01234567.5"', False, True),
        ('"1123456789abcdef01234567", "0123456789abcdef01234567-gzip"', True, True),
        ('"0123456789abcdef01234567-br"', False, False),
        ("0123456789abcdef01234567", True, False),
        ("", True, False),
        (" * ", False, True),
    ],
)
def test_tags_are_compared_as_the_standard_says(field: str, is_weak: bool, expected: bool) -> None:
    assert names(field, '"0123456789abcdef01234567"', is_weak=is_weak) is expected
