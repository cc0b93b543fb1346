"""A cluster that `hz start` has started, and the command in this process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

LIMIT = 60.0
"""Seconds that the command may take to end."""


@contextmanager
def started() -> Iterator[str]:
    """Yield the address of a member that `hz start` runs."""
    often = "hazelcast.metrics.collection.frequency=1"
    words = ["start", "--port", "0", "--json", "--property", often]
    process = subprocess.Popen(
        [sys.executable, "-m", "hz_cli", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ},
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate(timeout=LIMIT)[1]
        (address,) = json.loads(line)["addresses"]
        yield address
        os.killpg(process.pid, signal.SIGINT)
        assert process.communicate(timeout=LIMIT) == ("", "")
        assert process.returncode == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
