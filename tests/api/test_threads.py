from tests.api.conftest import Api, User


def part(number: int) -> bytes:
    answers = f"In-Reply-To: <{number - 1}@a.example>\r\n" if number else ""
    return (
        f"From: eve@a.example\r\nSubject: Plans\r\nMessage-ID: <{number}@a.example>\r\n{answers}\r\nwords\r\n".encode()
    )


async def test_a_conversation_is_given_newest_first(api: Api, ada: User) -> None:
    ids = [str(await api.deliver(ada, part(number))) for number in range(3)]
    thread_id = (await api.get(f"/api/v1/messages/{ids[0]}", ada)).json()["data"]["thread_id"]
    data = (await api.get(f"/api/v1/threads/{thread_id}", ada)).json()["data"]
    assert data["id"] == thread_id
    assert [message["id"] for message in data["messages"]] == ids[::-1]


async def test_other_peoples_conversations_are_not_found(api: Api, ada: User, bob: User) -> None:
    await api.deliver(ada, part(0))
    thread_id = (await api.get("/api/v1/messages", ada)).json()["data"][0]["thread_id"]
    assert (await api.get(f"/api/v1/threads/{thread_id}", bob)).status_code == 404
