"""The worker's end of the conversation with the driver: JSON lines in, JSON lines out."""

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
"""A task and the seconds to spend on it."""


class Channel:
    """Owns the real standard output; whatever else prints in this process goes to standard error."""

    def __init__(self) -> None:
        self._replies: TextIO = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)

    def ready(self, version: str) -> None:
        """Tell the driver that the contender is connected and waiting."""
        self._send({"ready": True, "version": version, "python": platform.python_version()})

    def request(self) -> Request | None:
        """Wait for the next request; None when the driver has closed the conversation."""
        line = sys.stdin.readline()
        if not line:
            return None
        fields = json.loads(line)
        return Task(**fields["task"]), float(fields["seconds"])

    def reply(self, outcome: Outcome) -> None:
        """Answer the request with its outcome."""
        self._send(asdict(outcome))

    def fail(self) -> None:
        """Answer the request with the exception that is being handled."""
        self._send({"error": traceback.format_exc()})

    def _send(self, fields: dict[str, Any]) -> None:
        self._replies.write(json.dumps(fields) + "\n")
        self._replies.flush()


def serve(channel: Channel, version: str, work: Callable[[Task, float], Outcome]) -> None:
    """Answer requests one at a time until the driver hangs up."""
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
