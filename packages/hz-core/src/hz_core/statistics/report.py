"""What is sent in one period: attributes as text, and metrics."""

from typing import Final

from hz_core.statistics.metrics_blob import Metric, Unit

_SPECIAL: Final = str.maketrans({character: f"\\{character}" for character in ",=.\\"})

_SUFFIX_UNITS: Final = (
    ("MemorySize", Unit.BYTES),
    ("SpaceSize", Unit.BYTES),
    ("Memory", Unit.BYTES),
    ("CpuTime", Unit.NS),
    ("uptime", Unit.MS),
)
"""The units of gauges, by how their names end."""


def escaped(text: str) -> str:
    """Return ``text`` as a part of a name or as a value of an attribute: special characters follow a backslash."""
    return text.translate(_SPECIAL)


class Report:
    """Collects the statistics of one period. Sources add to it; see ``ClientStatistics.add_source``.

    Args:
        timestamp: The time of the report, in milliseconds since the epoch.

    Attributes:
        timestamp: The time of the report, in milliseconds since the epoch.
        metrics: The metrics so far.
    """

    def __init__(self, timestamp: int = 0) -> None:
        self.timestamp = timestamp
        self.metrics: list[Metric] = []
        self._attributes: list[str] = []

    def add_attribute(self, name: str, value: object) -> None:
        """Add an attribute.

        Args:
            name: The name. Its parts are joined by dots; escape what is no name of the protocol, as that of a map.
            value: The value, which is escaped here. None is left out.
        """
        if value is not None:
            text = str(value).lower() if isinstance(value, bool) else str(value)
            self._attributes.append(f"{name}={escaped(text)}")

    def add_metric(self, metric: Metric) -> None:
        """Add a metric."""
        self.metrics.append(metric)

    def add_gauge(self, name: str, value: int | float) -> None:
        """Add a value of the process or the system, as attribute and as metric; ``name`` is ``<group>.<name>``."""
        self.add_attribute(name, value)
        prefix, _, rest = name.partition(".")
        unit = next((unit for suffix, unit in _SUFFIX_UNITS if rest.endswith(suffix)), None)
        self.add_metric(Metric(prefix, rest, value, unit))

    @property
    def attributes(self) -> str:
        """The attributes as they are sent."""
        return ",".join(self._attributes)
