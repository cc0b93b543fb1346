"""The group of all commands, and the process around it."""

import logging
import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Final

import click

from hz_cli.__about__ import __version__
from hz_cli.errors import FAILED, INTERRUPTED, OK, as_command_error, one_line

_COMMANDS: Final = {
    "bench": ("hz_cli.bench.command", "A quick load test, with a histogram of latencies."),
    "doctor": ("hz_cli.doctor.command", "Find out what is wrong, and what to do about it."),
    "map": ("hz_cli.map_commands", "Read and write entries; dump and load whole maps."),
    "members": ("hz_cli.members", "List the members of the cluster."),
    "sql": ("hz_cli.sql.command", "SQL: an interactive shell, single statements, exports."),
    "start": ("hz_cli.start", "Start a cluster on this machine, to try things on."),
    "top": ("hz_cli.top.command", "Watch members, clients, maps and latencies live."),
}
"""Where each command is, so that only the one that runs is imported."""


class Commands(click.Group):
    """Loads commands when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands."""
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command; None if there is none of this name."""
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(_COMMANDS[cmd_name][0]).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in sorted(_COMMANDS.items())])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="hz")
@click.option("-v", "--verbose", is_flag=True, help="Show what the client logs.")
def hz(verbose: bool) -> None:
    """Work with a Hazelcast cluster from the terminal.

    Each command finds the cluster by its options, by the environment (HZ_URL, HZCLIENT_…), or by a
    hazelcast-client.yaml; without any of them, at 127.0.0.1.

    Exit codes: 0 done, 1 failed or not found, 2 wrong arguments or configuration, 3 no connection, 130 interrupted.
    """
    _set_up_logging(verbose)


def _set_up_logging(verbose: bool) -> None:
    logger = logging.getLogger("hazelcast")
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
    if verbose:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
    else:
        logger.addHandler(logging.NullHandler())
    logger.propagate = False


@contextmanager
def _logging_restored() -> Iterator[None]:
    """Leave the logging of a program that calls ``main`` as it was."""
    logger = logging.getLogger("hazelcast")
    handlers, level, propagate = list(logger.handlers), logger.level, logger.propagate
    try:
        yield
    finally:
        logger.handlers[:] = handlers
        logger.setLevel(level)
        logger.propagate = propagate


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with ``arguments``, those of the process by default, and return its exit code."""
    with _logging_restored():
        return _run(arguments)


def _run(arguments: Sequence[str] | None) -> int:
    try:
        result: Any = hz.main(
            args=None if arguments is None else list(arguments), prog_name="hz", standalone_mode=False
        )
        return result if isinstance(result, int) else OK
    except (KeyboardInterrupt, click.Abort):
        click.echo("hz: interrupted", err=True)
        return INTERRUPTED
    except click.exceptions.Exit as end:
        return end.exit_code
    except BrokenPipeError:
        # The reader of our output has enough, as `head` does. Nothing can be written at the end of the process, too.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except Exception as error:
        return _failed(error)


def _failed(error: Exception) -> int:
    shown = as_command_error(error)
    if os.environ.get("HZ_DEBUG"):
        traceback.print_exception(error)
    if shown is None:
        text = one_line(f"{type(error).__name__}: {error}")
        click.echo(
            f"hz: this is a fault of the program: {text}; with HZ_DEBUG=1 it shows where, which helps to report it",
            err=True,
        )
        return FAILED
    hint = ""
    if isinstance(shown, click.UsageError) and shown.ctx is not None:
        hint = f"; see `{shown.ctx.command_path} --help`"
    click.echo(f"hz: {one_line(shown.format_message()).rstrip('.')}{hint}", err=True)
    return shown.exit_code
