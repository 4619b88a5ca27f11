import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.rules import senders
from app.errors import Invalid
from tests.core.rules.subjects import ADDRESSES, DOMAINS, NEITHER, NEVER


@pytest.mark.parametrize(("written", "text"), ADDRESSES)
def test_addresses_as_people_write_them(written: str, text: str) -> None:
    assert senders.subject(written) == senders.Subject(kind="address", text=text)


@pytest.mark.parametrize(("written", "text"), DOMAINS)
def test_domains_as_people_write_them(written: str, text: str) -> None:
    assert senders.subject(written) == senders.Subject(kind="domain", text=text)


@pytest.mark.parametrize("written", NEITHER)
def test_what_is_neither_is_refused_with_an_example(written: str) -> None:
    with pytest.raises(Invalid) as caught:
        senders.subject(written)
    assert [fault.field for fault in caught.value.fields] == ["text"]
    assert "shop.example" in caught.value.detail


@pytest.mark.parametrize(("written", "told"), NEVER)
def test_what_no_sender_is_called_is_refused_where_it_is_typed(written: str, told: str) -> None:
    with pytest.raises(Invalid, match=told) as caught:
        senders.typed(written)
    assert [fault.field for fault in caught.value.fields] == ["text"]


@pytest.mark.parametrize("written", ["Ada <Ada@Shop.example>", '"A, B" <ada@shop.example>', "<ada@shop.example>"])
def test_a_name_before_the_address_is_left_out(written: str) -> None:
    assert senders.typed(written) == senders.Subject(kind="address", text="ada@shop.example")


def test_quotation_marks_allow_what_is_in_them() -> None:
    assert senders.typed('"foo@bar"@shop.example').text == '"foo@bar"@shop.example'


@pytest.mark.parametrize(
    ("sender", "expected"),
    [
        ("News@Mail.Shop.Example", ("news@mail.shop.example", "mail.shop.example", "shop.example", "example")),
        ("a@bücher.example", ("a@xn--bcher-kva.example", "xn--bcher-kva.example", "example")),
        ('"news"@x.example', ("news@x.example", "x.example", "example")),
        (r'"ne\ws"@x.example', ("news@x.example", "x.example", "example")),
        ('"le-ne.ws+1"@x.example', ("le-ne.ws+1@x.example", "x.example", "example")),
        ('"a..b"@x.example', ('"a..b"@x.example', "x.example", "example")),
        ('""@x.example', ('""@x.example', "x.example", "example")),
        ('"a b"@x.example', ('"a b"@x.example', "x.example", "example")),
        ("a@x.example.", ("a@x.example", "x.example", "example")),
        ("a@[192.0.2.1]", ("a@[192.0.2.1]",)),
        ("root", ("root",)),
        ("a@-bad-", ("a@-bad-",)),
        ("", ()),
        ("<>", ()),
    ],
)
def test_a_sender_is_met_by_rules_about_itself_and_the_domains_it_lies_in(
    sender: str, expected: tuple[str, ...]
) -> None:
    assert senders.candidates(sender) == expected


@given(st.text())
def test_no_sender_is_too_strange(sender: str) -> None:
    found = senders.candidates(sender)
    assert len(found) == len(set(found))
    for candidate in found:
        assert len(senders.matcher(bytes(32), candidate)) == 16
    if found:
        # Whoever is blocked from the reading view is met by that rule.
        assert senders.candidates(found[0])[:1] == (senders.normal(found[0]),)


@given(st.text(st.characters(codec="ascii"), max_size=60).map(lambda text: f"{text}@shop.example"))
def test_what_can_be_written_into_a_rule_meets_its_sender(sender: str) -> None:
    try:
        subject = senders.subject(sender)
    except Invalid:
        return
    assert subject.text in senders.candidates(sender)
