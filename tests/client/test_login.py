import stat
from pathlib import Path

import pytest

from app.client import login
from app.client.login import Login
from app.errors import Invalid, Unauthenticated
from app.vault.tokens import new_api_key
from tests.api.conftest import Api, User
from tests.client.conftest import MakeCli


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("https://mail.example.org", "https://mail.example.org"),
        (" https://mail.example.org/ ", "https://mail.example.org"),
        ("mail.example.org", "https://mail.example.org"),
        ("mail.example.org:8443", "https://mail.example.org:8443"),
        ("https://example.org/mail/api/v1/", "https://example.org/mail"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://[::1]:8000/", "http://[::1]:8000"),
        ("localhost", "http://localhost"),
        ("restante.localhost:8000", "http://restante.localhost:8000"),
    ],
)
def test_addresses_are_brought_into_one_form(written: str, url: str) -> None:
    assert login.checked_url(written) == url


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("http://mail.example.org", "insecure_url"),
        ("http://127.0.0.1.example.org", "insecure_url"),
        ("http://localhost.example.org", "insecure_url"),
        ("ftp://mail.example.org", "bad_url"),
        ("https://ada:secret@mail.example.org", "bad_url"),
        ("https://mail.example.org/?key=x", "bad_url"),
        ("https://mail.example.org:port", "bad_url"),
        ("https://", "bad_url"),
        ("", "bad_url"),
    ],
)
def test_other_addresses_are_refused(written: str, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        login.checked_url(written)
    assert caught.value.code == code


def test_http_is_taken_from_who_insists() -> None:
    assert login.checked_url("http://mail.example.org", is_insecure=True) == "http://mail.example.org"


def test_a_login_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    environ = {"XDG_CONFIG_HOME": str(tmp_path)}
    kept = Login(url='https://x.example/"\\', key="rst_'\"")
    place = login.save(environ, kept)
    assert place == tmp_path / "restante" / "client.toml"
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700
    assert login.current(environ) == kept
    assert "rst_" not in repr(kept)
    login.save(environ, Login(url="https://y.example", key="rst_2"))
    assert login.current(environ).url == "https://y.example"
    assert [one.name for one in place.parent.iterdir()] == ["client.toml"]


def test_a_login_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    environ = {"XDG_CONFIG_HOME": str(tmp_path)}
    login.save(environ, Login(url="https://x.example", key="rst_1")).chmod(0o640)
    with pytest.raises(Invalid, match="chmod 600"):
        login.current(environ)


@pytest.mark.parametrize("text", ["", "url = 1", "url = 'https://x.example'", "not toml", "\x00\xff"])
def test_a_damaged_login_says_what_to_do(tmp_path: Path, text: str) -> None:
    environ = {"XDG_CONFIG_HOME": str(tmp_path)}
    place = login.save(environ, Login(url="https://x.example", key="rst_1"))
    place.write_text(text)
    with pytest.raises(Invalid, match="restante login"):
        login.current(environ)


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    environ = {"XDG_CONFIG_HOME": str(tmp_path)}
    with pytest.raises(Unauthenticated, match="not logged in"):
        login.current(environ)
    login.save(environ, Login(url="https://x.example", key="rst_1"))
    both = environ | {"RESTANTE_URL": "https://y.example", "RESTANTE_API_KEY": "rst_2"}
    assert login.current(both) == Login(url="https://y.example", key="rst_2")
    assert login.current(environ | {"RESTANTE_API_KEY": "rst_2"}) == Login(url="https://x.example", key="rst_2")


def test_a_stored_key_never_goes_to_another_server(tmp_path: Path) -> None:
    environ = {"XDG_CONFIG_HOME": str(tmp_path)}
    login.save(environ, Login(url="https://x.example", key="rst_1"))
    with pytest.raises(Unauthenticated, match="RESTANTE_API_KEY"):
        login.current(environ | {"RESTANTE_URL": "https://y.example"})


@pytest.mark.parametrize("key", ["", "rst_ä", "rst_a b", "rst_\x1b"])
def test_what_cannot_be_a_key_is_refused(key: str) -> None:
    with pytest.raises(Invalid, match="no API key"):
        login.checked_key(key)


async def test_logging_in_tries_the_key_and_out_forgets_it(make_cli: MakeCli, api: Api, ada: User) -> None:
    cli, url = make_cli(None), str(api.client.base_url)
    assert "not logged in" in await cli.fails("inbox")
    wrong = new_api_key()
    told = await cli.fails("login", "--url", url, "--key-stdin", stdin=wrong + "\n")
    assert "not valid" in told
    assert wrong not in told
    assert "not logged in" in await cli.fails("inbox")
    done = await cli("login", "--url", url, "--key-stdin", stdin=ada.key + "\n")
    assert f"Logged in to {url} as ada." in done.output
    assert ada.key not in done.output
    await cli("inbox")
    await cli("logout")
    assert "not logged in" in await cli.fails("inbox")
    assert "no login" in await cli.fails("logout")


async def test_what_is_missing_is_asked_for_and_the_key_is_not_shown(make_cli: MakeCli, api: Api, ada: User) -> None:
    done = await make_cli(None)("login", stdin=f"{api.client.base_url}\n{ada.key}\n")
    assert "as ada" in done.output
    assert ada.key not in done.output
