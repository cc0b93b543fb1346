"""The command ``hz members``."""

import json
import time
from typing import Any, Final

import click
from rich import box
from rich.table import Table

import hazelcast
from hz_cli.cluster_state import ping
from hz_cli.connecting import Connection, connection_options
from hz_cli.output import output

_TABLE_TIMEOUT: Final = 0.5
"""Seconds to wait for the partition table; a cluster that nobody has used has none."""


@click.command("members", short_help="List the members of the cluster.")
@connection_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each member, on a line.")
def command(connection: Connection, as_json: bool) -> None:
    """List the members: addresses, versions, partitions, and how fast they answer this machine."""
    with connection.client() as client:
        found = describe(client)
        name = client.config.cluster_name
    if as_json:
        for member in found:
            click.echo(json.dumps(member))
        return
    title = f"Cluster {name}: {len(found)} member{'' if len(found) == 1 else 's'}"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("address", "version", "uuid", "kind"):
        table.add_column(heading, no_wrap=True)
    for heading in ("partitions", "ping"):
        table.add_column(heading, justify="right", no_wrap=True)
    for member in found:
        table.add_row(
            member["address"],
            member["version"],
            member["uuid"][:8],
            "lite" if member["lite"] else "data",
            str(member["partitions"]),
            "no answer" if member["ping_ms"] is None else f"{member['ping_ms']:.2f} ms",
        )
    output().print(table)


def describe(client: hazelcast.HazelcastClient) -> list[dict[str, Any]]:
    """Return what is known of each member, the oldest first."""
    members = client.cluster_service.get_members()
    pings = [ping(client, member.uuid) for member in members]
    owned = _owned(client)
    found = []
    for member, seconds in zip(members, pings, strict=True):
        found.append(
            {
                "address": str(member.address),
                "public_address": None if member.public_address is None else str(member.public_address),
                "uuid": str(member.uuid),
                "version": str(member.version),
                "lite": member.lite_member,
                "attributes": member.attributes,
                "partitions": owned.get(str(member.uuid), 0),
                "ping_ms": None if seconds is None else round(seconds * 1000, 3),
            }
        )
    return found


def _owned(client: hazelcast.HazelcastClient) -> dict[str, int]:
    """Return the numbers of partitions by member; the table comes a moment after the connection."""
    end = time.monotonic() + _TABLE_TIMEOUT
    while not (owned := client.diagnostics().partitions.owned) and time.monotonic() < end:
        time.sleep(0.02)  # the client has no event for the table, which it uses as soon as it is there
    return owned
