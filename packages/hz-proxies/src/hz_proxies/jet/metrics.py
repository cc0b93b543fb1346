"""The metrics of jobs, as members send them."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from hz_core.statistics.metrics_blob import Unit, decompress
from hz_proxies.jet.summary import to_time
from hz_serialization.member_objects import JobMetricsBlob


class JobMetric(NamedTuple):
    """A metric of a job, of one member."""

    name: str
    """For example ``emittedCount``."""

    value: int | float
    """Its value."""

    unit: Unit | None
    """The unit, None if it has none."""

    tags: dict[str, str]
    """What it was measured of: ``job``, ``vertex``, ``proc``, ``member`` and others."""

    time: datetime
    """When it was measured, by the clock of the member (UTC)."""


def metrics_of(collected: Iterable[JobMetricsBlob]) -> list[JobMetric]:
    """Return the metrics of all members; a member that has not measured yet has none."""
    return [
        JobMetric(metric.name, metric.value, metric.unit, dict(metric.tags), to_time(one.timestamp))
        for one in collected
        if one.blob is not None
        for metric in decompress(one.blob)
    ]
