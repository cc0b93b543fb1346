"""A tour of the client on a real cluster of three members, which this script starts and shuts down.

Run it with ``hatch run demo``. It does not need Java or a server; the first run downloads the members' jars.
"""

import logging
import sys

from rich.markup import escape

from hazelcast import HazelcastClient
from hazelcast.core import HazelcastJsonValue
from hazelcast.errors import HazelcastError
from hz_embedded import EmbeddedError
from tour import DemoError, airports, mapping, members, queries, survival, together
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


def main() -> int:
    """Run the tour; return the exit status."""
    # Hide the warning about the lost connection to the member that the demo kills.
    logging.getLogger("hazelcast").setLevel(logging.ERROR)
    try:
        with stopwatch() as watch:
            tour()
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
