"""The command `aae`. Nothing here or at the top of a command's file imports more than click."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from errno import ENOSPC
from importlib import import_module

import click

from aaecore.errors import AAEError, suggest

COMMANDS = (
    "train",
    "sweep",
    "list",
    "show",
    "evaluate",
    "report",
    "compare",
    "sample",
    "reconstruct",
    "encode",
    "score",
    "export",
    "new-plugin",
)
"""Each is `command` in the module of its name, dashes as underscores."""


class _Commands(click.Group):
    """Imports a command when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS]  # `list` is the command's module here

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = import_module(f"aaecore.cli.{name.replace('-', '_')}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(f"no command {args[0]!r}; {suggest(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)


_HELP = {"help_option_names": ["-h", "--help"]}


@click.group(cls=_Commands, invoke_without_command=True, context_settings=_HELP)
@click.option("--version", is_flag=True, help="Show the version and exit.")
@click.pass_context
def aae(ctx: click.Context, version: bool) -> None:
    """Adversarial autoencoders as replaceable parts: train them, look at them, use them."""
    if version:
        click.echo(f"aae {import_module('aaecore.version').core_version()}")
        ctx.exit()
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `aae` and exit; what a user can mend is one line on standard error and exit status 2."""
    sys.exit(run(aae, "aae", arguments))


def run(command: click.Command, name: str, arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status; what a user can mend is one line that begins with `name`."""
    try:
        status = command.main(arguments, prog_name=name, standalone_mode=False)
        sys.stdout.flush()
        return status if isinstance(status, int) else 0
    except AAEError as e:
        return _refused(name, str(e))
    except click.ClickException as e:
        return _refused(name, e.format_message())
    except (click.Abort, KeyboardInterrupt) as e:
        _say(f"{name}: interrupted{e.__cause__ or e}")  # click raises Abort from what came
        return 130
    except BrokenPipeError:  # the reader has left
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except (MemoryError, RuntimeError) as e:
        if not import_module("aaecore.memory").lacks_memory(e):
            raise
        return _refused(name, "this does not fit in memory; ask for fewer or smaller samples, or take a smaller batch")
    except OSError as e:
        if isinstance(e.__context__, KeyboardInterrupt):  # click could not write to a terminal that is gone
            return 130
        if e.filename is None and e.errno != ENOSPC:
            raise
        return _refused(name, f"{e.filename or 'the output'}: {e.strerror}")


def _refused(name: str, message: str) -> int:
    _say(f"{name}: error: {' '.join(message.split())}")
    return 2


def _say(line: str) -> None:
    with suppress(OSError):  # nobody may be there to read it
        click.echo(line, err=True)
