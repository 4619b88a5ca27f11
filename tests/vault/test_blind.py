import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.vault.blind import digest, token, tokens
from app.vault.keyring import new_index_key

KEY = bytes(range(32))
WORDS = st.dictionaries(st.sampled_from(["", "body", "subject"]), st.lists(st.text(max_size=8), max_size=10))


@settings(deadline=None)
@given(WORDS)
def test_tokens_are_those_of_each_word_sorted_and_once(words: dict[str, list[str]]) -> None:
    assert tokens(KEY, words) == sorted({token(KEY, field, word) for field in words for word in words[field]})


@settings(deadline=None)
@given(st.text() | st.text(alphabet=st.characters(categories=["Cs"])))
def test_a_token_fits_a_bigint_whatever_the_word(word: str) -> None:
    assert -(2**63) <= token(KEY, "body", word) < 2**63


def test_both_signs_occur() -> None:
    found = tokens(KEY, {"body": map(str, range(64))})
    assert found[0] < 0 < found[-1]
    assert len(found) == 64


def test_tokens_differ_by_account_and_field() -> None:
    keys = [new_index_key(), new_index_key()]
    assert len({token(key, field, "word") for key in keys for field in ("body", "subject")}) == 4


def test_a_field_and_a_word_do_not_run_into_another_pair() -> None:
    assert token(KEY, "a", "bc") != token(KEY, "ab", "c")
    assert token(KEY, "", "abc") != token(KEY, "abc", "")


def test_a_generator_will_do() -> None:
    assert tokens(KEY, {"body": (word for word in ("b", "a", "b"))}) == tokens(KEY, {"body": ["a", "b"]})
    assert tokens(KEY, {}) == []


def test_digests_differ_by_account_and_data() -> None:
    digests = {digest(key, data) for key in (KEY, KEY[::-1]) for data in (b"", b"a", b"b")}
    assert len(digests) == 6
    assert {len(value) for value in digests} == {16}


@pytest.mark.parametrize("key", [b"", bytes(16), bytes(33)])
def test_a_key_of_another_length_makes_no_token(key: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        token(key, "body", "word")
    with pytest.raises(ValueError, match="32 bytes"):
        digest(key, b"data")
