"""The client's commands against a real server: in this process, as fast as tests want it, or as the real program."""

import asyncio
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from app.__main__ import main
from tests.api.conftest import Api, User, ada, api, app, bob, serve

__all__ = ["ada", "api", "app", "bob", "serve"]

RESTANTE = Path(sys.executable).with_name("restante")


class Cli:
    """`restante` in a home of its own, with the environment of one user."""

    def __init__(self, environ: Mapping[str, str | None]) -> None:
        self.environ = environ

    async def __call__(self, *words: str, stdin: str = "", code: int = 0) -> Result:
        result = await asyncio.to_thread(
            CliRunner().invoke, main, words, input=stdin, env=dict(self.environ), catch_exceptions=False
        )
        assert result.exit_code == code, result.output
        return result

    async def json(self, *words: str) -> Any:  # noqa: ANN401 - whatever JSON the command prints
        return msgspec.json.decode((await self(*words, "--json")).stdout)

    async def fails(self, *words: str, stdin: str = "", code: int = 1) -> str:
        """What it says on stderr; nothing is said on stdout."""
        result = await self(*words, stdin=stdin, code=code)
        assert result.stdout == ""
        if code == 1:
            assert result.stderr.startswith("restante: ")
        return result.stderr

    async def program(self, *words: str, stdin: str = "", code: int = 0) -> tuple[str, str]:
        """(stdout, stderr) of the real program."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("RESTANTE_", "XDG_"))}
        given = {name: value for name, value in self.environ.items() if value is not None}
        process = await asyncio.create_subprocess_exec(
            RESTANTE,
            *words,
            env=kept | given,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate(stdin.encode())
        assert process.returncode == code, err.decode()
        return out.decode(), err.decode()


MakeCli = Callable[..., Cli]


@pytest.fixture
def make_cli(api: Api, tmp_path: Path) -> MakeCli:
    """`make_cli(user)`: with the user's key in the environment; `make_cli(None)`: not logged in."""

    def make(user: User | None, **environ: str) -> Cli:
        base: dict[str, str | None] = {
            "XDG_CONFIG_HOME": str(tmp_path / "config"),
            "RESTANTE_URL": str(api.client.base_url) if user else None,
            "RESTANTE_API_KEY": user.key if user else None,
            "RESTANTE_INSECURE": None,
            "NO_COLOR": "1",
        }
        return Cli(base | environ)

    return make


@pytest.fixture
def cli(make_cli: MakeCli, ada: User) -> Cli:
    return make_cli(ada)
