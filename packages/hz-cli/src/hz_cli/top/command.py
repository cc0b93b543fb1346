"""The command ``hz top``."""

import dataclasses
import json
from collections.abc import Callable

import click
from rich.live import Live

from hz_cli.connecting import Connection, connection_options
from hz_cli.keys import key_within, unbuffered
from hz_cli.output import output
from hz_cli.top.snapshot import Snapshot, Watch
from hz_cli.top.view import render


@click.command("top", short_help="Watch members, clients, maps and latencies live.")
@connection_options
@click.option(
    "--interval",
    type=click.FloatRange(0.1, 3600),
    default=2.0,
    show_default=True,
    help="Seconds between two looks.",
)
@click.option("--count", type=click.IntRange(min=1), help="End after so many looks.")
@click.option(
    "--rows", type=click.IntRange(min=1), default=10, show_default=True, help="Rows of maps, and of clients."
)
@click.option("--once", is_flag=True, help="Look once, with all rows.")
@click.option("--json", "as_json", is_flag=True, help="Print each look as a line of JSON.")
def command(
    connection: Connection, interval: float, count: int | None, rows: int, once: bool, as_json: bool
) -> None:
    """Watch the cluster: members, maps, clients; q or Ctrl-C ends.

    Members collect their metrics every 5 seconds, unless they are configured otherwise; rates are those between the
    last two. Answers to pings are measured here, latencies of maps by the members.
    """
    left = 1 if once else count
    with connection.client() as client:
        watch = Watch(client)
        console = output()
        if as_json or once or not console.is_terminal:

            def show(snapshot: Snapshot) -> None:
                if as_json:
                    click.echo(json.dumps(dataclasses.asdict(snapshot)))
                else:
                    console.print(render(snapshot, None if once else rows))

            _loop(watch, show, interval, left)
            return
        with Live(console=console, auto_refresh=False, screen=True) as live:
            _loop(watch, lambda snapshot: live.update(render(snapshot, rows), refresh=True), interval, left)


def _loop(watch: Watch, show: Callable[[Snapshot], object], interval: float, count: int | None) -> None:
    """Look and show, ``count`` times or until a key ends it."""
    with unbuffered() as readable:
        while True:
            show(watch.take())
            count = None if count is None else count - 1
            if count == 0 or key_within(interval, readable=readable) in ("q", "Q", "\x1b"):
                return
