"""Checks with a connection: authentication, members, clocks, SQL."""

import time
from collections.abc import Iterator
from typing import Any, Final

import hazelcast
from hazelcast.config import Config
from hazelcast.core import MemberInfo
from hazelcast.errors import AuthenticationError, HazelcastError, IllegalStateError, JetDisabledError
from hazelcast.sql import HazelcastSqlError
from hz_cli.bench.histogram import shown
from hz_cli.cluster_state import member_metrics, member_state, ping
from hz_cli.doctor.finding import Finding, failed, ok, skipped, warning
from hz_cli.doctor.network import text_of, try_ports
from hz_cli.errors import one_line

_CLOCK: Final = 1.0
"""Seconds that clocks may differ: entries expire by the members' clocks."""
_SLOW: Final = 0.1


def check_cluster(config: Config) -> Iterator[Finding]:
    """Connect as clients do, and check what can be seen then."""
    began = time.monotonic()
    try:
        client = hazelcast.HazelcastClient(config)
    except (HazelcastError, OSError, ValueError, TypeError) as error:
        yield _no_connection(error, config)
        return
    with client:
        took = time.monotonic() - began
        yield ok("cluster", f"connected to cluster {config.cluster_name!r} in {shown(took)}")
        members = client.cluster_service.get_members()
        yield from version_findings(members)
        if not config.smart_routing:
            yield warning("members", "smart_routing is off: one member passes everything on", "switch it on")
        else:
            yield from _reachable(client, members)
        for member in members:
            yield from _member(client, member)
        yield from _sql(client)


def _no_connection(error: Exception, config: Config) -> Finding:
    text = one_line(str(error))
    cause = error.__cause__ or error
    if isinstance(cause, AuthenticationError) or "AuthenticationError" in text:
        name = config.cluster_name
        advice = (
            f"ask for the cluster's name, and say it with --cluster (now {name!r}); check user and password"
        )
        return failed("cluster", text, advice)
    if isinstance(error, IllegalStateError):
        return failed("cluster", text, "see the checks above; -v shows each attempt")
    return failed("cluster", f"{type(error).__name__}: {text}", "correct the configuration")


def version_findings(members: list[MemberInfo]) -> Iterator[Finding]:
    """Yield whether the members' versions belong together."""
    versions = sorted({member.version for member in members})
    count = f"{len(members)} member{'' if len(members) == 1 else 's'}"
    shown_versions = ", ".join(map(str, versions))
    if len({version[:2] for version in versions}) > 1:
        advice = "an upgrade that has not ended: end it, members of one version work best"
        yield warning("versions", f"{count} of different versions: {shown_versions}", advice)
    else:
        yield ok("versions", f"{count}, Hazelcast {shown_versions}")
    if versions and versions[0] < (4, 0):
        yield failed(
            "versions", f"Hazelcast {versions[0]} is too old", "clients of this protocol need 4.0 or newer"
        )


def _reachable(client: hazelcast.HazelcastClient, members: list[MemberInfo]) -> Iterator[Finding]:
    """Check that the addresses that members tell can be reached from here."""
    connected = {connection.member for connection in client.diagnostics().connections}
    missing = [member for member in members if str(member.uuid) not in connected]
    tried = try_ports((member.address.host, member.address.port) for member in missing)
    bad = [one for one in tried if one.error is not None]
    if not bad:
        yield ok("members", "all of them can be reached from here")
        return
    for one in bad:
        advice = (
            "the cluster tells an address that this machine cannot reach: set public addresses on the members and"
            " use_public_ip here, or smart_routing=false"
        )
        yield failed("members", f"{text_of(one.endpoint)}: {one.error}", advice)


def _member(client: hazelcast.HazelcastClient, member: MemberInfo) -> Iterator[Finding]:
    where = str(member.address)
    seconds = ping(client, member.uuid)
    if seconds is None:
        yield failed("members", f"{where} does not answer", "look at its log and its garbage collection")
        return
    if seconds > _SLOW:
        advice = "the network is slow, or the member is busy: `hz top` shows its load"
        yield warning("members", f"{where} takes {shown(seconds)} to answer", advice)
    sent = time.time()
    state = member_state(client, member.uuid)
    received = time.time()
    told: Any = (state or {}).get("timedMemberState", {})
    yield clock_finding(where, told.get("time"), sent, received)
    cluster_state = told.get("memberState", {}).get("nodeState", {}).get("clusterState")
    if cluster_state not in (None, "ACTIVE"):
        advice = (
            "an operator has set that: nothing is rebalanced, and PASSIVE clusters refuse most operations"
        )
        yield warning("cluster", f"the cluster's state is {cluster_state}", advice)
    if member_metrics(client, member.uuid) is None:
        yield skipped("metrics", f"{where} collects none, or has none yet: `hz top` shows less")


def clock_finding(where: str, millis: Any, sent: float, received: float) -> Finding:
    """Return whether a member's clock agrees with ours, within the time that the answer took.

    Args:
        where: The member.
        millis: Its time, in milliseconds since the epoch; None if it did not tell.
        sent: Our time, in seconds since the epoch, when it was asked.
        received: Our time when the answer was there.
    """
    if not isinstance(millis, int | float):
        return skipped("clock", f"{where} does not tell its time")
    theirs = millis / 1000
    difference = theirs - received if theirs > received else min(theirs - sent, 0.0)
    if abs(difference) > _CLOCK:
        direction = "ahead of" if difference > 0 else "behind"
        advice = "set both by NTP: entries expire by the members' clocks"
        return warning("clock", f"{where} is {abs(difference):.1f} s {direction} this machine", advice)
    return ok("clock", f"{where} agrees with this machine")


def _sql(client: hazelcast.HazelcastClient) -> Iterator[Finding]:
    try:
        client.sql.blocking().execute("SHOW MAPPINGS").close()
    except (HazelcastSqlError, JetDisabledError, HazelcastError) as error:
        text = one_line(str(error))[:200]
        yield skipped(
            "SQL", f"not available ({text}): it needs Jet and the module hazelcast-sql on the members"
        )
    else:
        yield ok("SQL", "available")
