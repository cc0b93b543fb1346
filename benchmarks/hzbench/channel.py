"""The worker's side of the communication with the driver, as JSON lines."""

import json
import os
import platform
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any, TextIO

from hzbench.task import Outcome, Task

Request = tuple[Task, float]
"""A task and its duration in seconds."""


class Channel:
    """Communicates over standard output; other output of this process is redirected to standard error."""

    def __init__(self) -> None:
        self._replies: TextIO = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)

    def ready(self, version: str) -> None:
        """Report to the driver that the contender is connected and ready."""
        self._send({"ready": True, "version": version, "python": platform.python_version()})

    def request(self) -> Request | None:
        """Wait for the next request and return it; None if the driver has closed the connection."""
        line = sys.stdin.readline()
        if not line:
            return None
        fields = json.loads(line)
        return Task(**fields["task"]), float(fields["seconds"])

    def reply(self, outcome: Outcome) -> None:
        """Send the outcome of the request."""
        self._send(asdict(outcome))

    def fail(self) -> None:
        """Send the exception that is being handled."""
        self._send({"error": traceback.format_exc()})

    def _send(self, fields: dict[str, Any]) -> None:
        self._replies.write(json.dumps(fields) + "\n")
        self._replies.flush()


def serve(channel: Channel, version: str, work: Callable[[Task, float], Outcome]) -> None:
    """Process requests until the driver closes the connection."""
    channel.ready(version)
    for task, seconds in _requests(channel):
        try:
            outcome = work(task, seconds)
        except Exception:
            channel.fail()
        else:
            channel.reply(outcome)


def _requests(channel: Channel) -> Iterator[Request]:
    while (request := channel.request()) is not None:
        yield request
