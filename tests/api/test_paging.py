from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.paging import cut_page, read_cursor, read_numbered_cursor, write_numbered_cursor
from app.errors import Invalid


def _same(item: UUID) -> UUID:
    return item


@given(st.uuids())
def test_a_cursor_leads_back_to_its_item(item: UUID) -> None:
    page, cursor = cut_page([item, item], 1, _same)
    assert page == [item]
    assert read_cursor(cursor) == item
    assert cursor is not None
    assert cursor.replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize(("count", "shown", "is_more"), [(0, 0, False), (2, 2, False), (3, 3, False), (4, 3, True)])
def test_only_a_full_page_with_more_behind_it_has_a_next(count: int, shown: int, *, is_more: bool) -> None:
    page, cursor = cut_page([UUID(int=number) for number in range(count)], 3, _same)
    assert (len(page), cursor is not None) == (shown, is_more)


@given(st.text() | st.from_regex(r"[A-Za-z0-9_-]{22}", fullmatch=True))
def test_an_item_has_one_spelling_and_all_else_is_refused(text: str) -> None:
    fields: list[str] = []
    try:
        found = read_cursor(text)
    except Invalid as error:
        fields = [fault.field for fault in error.fields]
    else:
        assert found is not None
        assert cut_page([found, found], 1, _same)[1] == text
    assert fields in ([], ["cursor"])


@pytest.mark.parametrize(
    "text", ["", "x", "A" * 21, "A" * 21 + "B", "A" * 21 + "=", "A" * 22 + "\n", "A" * 23, "ä" * 22]
)
def test_what_was_not_given_out_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        read_cursor(text)


def test_no_cursor_is_the_first_page() -> None:
    assert read_cursor(None) is None


@given(st.uuids(), st.integers(min_value=-(2**63), max_value=2**63 - 1))
def test_a_numbered_cursor_leads_back_to_its_item(item: UUID, number: int) -> None:
    assert read_numbered_cursor(write_numbered_cursor(item, number)) == (item, number)


@pytest.mark.parametrize("text", ["", "A" * 22, "A" * 31, "A" * 31 + "=", "A" * 32 + "\n", "A" * 33, "ä" * 32])
def test_a_numbered_cursor_that_was_not_given_out_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        read_numbered_cursor(text)


def test_no_numbered_cursor_is_the_first_page() -> None:
    assert read_numbered_cursor(None) is None
