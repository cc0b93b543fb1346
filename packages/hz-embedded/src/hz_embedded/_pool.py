"""Clusters shared by tests: the same arguments give the same cluster, as long as it is complete."""

import inspect
from collections.abc import Mapping
from typing import Any, Final

from hz_embedded.cluster import Cluster
from hz_embedded.errors import ConfigurationError

_ARGUMENTS: Final = frozenset(inspect.signature(Cluster).parameters)


class ClusterPool:
    """Clusters by the arguments that they were started with; they run until :meth:`close`."""

    def __init__(self) -> None:
        self._clusters: list[tuple[dict[str, Any], Cluster]] = []

    def get(self, arguments: Mapping[str, Any]) -> Cluster:
        """Return a running cluster with these arguments and all of its members; start one if there is none."""
        wanted = dict(arguments)
        for entry in self._clusters:
            known, cluster = entry
            if known == wanted:
                if is_complete(cluster, wanted.get("members", 1)):
                    return cluster
                self._clusters.remove(entry)
                cluster.shutdown()
                break
        made = Cluster(**wanted)
        self._clusters.append((wanted, made))
        return made

    def close(self) -> None:
        """Shut down all clusters."""
        while self._clusters:
            self._clusters.pop()[1].shutdown()


def is_complete(cluster: Cluster, members: int) -> bool:
    """Return whether the cluster has exactly ``members`` running members and none of them is suspended."""
    running = [member for member in cluster.members if member.running]
    return len(running) == members and not any(member.jvm.suspended for member in running)


def check_arguments(where: str, arguments: Mapping[str, Any]) -> None:
    """Refuse arguments that :class:`hz_embedded.Cluster` does not have.

    Raises:
        ConfigurationError: There are unknown arguments; the error names them.
    """
    unknown = sorted(set(arguments) - _ARGUMENTS)
    if unknown:
        raise ConfigurationError(
            f"{where} has unknown arguments: {', '.join(unknown)}. It takes scope, client, and those of "
            f"hz_embedded.Cluster: {', '.join(sorted(_ARGUMENTS))}"
        )
