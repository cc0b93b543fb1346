"""What happened while the keys of a member were out of reach, by the client's own notes and the members' logs."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import datetime
from types import TracebackType
from typing import Any, Final, Self

from hz_embedded import Cluster

SLOW: Final = 1.5
"""An outage of so many seconds is told in full."""

_RECORD: Final = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}) \w+ (?:\S+\.)?(\w+): (.*)")
_PROMOTED: Final = "Successfully promoted"

_MOST: Final = 160
"""Characters of a record that are told."""

Moment = tuple[float, str]
"""Seconds since the fault began, and what happened."""


class Timeline:
    """Notes what one client does and learns, from ``with`` on.

    Args:
        client: The client that measures, and does nothing else.
        cluster: Its members log at level INFO.
    """

    def __init__(self, client: Any, cluster: Cluster) -> None:
        self._client = client
        self._cluster = cluster
        self._session = client.debug()
        self._seen: list[Moment] = []
        self._began = time.monotonic()
        self._began_at = time.time()

    def __enter__(self) -> Self:
        self._session.__enter__()
        self._client.cluster_service.add_listener(
            lambda member: self._see(f"member {member.address} was added"),
            lambda member: self._see(f"member {member.address} was removed"),
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._session.__exit__(kind, error, traceback)

    def _see(self, what: str) -> None:
        self._seen.append((time.monotonic(), what))

    def begin(self) -> None:
        """Forget what was before."""
        self._session.calls.clear()
        self._seen.clear()
        self._began = time.monotonic()
        self._began_at = time.time()

    def until_now(self) -> list[str]:
        """Return what happened since ``begin``, in its order."""
        moments = sorted([*self._by_client(), *self._by_members()])
        seconds = time.monotonic() - self._began
        return [f"{1000 * at:9.1f} ms  {what}" for at, what in moments if 0 <= at <= seconds]

    def promoted(self) -> float | None:
        """Return when the members had made backups the owners of the keys of the one that is gone, if they have."""
        return max((at for at, what in self._by_members() if at >= 0 and _PROMOTED in what), default=None)

    def _by_client(self) -> Iterator[Moment]:
        for at, what in list(self._seen):
            yield at - self._began, f"client: {what}"
        for call in list(self._session.calls):
            for step in list(call.steps):
                yield call.began + step.at - self._began, f"client: {call.operation}: {step.what}"

    def _by_members(self) -> Iterator[Moment]:
        for member in self._cluster.members:
            for line in member.log.splitlines():
                found = _RECORD.match(line)
                if found is not None:
                    at = datetime.fromisoformat(found[1]).timestamp() - self._began_at
                    yield at, f"member {member.port}: {found[2]}: {found[3][:_MOST]}"
