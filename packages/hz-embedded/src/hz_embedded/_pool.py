"""Clusters that tests share: those that ask for the same get the same, as long as it is whole."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, Final

from hz_embedded.cluster import Cluster
from hz_embedded.errors import ConfigurationError

_ARGUMENTS: Final = frozenset(inspect.signature(Cluster).parameters)


class ClusterPool:
    """Clusters by the arguments that they were started with, running until :meth:`close`."""

    def __init__(self) -> None:
        self._clusters: list[tuple[dict[str, Any], Cluster]] = []

    def get(self, arguments: Mapping[str, Any]) -> Cluster:
        """A cluster of these arguments: one that runs, with all of its members, or a new one."""
        wanted = dict(arguments)
        for entry in self._clusters:
            known, cluster = entry
            if known == wanted:
                if is_whole(cluster, wanted.get("members", 1)):
                    return cluster
                self._clusters.remove(entry)
                cluster.shutdown()
                break
        made = Cluster(**wanted)
        self._clusters.append((wanted, made))
        return made

    def close(self) -> None:
        """End all clusters."""
        while self._clusters:
            self._clusters.pop()[1].shutdown()


def is_whole(cluster: Cluster, members: int) -> bool:
    """Whether the cluster has that many running members, none of them suspended."""
    running = [member for member in cluster.members if member.running]
    return len(running) == members and not any(member.jvm.suspended for member in running)


def check_arguments(where: str, arguments: Mapping[str, Any]) -> None:
    """Refuse arguments that :class:`hz_embedded.Cluster` does not have.

    Raises:
        ConfigurationError: names the unknown ones.
    """
    unknown = sorted(set(arguments) - _ARGUMENTS)
    if unknown:
        raise ConfigurationError(
            f"{where} has unknown arguments: {', '.join(unknown)}. It takes scope, client, and those of "
            f"hz_embedded.Cluster: {', '.join(sorted(_ARGUMENTS))}"
        )
