import pytest

from tests.web.conftest import Browser, MakeOwner, Owner

pytestmark = pytest.mark.anyio


def letter(subject: str, text: str = "It is here.") -> bytes:
    return f"From: The Shop <shop@shop.example>\r\nSubject: {subject}\r\n\r\n{text}\r\n".encode()


async def test_the_inbox_has_the_form_and_it_finds_with_hits_marked(signed_in: Browser, ada: Owner) -> None:
    message_id = await ada.deliver(letter("Your <b>parcels</b>", "A parcel & more."))
    await ada.deliver(letter("Something else"))
    (form,) = [form for form in (await signed_in.page("/inbox")).all("form") if form.get("role") == "search"]
    assert (form["method"], form["action"]) == ("get", "/search")
    page = await signed_in.page("/search?q=parcel")
    html = (await signed_in.get("/search?q=parcel")).text
    assert "Your &lt;b&gt;<mark>parcels</mark>&lt;/b&gt;" in html
    assert "A <mark>parcel</mark> &amp; more." in html
    assert {"class": "row", "href": f"/messages/{message_id}"} in page.all("a")
    assert "Something else" not in page.words


async def test_a_word_deep_in_a_text_is_shown_where_it_stands(signed_in: Browser, ada: Owner) -> None:
    await ada.deliver(letter("News", "Lorem ipsum dolor. " * 50 + "A <b>parcel</b> came."))
    html = (await signed_in.get("/search?q=parcel")).text
    assert "dolor. A &lt;b&gt;<mark>parcel</mark>&lt;/b&gt; came." in html
    assert "<bdi>… " in html
    html = (await signed_in.get("/search?q=shop")).text
    assert "<bdi>The <mark>Shop</mark></bdi>" in html


async def test_the_form_alone_is_shown_without_a_query(signed_in: Browser) -> None:
    page = await signed_in.page("/search")
    assert "What to write" in page.words
    assert "Nothing found" not in page.words


@pytest.mark.parametrize(
    ("q", "words"), [("from%3A", "from:shop.example"), ("%22open", "quotation mark"), ("is%3Ahappy", "is:unread")]
)
async def test_mistakes_are_told_beside_the_field(signed_in: Browser, q: str, words: str) -> None:
    page = await signed_in.page(f"/search?q={q}", status=422)
    assert words in page.words
    (field,) = [field for field in page.all("input") if field.get("id") == "q"]
    assert field["aria-invalid"] == "true"
    assert field["aria-describedby"].split() == ["q-fault"]
    assert "Nothing found" not in page.words


async def test_older_results_follow_the_link(signed_in: Browser, ada: Owner) -> None:
    for number in range(52):
        await ada.deliver(letter(f"Order & number {number}."))
    first = await signed_in.page("/search?q=%22order+%26+number%22")
    assert "number 51." in first.words
    assert "number 1." not in first.words
    (older,) = [link["href"] for link in first.all("a") if link.get("rel") == "next"]
    second = await signed_in.page(older)
    assert "number 1." in second.words
    assert "number 2." not in second.words
    assert not [link for link in second.all("a") if link.get("rel") == "next"]
    (newest,) = [link["href"] for link in second.all("a") if link.get("rel") == "first"]
    assert "number 51." in (await signed_in.page(newest)).words


async def test_anothers_mail_is_not_found(signed_in: Browser, make_owner: MakeOwner) -> None:
    bob = await make_owner("bob")
    await bob.deliver(letter("Secret plan"))
    for q in ("secret", "%22secret+plan%22", "in%3Aanywhere"):
        page = await signed_in.page(f"/search?q={q}")
        assert "Nothing found" in page.words
        assert "plan" not in page.words.replace("secret plan", "")


async def test_what_is_typed_is_shown_as_text(signed_in: Browser) -> None:
    response = await signed_in.get("/search?q=%3Cscript%3Ealert(1)%3C/script%3E%22")
    assert response.status_code == 422
    assert "<script" not in response.text
