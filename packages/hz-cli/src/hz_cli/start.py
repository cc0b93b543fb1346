"""The command ``hz start``."""

import click

from hz_cli.errors import USAGE, CommandError


@click.command(
    "start",
    short_help="Start a cluster on this machine, to try things on.",
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(arguments: tuple[str, ...]) -> int:
    """Start a cluster on 127.0.0.1, which runs until Ctrl-C; members know SQL if their version can."""
    try:
        from hz_embedded import cli
    except ImportError as error:
        raise CommandError(
            f"clusters are started by the package hz-embedded ({error})",
            "pip install 'hz-cli[embedded]'",
            USAGE,
        ) from error
    words = list(arguments)
    if not any(word.partition("=")[0] == "--config" for word in words):
        # So that `hz top` has something to show.
        words += ["--property", "hazelcast.metrics.enabled=true"]
    return cli.main(["start", *words], program="hz", sql=None)
