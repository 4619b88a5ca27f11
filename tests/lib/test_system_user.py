import os
import pwd
import stat
from pathlib import Path

import pytest

from app.errors import Unavailable
from app.lib import system_user
from app.lib.system_user import SystemUser, for_database, let_run, let_search

STRANGER = SystemUser(uid=os.geteuid() + 1, gid=os.getegid() + 1)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def account(name: str, uid: int) -> pwd.struct_passwd:
    return pwd.struct_passwd((name, "x", uid, uid, "", "/nonexistent", "/usr/sbin/nologin"))


@pytest.fixture
def accounts(monkeypatch: pytest.MonkeyPatch) -> dict[str, pwd.struct_passwd]:
    """The machine's users, as root would see them."""
    known: dict[str, pwd.struct_passwd] = {}
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(pwd, "getpwnam", known.__getitem__)
    monkeypatch.setattr(system_user, "_make", lambda _: None)
    return known


def test_parents_may_be_searched_but_not_read(tmp_path: Path) -> None:
    place = tmp_path / "closed" / "open" / "data"
    place.mkdir(parents=True)
    (tmp_path / "closed").chmod(0o700)
    (tmp_path / "closed" / "open").chmod(0o755)
    place.chmod(0o700)
    let_search(place, STRANGER)
    assert [mode(path) for path in (place, place.parent, place.parent.parent)] == [0o700, 0o755, 0o701]


def test_a_parent_of_the_users_own_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir(mode=0o700)
    let_search(tmp_path / "own" / "data", SystemUser(uid=os.geteuid(), gid=os.getegid()))
    assert mode(tmp_path / "own") == 0o700


def test_programs_of_a_tight_umask_are_opened_for_reading_and_running(tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir(mode=0o700)
    for name, rights in (("postgres", 0o700), ("notes", 0o600)):
        (programs / name).touch()
        (programs / name).chmod(rights)
    let_run(programs / "postgres", [programs])
    assert [mode(path) for path in (programs, programs / "postgres", programs / "notes")] == [0o705, 0o705, 0o604]


def test_programs_that_can_be_run_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "postgres").touch()
    (tmp_path / "postgres").chmod(0o755)
    (tmp_path / "private").touch(mode=0o600)
    let_run(tmp_path / "postgres", [tmp_path])
    assert mode(tmp_path / "private") == 0o600


def test_an_ordinary_user_runs_it_as_himself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert for_database(tmp_path) is None


def test_users_are_tried_in_turn(tmp_path: Path, accounts: dict[str, pwd.struct_passwd]) -> None:
    missing = tmp_path / "missing"
    with pytest.raises(Unavailable, match="cannot run as root"):
        for_database(missing)
    for name, uid in (("nobody", 65534), ("postgres", 26), ("restante-db", 990)):
        accounts[name] = account(name, uid)
        assert for_database(missing) == SystemUser(uid=uid, gid=uid)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_that_is_somebodys_stays_theirs(tmp_path: Path, accounts: dict[str, pwd.struct_passwd]) -> None:
    accounts["restante-db"] = account("restante-db", 990)
    assert for_database(tmp_path) == SystemUser(uid=990, gid=990)
    os.chown(tmp_path, 1234, 1235)
    assert for_database(tmp_path) == SystemUser(uid=1234, gid=1235)
