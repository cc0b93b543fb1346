"""The command ``hz doctor``."""

import json
from collections.abc import Iterator
from typing import Final

import click

from hz_cli.connecting import Connection, connection_options
from hz_cli.doctor.cluster import check_cluster
from hz_cli.doctor.finding import Finding, Status
from hz_cli.doctor.local import check_addresses, check_config, check_packages
from hz_cli.doctor.network import check_names, check_tls, port_findings, try_ports
from hz_cli.errors import FAILED, OK, one_line

_MARKS: Final = {
    Status.OK: ("ok", "green"),
    Status.WARNING: ("warning", "yellow"),
    Status.FAILED: ("failed", "red"),
    Status.SKIPPED: ("-", None),
}


@click.command("doctor", short_help="Find out what is wrong, and what to do about it.")
@connection_options
@click.option("--json", "as_json", is_flag=True, help="Print each finding as a line of JSON.")
def command(connection: Connection, as_json: bool) -> int:
    """Check packages, configuration, DNS, ports, TLS, the cluster, versions, clocks and SQL.

    Ends with 1 if something does not work.
    """
    counts = dict.fromkeys(Status, 0)
    for finding in examine(connection):
        counts[finding.status] += 1
        if as_json:
            fields = {"check": finding.check, "status": finding.status.value, "text": finding.text}
            click.echo(json.dumps({**fields, "advice": finding.advice}))
        else:
            _show(finding)
    if not as_json:
        bad, doubtful = counts[Status.FAILED], counts[Status.WARNING]
        click.echo(f"{bad} failed, {doubtful} warnings, {counts[Status.OK]} ok")
    return FAILED if counts[Status.FAILED] else OK


def examine(connection: Connection) -> Iterator[Finding]:
    """Yield what each check finds, as soon as it is known; what needs something that has failed is left out."""
    yield from check_packages()
    found, config = check_config(connection)
    yield from found
    if config is None:
        return
    found, endpoints = check_addresses(config)
    yield from found
    if any(finding.status is Status.FAILED for finding in found):
        return
    nameless = set()
    for finding, host in check_names(host for host, _ in endpoints):
        yield finding
        if finding.status is Status.FAILED:
            nameless.add(host)
    tried = try_ports(endpoint for endpoint in endpoints if endpoint[0] not in nameless)
    yield from port_findings(tried)
    reached = [one.endpoint for one in tried if one.error is None]
    if endpoints and not reached:
        return
    for endpoint in reached[:1]:
        yield from check_tls(config, endpoint)
    yield from check_cluster(config)


def _show(finding: Finding) -> None:
    mark, colour = _MARKS[finding.status]
    click.echo(f"{click.style(f'{mark:>7}', fg=colour)}  {finding.check}: {one_line(finding.text)}")
    if finding.advice:
        click.echo(f"{'':>7}  → {finding.advice}")
