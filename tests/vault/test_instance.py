import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import Invalid
from app.vault.instance import InstanceKey

SECRET = "0123456789abcdef0123456789abcdef"


@settings(deadline=None)
@given(st.text(alphabet="abc \n", max_size=31))
def test_a_short_secret_is_refused(secret: str) -> None:
    with pytest.raises(Invalid) as caught:
        InstanceKey(secret)
    assert [field.field for field in caught.value.fields] == ["RESTANTE_SECRET"]


def test_padding_does_not_make_a_secret_long() -> None:
    with pytest.raises(Invalid):
        InstanceKey("short" + " " * 40)


def test_the_newline_of_a_file_does_not_change_the_key() -> None:
    assert InstanceKey(SECRET + "\n").subkey("a") == InstanceKey(SECRET).subkey("a")


def test_bytes_of_the_environment_that_are_not_utf_8_make_a_key() -> None:
    assert InstanceKey(SECRET + "\udcff").subkey("a") != InstanceKey(SECRET).subkey("a")


def test_subkeys_differ_by_secret_and_label() -> None:
    keys = {InstanceKey(secret).subkey(label) for secret in (SECRET, SECRET + "x") for label in ("a", "b")}
    assert len(keys) == 4
    assert {len(key) for key in keys} == {32}


def test_the_secret_shows_nowhere() -> None:
    key = InstanceKey(SECRET)
    assert SECRET not in f"{key!r} {key!s} {[key]}"
    with pytest.raises(TypeError):
        msgspec.json.encode(key)
