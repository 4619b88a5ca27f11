"""The command line `restante`: which commands there are, and where each of them lives.

What runs a service takes a second to load, which the commands that only ask one for something need not wait for.
"""

import errno
import logging
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import click

from app.errors import RestanteError

_UNWRITABLE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""Of a reader that has gone (EPIPE) click says nothing."""
Load = Callable[[str], click.Command]


def _operating(name: str) -> click.Command:
    from app import operating  # noqa: PLC0415 - see above

    return operating.COMMANDS[name]


def _selling(name: str) -> click.Command:
    from app import selling  # noqa: PLC0415 - see above

    return selling.COMMANDS[name]


def _client(name: str) -> click.Command:
    from app.client import commands  # noqa: PLC0415 - see above

    return commands.COMMANDS[name]


class _Commands(click.Group):
    """Commands in sections, each loaded when it is asked for.

    Turns our errors into lines on stderr and exit code 1; click does the same for its own, with 2.
    """

    def __init__(self, *args: Any, sections: Mapping[str, Mapping[str, Load]], **kwargs: Any) -> None:  # noqa: ANN401 - click's own
        super().__init__(*args, **kwargs)
        self._sections = sections

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All of them, in the order of the help."""
        del ctx
        return [name for section in self._sections.values() for name in section]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name."""
        del ctx
        found = next((section[cmd_name] for section in self._sections.values() if cmd_name in section), None)
        return found(cmd_name) if found else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """A list a section."""
        width = max(len(name) for name in self.list_commands(ctx))
        for title, section in self._sections.items():
            limit = formatter.width - 6 - width
            rows = [(name.ljust(width), load(name).get_short_help_str(limit)) for name, load in section.items()]
            with formatter.section(title):
                formatter.write_dl(rows)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's own signature
        """Run the command."""
        try:
            return super().invoke(ctx)
        except RestanteError as error:
            click.echo(f"restante: {error.detail}", err=True)
            for fault in getattr(error, "fields", ()):
                if fault.message not in error.detail:
                    click.echo(f"  {fault.field}: {fault.message}", err=True)
            sys.exit(1)

    def main(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - click's own signature
        """The whole program: helps are written before any command is invoked."""
        try:
            return super().main(*args, **kwargs)
        except OSError as error:
            if error.errno not in _UNWRITABLE:
                raise
            click.echo(f"restante: The output could not be written: {error.strerror}.", err=True)
            _forget_output()
            sys.exit(1)


def _forget_output() -> None:
    """What could not be written would be tried again on the way out, and fail in Python's own words."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


_WITH_A_KEY = "Your mail, at any server: with its address and an API key (`restante login`)"
_ON_THE_SERVER = "A service of your own: on its machine, with its configuration and its database"


def _alias(_name: str) -> click.Command:
    sections: Mapping[str, Mapping[str, Load]] = {
        _WITH_A_KEY: dict.fromkeys(("new", "list"), lambda name: _client(f"alias {name}")),
        _ON_THE_SERVER: dict.fromkeys(("create", "export"), lambda name: _operating(f"alias {name}")),
    }
    text = "Aliases: `new` and `list` ask a server, `create` and `export` open its database."
    return _Commands("alias", sections=sections, help=text, short_help="Aliases: make, list, export.")


_SECTIONS: Mapping[str, Mapping[str, Load]] = {
    _WITH_A_KEY: {
        **dict.fromkeys(("login", "logout", "inbox", "read", "wait"), _client),
        "alias": _alias,
        **dict.fromkeys(("block", "export", "import"), _client),
    },
    _ON_THE_SERVER: {
        **dict.fromkeys(("serve", "check", "migrate", "web", "smtp", "worker", "account", "key", "domain"), _operating),
        **dict.fromkeys(("plan", "voucher", "purchase"), _selling),
    },
}


@click.group(cls=_Commands, sections=_SECTIONS, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Restante: an inbox where mail waits, and an alias for every site."""
    # Where nothing else is set up, Python writes what libraries log to stderr, in words nobody can vouch for.
    logging.getLogger().addHandler(logging.NullHandler())


if __name__ == "__main__":
    main()
