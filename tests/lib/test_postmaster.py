import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.errors import Unavailable
from app.lib import postmaster
from app.lib.postmaster import Postmaster

FULL = "4711\n/data/cluster\n1700000000\n5432\n/run/restante\n\n  5432001         3\nready   \n"

# Looks like a postmaster of the folder it is given, and ends on the signal it is told to heed.
LOOKALIKE = """
import signal, sys
for number in (signal.SIGINT, signal.SIGQUIT):
    heeded = number == int(sys.argv[1])
    signal.signal(number, signal.SIG_DFL if heeded else signal.SIG_IGN)
print("up", flush=True)
signal.pause()
# postgres
"""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (FULL, Postmaster(pid=4711, socket_dir="/run/restante", is_ready=True)),
        (FULL.replace("ready   ", "starting"), Postmaster(pid=4711, socket_dir="/run/restante", is_ready=False)),
        ("4711\n/data/cluster\n", Postmaster(pid=4711, socket_dir="", is_ready=False)),
        ("-4711\n", Postmaster(pid=4711, socket_dir="", is_ready=False)),
        ("", None),
        ("nonsense\n", None),
    ],
)
def test_what_the_file_says(tmp_path: Path, text: str, found: Postmaster | None) -> None:
    (tmp_path / "postmaster.pid").write_text(text)
    assert postmaster.read(tmp_path) == found


def test_no_file_and_no_folder_mean_no_postmaster(tmp_path: Path) -> None:
    assert postmaster.read(tmp_path) is None
    assert postmaster.read(tmp_path / "missing") is None


def test_only_a_server_of_this_very_folder_counts(tmp_path: Path) -> None:
    assert not postmaster.is_alive(os.getpid(), tmp_path)
    assert postmaster.is_foreign(os.getpid())


@pytest.mark.parametrize("heeds", [signal.SIGINT, signal.SIGQUIT])
def test_it_is_asked_first_and_made_to_end_then(tmp_path: Path, heeds: signal.Signals) -> None:
    arguments = [sys.executable, "-c", LOOKALIKE, str(int(heeds)), "-D", str(tmp_path), "-c", "port=5432"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE) as server:
        assert server.stdout
        server.stdout.readline()
        assert postmaster.is_alive(server.pid, tmp_path)
        assert not postmaster.is_foreign(server.pid)
        # It stays a zombie of ours until it is waited for: that must count as gone.
        postmaster.end(server.pid, tmp_path, timeout=0.2)
        assert not postmaster.is_alive(server.pid, tmp_path)
        assert server.wait() == -heeds
    postmaster.end(server.pid, tmp_path, timeout=0.2)


def test_one_that_may_not_be_ended_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_pid: int, _number: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)
    with pytest.raises(Unavailable, match="for another user"):
        postmaster.end(4711, tmp_path, timeout=0.1)
