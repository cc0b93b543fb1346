"""What members tell about themselves: answers to pings, and the state that Management Center shows."""

import json
import time
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Any, Final, NamedTuple
from uuid import UUID

import hazelcast
from hazelcast.errors import HazelcastError
from hz_core.codecs import client as client_codec
from hz_core.statistics.metrics_blob import Metric, decompress
from hz_cp.codecs import mc

PING_TIMEOUT: Final = 3.0
"""Seconds after which a member that does not answer counts as silent."""


def ping(client: hazelcast.HazelcastClient, member: UUID) -> float | None:
    """Return how many seconds a member takes to answer; None if it does not, or has no connection."""
    op = client_codec.ping(None)  # type: ignore[arg-type]  # the member is said instead
    op.member = member
    began = time.perf_counter()
    try:
        client.futures.within(PING_TIMEOUT).call(op).result()
    except (HazelcastError, FutureTimeoutError):
        return None
    return time.perf_counter() - began


def member_state(client: hazelcast.HazelcastClient, member: UUID) -> dict[str, Any] | None:
    """Return the state of a member as Management Center gets it; None if the member does not tell it.

    Source: message ``MC.getTimedMemberState``.
    """
    op = mc.get_timed_member_state()
    op.member = member
    try:
        text = client.futures.within(PING_TIMEOUT).call(op).result()
        found = json.loads(text) if text else None
    except (HazelcastError, FutureTimeoutError, ValueError):
        return None
    return found if isinstance(found, dict) else None


class Metrics(NamedTuple):
    """The metrics that a member has collected at a time."""

    time: float
    """Seconds since the epoch, by the member's clock."""
    values: list[Metric]
    following: int
    """Where the next ones begin."""


def member_metrics(client: hazelcast.HazelcastClient, member: UUID, since: int = 0) -> Metrics | None:
    """Return the newest metrics of a member; None if it has no newer ones, does not answer, or collects none.

    Members collect them every 5 seconds, unless they are configured otherwise.

    Args:
        client: A connected client.
        member: The member.
        since: Where to begin: ``following`` of the last ones, 0 at first.

    Source: message ``MC.readMetrics``.
    """
    op = mc.read_metrics(member, since)
    op.member = member
    try:
        answer = client.futures.within(PING_TIMEOUT).call(op).result()
        if not answer.elements:
            return None
        millis, blob = answer.elements[-1]
        return Metrics(millis / 1000, decompress(blob), answer.next_sequence)
    except (HazelcastError, FutureTimeoutError, ValueError):
        return None
