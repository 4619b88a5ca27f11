import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import PreconditionFailed
from app.lib.ranges import RangeNotSatisfiable, Selection, select

TAG = "a1b2"


def ask(size: int | None = 1000, *, method: str = "GET", etag: str = TAG, **asked: str) -> Selection:
    fields = {name.replace("_", "-"): value for name, value in asked.items()}
    return select(fields, method=method, size=size, etag=etag)


def is_whole(selection: Selection, size: int = 1000) -> bool:
    return (selection.start, selection.end, selection.is_partial) == (0, size, False) and (
        selection.headers["Content-Length"] == str(size) and "Content-Range" not in selection.headers
    )


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-", 0, 1000),
        ("bytes=999-", 999, 1000),
        ("bytes=10-19", 10, 20),
        ("bytes=10-5000", 10, 1000),
        ("bytes=-1", 999, 1000),
        ("bytes=-1000", 0, 1000),
        ("bytes=-5000", 0, 1000),
        ("Bytes=5-9", 5, 10),
        (" bytes = 5-9 ", 5, 10),
        ("bytes=,5-9,", 5, 10),
    ],
)
def test_one_range_is_given(text: str, start: int, end: int) -> None:
    selection = ask(range=text)
    assert (selection.start, selection.end, selection.is_partial) == (start, end, True)
    assert selection.headers == {
        "ETag": '"a1b2"',
        "Accept-Ranges": "bytes",
        "Content-Range": f"bytes {start}-{end - 1}/1000",
        "Content-Length": str(end - start),
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=5-4",
        "bytes=a-b",
        "bytes=0-1,5-6",
        "bytes=1--2",
        "bytes=+1-2",
        "bytes=1-2;q=1",
        "bytes=" + "9" * 30 + "-",
        "seconds=1-2",
        "bytes=\u0661-\u0662",
    ],
)
def test_what_is_no_single_range_is_answered_by_the_whole(text: str) -> None:
    assert is_whole(ask(range=text))


@pytest.mark.parametrize("text", ["bytes=1000-", "bytes=1000-2000", "bytes=5000-", "bytes=-0"])
def test_a_range_beyond_the_end_is_told_with_the_size(text: str) -> None:
    with pytest.raises(RangeNotSatisfiable) as caught:
        ask(range=text)
    assert caught.value.size == 1000


@pytest.mark.parametrize("text", ["bytes=0-", "bytes=5-", "bytes=-5", "bytes=-0"])
def test_an_empty_file_is_given_whole(text: str) -> None:
    assert is_whole(ask(0, range=text), 0)


@pytest.mark.parametrize(
    ("if_range", "is_partial"),
    [
        ('"a1b2"', True),
        ('W/"a1b2"', False),
        ('"other"', False),
        ("a1b2", False),
        ("Sat, 21 Nov 2026 14:00:00 GMT", False),
        ("", False),
    ],
)
def test_a_range_is_given_only_of_the_file_that_was_begun(if_range: str, is_partial: bool) -> None:
    assert ask(range="bytes=5-", if_range=if_range).is_partial is is_partial


@pytest.mark.parametrize("tags", ['"other"', 'W/"a1b2"', "", "a1b2"])
def test_if_match_keeps_two_files_apart(tags: str) -> None:
    for held in ("*", '"a1b2"', '"other", "a1b2"'):
        assert ask(range="bytes=5-", if_match=held).is_partial
    with pytest.raises(PreconditionFailed):
        ask(range="bytes=5-", if_match=tags)


@pytest.mark.parametrize("tags", ["*", '"a1b2"', 'W/"a1b2"', '"x", W/"a1b2"'])
def test_what_the_client_has_is_not_sent_again(tags: str) -> None:
    selection = ask(if_none_match=tags, range="bytes=5-")
    assert (selection.is_unchanged, selection.headers) == (True, {"ETag": '"a1b2"'})
    assert not ask(if_none_match='"other"').is_unchanged


def test_head_is_told_the_whole_length() -> None:
    assert is_whole(ask(method="HEAD", range="bytes=5-9"))


@pytest.mark.parametrize(("size", "etag"), [(None, TAG), (1000, ""), (None, "")])
def test_there_are_no_ranges_without_a_size_or_a_tag(size: int | None, etag: str) -> None:
    selection = ask(size, etag=etag, range="bytes=5-9")
    assert (selection.start, selection.end, selection.is_partial) == (0, size, False)
    assert selection.headers["Accept-Ranges"] == "none"
    assert ("Content-Length" in selection.headers) is (size is not None)


@given(
    st.dictionaries(st.sampled_from(["range", "if-range", "if-match", "if-none-match"]), st.text()),
    st.integers(0, 20),
)
def test_whatever_is_asked_the_answer_lies_in_the_file(asked: dict[str, str], size: int) -> None:
    try:
        selection = select(asked, method="GET", size=size, etag=TAG)
    except (PreconditionFailed, RangeNotSatisfiable):
        return
    assert selection.end is not None
    assert 0 <= selection.start <= selection.end <= size


@given(st.integers(0, 50), st.one_of(st.none(), st.integers(0, 50)), st.integers(1, 40))
def test_a_range_has_the_length_it_says(first: int, last: int | None, size: int) -> None:
    try:
        selection = ask(size, range=f"bytes={first}-{'' if last is None else last}")
    except RangeNotSatisfiable:
        assert first >= size
        return
    assert selection.end is not None
    assert selection.headers["Content-Length"] == str(selection.end - selection.start)
