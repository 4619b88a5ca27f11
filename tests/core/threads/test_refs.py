"""What a header says of a message's ties, also where it says too much."""

from email import message_from_string

from app.core.threads import refs


def ids(*fields: str) -> tuple[str, ...]:
    return refs.of_message(message_from_string("\n".join([*fields, "", "x"])), "Plans").ids


def test_of_many_the_first_and_the_newest_count() -> None:
    found = ids("Message-ID: <own@x>", "References: " + "\n ".join(f"<{number}@x>" for number in range(200)))
    assert found == ("own@x", "0@x", *(f"{number}@x" for number in range(200 - refs.MAX_REFS + 1, 200)))


def test_of_fields_without_end_only_a_few_are_read() -> None:
    found = ids(*(f"References: <{number}@x>" for number in range(30)), "In-Reply-To: <parent@x>")
    assert found == (*(f"{number}@x" for number in range(10)), "parent@x")


def test_a_reply_that_names_nothing_is_tied_by_its_subject() -> None:
    header = message_from_string("Message-ID: <own@x>\n\nx")
    orphan = refs.of_message(header, "AW: Re[2]: Größe  Ä")
    assert (orphan.subject, orphan.is_orphan) == ("grösse ä", True)
    assert not refs.of_message(header, "Größe Ä").is_orphan
    assert not refs.of_message(header, "Re: ").is_orphan
    assert not refs.of_message(message_from_string("In-Reply-To: <parent@x>\n\nx"), "Re: Plans").is_orphan
