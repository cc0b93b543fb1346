"""Our client beside the official one, on the same real member: each case must have the same outcome.

Both are imported as ``hazelcast``, so each runs in a process of its own. The official client is installed in this
environment; ours is found before it, by ``PYTHONPATH``.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cases import CASES, DIFFERENT
from hz_embedded import Cluster
from session import plain

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
OURS = [
    ROOT / "packages" / name / "src"
    for name in ("hz-client", "hz-proxies", "hz-cp", "hz-nearcache", "hz-core", "hz-serialization")
]
LIMIT = 60.0
"""Seconds after which a case counts as hanging."""

JAVA_ARRAYS: dict[str, list[Any]] = {
    "short": [1, 2],
    "int": [1, 2],
    "long": [1, 2],
    "float": [1.5],
    "double": [1.5],
    "boolean": [True, False],
    "char": ["a", "b"],
}

pytestmark = pytest.mark.compare


class Client:
    """A process with one of the clients."""

    def __init__(self, address: str, paths: list[Path]) -> None:
        self._address = address
        self._environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))}
        self._process: subprocess.Popen[str] | None = None

    def begin(self, case: str) -> None:
        """Begin a case, in a new process if there is none."""
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, str(HERE / "run_cases.py"), self._address],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env=self._environment,
            )
        assert self._process.stdin is not None
        self._process.stdin.write(case + "\n")
        self._process.stdin.flush()

    def outcome(self) -> Any:
        """Return the outcome of the case that was begun."""
        assert self._process is not None
        replies = self._process.stdout
        assert replies is not None
        reply = replies.readline() if select.select([replies], [], [], LIMIT)[0] else ""
        if not reply:
            self.close()
            return "the process hangs, or has ended"
        return json.loads(reply)

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    with Cluster() as started:
        jvm, instance = started.jvm, started.members[0].instance
        arrays = instance.getMap("java-arrays")
        for name, items in JAVA_ARRAYS.items():
            array = jvm.new_array(getattr(jvm.view, name), len(items))
            for index, item in enumerate(items):
                array[index] = item
            arrays.put(name, array)
        arrays.put("byte", b"\x01\xff")
        arrays.put("empty", jvm.new_array(jvm.view.int, 0))
        instance.getMap("java-objects").put("bit set", jvm.view.java.util.BitSet(5))
        yield started


@pytest.fixture(scope="session")
def ours(cluster: Cluster) -> Iterator[Client]:
    client = Client(cluster.addresses[0], OURS)
    yield client
    client.close()


@pytest.fixture(scope="session")
def official(cluster: Cluster) -> Iterator[Client]:
    client = Client(cluster.addresses[0], [])
    yield client
    client.close()


@pytest.mark.parametrize("case", CASES)
def test_outcomes(case: str, ours: Client, official: Client) -> None:
    ours.begin(case)
    official.begin(case)
    found, expected = ours.outcome(), official.outcome()
    if case in DIFFERENT:
        _, our_outcome, official_outcome = DIFFERENT[case]
        assert found == plain(our_outcome)
        assert expected == plain(official_outcome)
    else:
        assert found == expected


def test_differences_are_explained() -> None:
    text = (ROOT / "docs" / "compatibility.md").read_text("utf-8")
    for heading, _, _ in DIFFERENT.values():
        assert f"\n## {heading}\n" in text
