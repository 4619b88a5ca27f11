from email.message import EmailMessage
from uuid import UUID

import pytest

from app.lib.ids import new_id
from tests.web.conftest import Browser, MakeOwner, Owner

pytestmark = pytest.mark.anyio


def letter(
    subject: str = "Your parcel",
    text: str | None = "It is here.\r\n> was it?\r\nhttps://a.example/x.\r\n",
    html: str = "",
) -> bytes:
    message = EmailMessage()
    message["From"] = "The Shop <shop@shop.example>"
    message["To"] = "a@restante.test"
    message["Subject"] = subject
    message["Date"] = "Sat, 21 Nov 2026 09:30:00 +0100"
    if text is not None:
        message.set_content(text)
    if html and text is not None:
        message.add_alternative(html, subtype="html")
    elif html:
        message.set_content(html, subtype="html")
    return message.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


async def test_an_empty_inbox_shows_the_way_to_aliases(signed_in: Browser) -> None:
    page = await signed_in.page("/inbox")
    assert "No mail yet" in page.words
    assert {"class": "button", "href": "/aliases"} in page.all("a")


async def test_the_inbox_tells_unread_by_words_and_reading_changes_it(signed_in: Browser, ada: Owner) -> None:
    message_id = await ada.deliver(letter())
    page = await signed_in.page("/inbox")
    assert "Unread: The Shop" in page.words
    assert ada.alias.address in page.words
    assert f"/messages/{message_id}" in [link["href"] for link in page.all("a")]
    await signed_in.page(f"/messages/{message_id}")
    assert "Unread:" not in (await signed_in.page("/inbox")).words
    answer = await signed_in.send(f"/messages/{message_id}", "/messages/actions", {"action": "unread"})
    assert answer.status_code == 303
    assert "Unread: The Shop" in (await signed_in.page("/inbox")).words


async def test_older_mail_is_found_by_following_the_link(signed_in: Browser, ada: Owner) -> None:
    for number in range(52):
        await ada.deliver(letter(f"Number {number}."))
    first = await signed_in.page("/inbox")
    assert "Number 51." in first.words
    assert "Number 1." not in first.words
    (older,) = [link["href"] for link in first.all("a") if link.get("rel") == "next"]
    second = await signed_in.page(older)
    assert "Number 1." in second.words
    assert "Number 2." not in second.words
    assert [link["href"] for link in second.all("a") if link.get("rel") == "first"] == ["/inbox"]


async def test_text_is_shown_with_its_links_and_quotes(signed_in: Browser, ada: Owner) -> None:
    message_id = await ada.deliver(letter(text="<b>see</b> https://a.example/x.\r\n> old words\r\n"))
    html = (await signed_in.get(f"/messages/{message_id}")).text
    assert "&lt;b&gt;see&lt;/b&gt;" in html
    assert '<a href="https://a.example/x" target="_blank"' in html
    assert '<span class="q1">&gt; old words\n</span>' in html
    assert "TLSv1.3" in html


async def test_html_is_framed_cleaned_and_told_about(signed_in: Browser, ada: Owner) -> None:
    hostile = '<p onclick="x()">Hi<img src="https://spy.example/1.gif"><script>alert(1)</script><a href="https://b.example">b</a>'
    message_id = await ada.deliver(letter(html=hostile))
    page = await signed_in.page(f"/messages/{message_id}?view=html")
    assert "tried to load 1 thing from 1 host" in page.words
    assert "spy.example" in page.words
    (frame,) = page.all("iframe")
    assert frame["sandbox"] == "allow-popups allow-popups-to-escape-sandbox"
    framed = await signed_in.get(frame["src"])
    policy = framed.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; form-action 'none';")
    assert "sandbox allow-popups" in policy
    assert "frame-ancestors 'self'" in policy
    assert framed.headers["cache-control"] == "no-store"
    for foreign in ("spy.example", "<script", "onclick", "alert"):
        assert foreign not in framed.text
    link = (
        '<a href="https://b.example" target="_blank" rel="noreferrer noopener nofollow" title="https://b.example">b</a>'
    )
    assert link + '<span class="mail-target"> [b.example]</span>' in framed.text


async def test_tracking_pixels_are_told_apart(signed_in: Browser, ada: Owner) -> None:
    images = (
        '<img src="https://spy.example/1" width=1 height=1><img src="https://spy.example/2"><img src="//b.example/3">'
    )
    page = await signed_in.page(f"/messages/{await ada.deliver(letter(html=images))}?view=html")
    assert "tried to load 3 things from 2 hosts, 1 of them to learn that you opened it. Nothing" in page.words
    assert "spy.example 2 times, 1 tracking pixel" in page.words


