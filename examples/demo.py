"""Demos of the client on real clusters, which this script starts and shuts down.

Run it with ``hatch run demo`` for the tour, and with ``hatch run demo sql``, ``chaos`` or ``lock`` for one subject. It
does not need Java or a server; the first run downloads the members' jars.
"""

import argparse
import logging
import sys
from collections.abc import Callable

from rich.markup import escape

from hazelcast import HazelcastClient
from hazelcast.core import HazelcastJsonValue
from hazelcast.errors import HazelcastError
from hz_embedded import EmbeddedError
from tour import DemoError, airports, chaos, lock, mapping, members, queries, sql, survival, together
from tour.screen import console, heading, remark, stopwatch


def tour() -> None:
    """Run all parts."""
    data = airports.read()
    with members.start() as (cluster, victim):
        addresses = cluster.addresses
        # The writes of the demo may be executed twice, so the client may retry them when a member is killed.
        with HazelcastClient(cluster_members=addresses, redo_operation=True) as client:
            members.show(client, cluster)
            of_airports = client.get_map("airports", key=str, value=HazelcastJsonValue).blocking()
            mapping.load(of_airports, data)
            mapping.use(of_airports)
            queries.predicates(of_airports)
            queries.pages(of_airports)
            queries.aggregations(of_airports)
            together.listener(of_airports)
            together.lock(client)
            together.surfaces(client, addresses, list(data))
            survival.kill_under_load(client, victim)
        heading("The end")
        remark("The client is shut down; shutting down the members.")


DEMOS: dict[str, Callable[[float], None]] = {
    "tour": lambda seconds: tour(),
    "sql": lambda seconds: sql.run(),
    "chaos": chaos.run,
    "lock": lambda seconds: lock.run(),
}


def main() -> int:
    """Run the chosen demo; return the exit status."""
    if sys.argv[1:2] == ["candidate"]:  # a process that a demo has started
        lock.candidate(*sys.argv[2:])
        return 0
    parser = argparse.ArgumentParser(prog="demo", description="Demos of the client on real clusters.")
    parser.add_argument("demo", choices=DEMOS, nargs="?", default="tour", help="default: tour")
    parser.add_argument(
        "--seconds", type=float, default=14.0, help="duration of the load of chaos (default: %(default)s)"
    )
    chosen = parser.parse_args()
    # Hide the warning about the lost connection to the member that the demo kills.
    logging.getLogger("hazelcast").setLevel(logging.ERROR)
    try:
        with stopwatch() as watch:
            DEMOS[chosen.demo](chosen.seconds)
    except KeyboardInterrupt:
        console.print("[bold red]The demo was interrupted; its members are shut down.[/bold red]")
        return 130
    except (DemoError, EmbeddedError, HazelcastError) as error:
        console.print(f"[bold red]The demo failed:[/bold red] {type(error).__name__}: {escape(str(error))}")
        return 1
    console.print(f"[bold green]Success:[/bold green] the demo took {watch.seconds:.1f} s.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
