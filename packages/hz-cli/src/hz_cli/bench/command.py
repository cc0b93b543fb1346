"""The command ``hz bench``."""

import asyncio
import json
import uuid
from typing import Any, Final

import click
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from hazelcast.errors import HazelcastError
from hz_cli.bench.histogram import Histogram, shown
from hz_cli.bench.load import Outcome, Plan, run
from hz_cli.connecting import Connection, connection_options
from hz_cli.errors import FAILED, OK, NoConnectionError, is_no_connection
from hz_cli.output import output

PERCENTILES: Final = (50.0, 90.0, 99.0, 99.9)
"""Those that are shown."""


@click.command("bench", short_help="A quick load test, with a histogram of latencies.")
@connection_options
@click.option(
    "--map",
    "map_name",
    metavar="MAP",
    help="The map to use; by default a new one, which is destroyed at the end.",
)
@click.option(
    "--seconds", type=click.FloatRange(0.1, 3600), default=5.0, show_default=True, help="How long to measure."
)
@click.option(
    "--workers",
    type=click.IntRange(1, 10_000),
    default=32,
    show_default=True,
    help="Operations under way at a time.",
)
@click.option(
    "--keys",
    type=click.IntRange(1, 10_000_000),
    default=10_000,
    show_default=True,
    help="Number of different keys.",
)
@click.option(
    "--value-bytes", type=click.IntRange(0, 16 << 20), default=100, show_default=True, help="Size of values."
)
@click.option(
    "--reads",
    type=click.FloatRange(0, 100),
    default=80.0,
    show_default=True,
    help="Percentage of reads; the others write.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    connection: Connection,
    map_name: str | None,
    seconds: float,
    workers: int,
    keys: int,
    value_bytes: int,
    reads: float,
    as_json: bool,
) -> int:
    """Read and write entries as fast as they are answered, and show how long that takes.

    One asyncio client on this machine makes the load, so the numbers are those of one busy core here as much as those
    of the members. Keys begin with hz-bench-, and are removed at the end.
    """
    name = map_name or f"hz-bench-{uuid.uuid4().hex[:8]}"
    plan = Plan(name, seconds, workers, keys, value_bytes, reads / 100)
    console = Console(stderr=True)
    try:
        if console.is_terminal:
            with Live(console=console, transient=True, auto_refresh=False) as live:

                def report(outcome: Outcome) -> None:
                    live.update(_progress(outcome, plan), refresh=True)

                outcome = asyncio.run(run(connection.config(), plan, report, destroy=map_name is None))
        else:
            outcome = asyncio.run(run(connection.config(), plan, lambda _: None, destroy=map_name is None))
    except HazelcastError as error:
        if is_no_connection(error):
            raise NoConnectionError(error) from error
        raise
    if as_json:
        click.echo(json.dumps(_facts(outcome, plan)))
    else:
        _show(outcome, plan)
    return FAILED if outcome.errors else OK


def _progress(outcome: Outcome, plan: Plan) -> Text:
    rate = outcome.operations / outcome.seconds if outcome.seconds else 0.0
    return Text(
        f"{outcome.seconds:4.1f} of {plan.seconds:g} s   {rate:,.0f} operations/s"
        f"   get {shown(outcome.get.percentile(50))}   set {shown(outcome.set.percentile(50))}"
    )


def _facts(outcome: Outcome, plan: Plan) -> dict[str, Any]:
    def latencies(histogram: Histogram) -> dict[str, Any]:
        percentiles = {f"p{p:g}_ms": round(histogram.percentile(p) * 1000, 4) for p in PERCENTILES}
        most = round(histogram.most * 1000, 4)
        return {
            "count": histogram.count,
            "mean_ms": round(histogram.mean * 1000, 4),
            **percentiles,
            "max_ms": most,
        }

    return {
        "seconds": round(outcome.seconds, 3),
        "operations_per_second": round(outcome.operations / outcome.seconds, 1),
        "workers": plan.workers,
        "keys": plan.keys,
        "value_bytes": plan.value_bytes,
        "get": latencies(outcome.get),
        "set": latencies(outcome.set),
        "errors": outcome.errors,
    }


def _show(outcome: Outcome, plan: Plan) -> None:
    console = output()
    rate = outcome.operations / outcome.seconds
    console.print(
        f"{outcome.operations:,} operations in {outcome.seconds:.1f} s: [bold]{rate:,.0f} operations/s[/bold]"
        f" with {plan.workers} under way, {plan.keys:,} keys, values of {plan.value_bytes} bytes"
    )
    table = Table()
    table.add_column("")
    for heading in ("count", "mean", *(f"{p:g} %" for p in PERCENTILES), "max"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, histogram in (("get", outcome.get), ("set", outcome.set)):
        if histogram.count:
            percentiles = (shown(histogram.percentile(p)) for p in PERCENTILES)
            table.add_row(
                name, f"{histogram.count:,}", shown(histogram.mean), *percentiles, shown(histogram.most)
            )
    console.print(table)
    for name, histogram in (("get", outcome.get), ("set", outcome.set)):
        _picture(console, name, histogram)
    for error, count in sorted(outcome.errors.items()):
        console.print(f"[red]{count:,} operations failed: {error}[/red]")


def _picture(console: Console, name: str, histogram: Histogram) -> None:
    bars = list(histogram.bars())
    widest = max((bar.times for bar in bars), default=0)
    if not widest:
        return
    console.print(f"{name}:")
    for bar in bars:
        length = round(bar.times / widest * 40) or (1 if bar.times else 0)
        console.print(f"  {shown(bar.begin):>8} - {shown(bar.end):<8} {'█' * length} {bar.times:,}")