async def test_mail_without_text_shows_its_html_first(signed_in: Browser, ada: Owner) -> None:
    message_id = await ada.deliver(letter(text=None, html="<p>only HTML</p>"))
    assert len((await signed_in.page(f"/messages/{message_id}")).all("iframe")) == 1


async def test_headers_and_original(signed_in: Browser, ada: Owner) -> None:
    raw = letter()
    message_id = await ada.deliver(raw)
    assert "Your parcel" in (await signed_in.page(f"/messages/{message_id}/headers")).words
    original = await signed_in.get(f"/messages/{message_id}/source")
    assert original.content.endswith(raw)
    assert original.headers["content-type"] == "text/plain; charset=utf-8"
    assert original.headers["x-content-type-options"] == "nosniff"
    assert original.headers["cache-control"] == "no-store"
    assert "content-disposition" not in original.headers
    kept = await signed_in.get(f"/messages/{message_id}/source?download=1")
    assert kept.content == original.content
    assert kept.headers["content-disposition"] == 'attachment; filename="message.eml"'
    assert kept.headers["content-type"] == "message/rfc822"


async def test_attachments_are_handed_out_by_a_link_of_their_own_and_never_run(signed_in: Browser, ada: Owner) -> None:
    message = EmailMessage()
    message["From"] = "shop@shop.example"
    message["Subject"] = "Files"
    message.set_content("see below")
    message.add_attachment(
        b"<script>alert(1)</script>", maintype="text", subtype="html", filename="r\u00e9sum\u00e9.html"
    )
    message_id = await ada.deliver(message.as_bytes().replace(b"\n", b"\r\n"))
    page = await signed_in.page(f"/messages/{message_id}")
    (link,) = [link["href"] for link in page.all("a") if "/attachments/" in link["href"]]
    hop = await signed_in.get(link)
    assert hop.status_code == 303
    signed_in.client.cookies.clear()
    file = await signed_in.get(hop.headers["location"])
    assert file.content == b"<script>alert(1)</script>"
    assert file.headers["content-type"] == "application/octet-stream"
    assert file.headers["content-disposition"].startswith("attachment; filename=")
    assert "filename*=UTF-8''r%C3%A9sum%C3%A9.html" in file.headers["content-disposition"]
    assert file.headers["content-security-policy"].startswith("default-src 'none';")
    assert "sandbox" in file.headers["content-security-policy"]
    assert "set-cookie" not in file.headers
    forged = hop.headers["location"][:-2] + "xx"
    assert (await signed_in.get(forged)).status_code == 404


PATHS = ("", "/html", "/headers", "/print", "/source", "/attachments/1")


@pytest.mark.parametrize("tail", PATHS)
async def test_anothers_message_is_not_there(signed_in: Browser, make_owner: MakeOwner, tail: str) -> None:
    bob = await make_owner("bob")
    theirs = await bob.deliver(letter(html="<p>secret</p>"))
    for message_id in (theirs, new_id()):
        page = await signed_in.page(f"/messages/{message_id}{tail}", status=404)
        assert "There is nothing here" in page.words


async def test_anothers_message_cannot_be_marked(signed_in: Browser, ada: Owner, make_owner: MakeOwner) -> None:
    bob = await make_owner("bob")
    mine, theirs = await ada.deliver(letter()), await bob.deliver(letter())
    assert (await read_state(bob, theirs)) is False
    hidden = (await signed_in.page(f"/messages/{mine}")).hidden("/messages/actions")
    await signed_in.post("/messages/actions", hidden | {"id": str(theirs), "action": "trash"})
    assert (await signed_in.page(f"/messages/{theirs}", status=404)).words
    assert (await read_state(bob, theirs)) is False


async def read_state(owner: Owner, message_id: UUID) -> bool:
    line = await owner.newest()
    assert line.message_id == message_id
    return line.is_read


@pytest.mark.parametrize("path", ["/messages/nonsense", "/messages/1/html", "/nowhere", "/static/none.css"])
async def test_unknown_addresses_are_calm(signed_in: Browser, path: str) -> None:
    await signed_in.page(path, status=404)


async def test_a_bad_page_key_is_told_calmly(signed_in: Browser) -> None:
    await signed_in.page("/inbox?before=nonsense", status=400)
