"""JVMs never outlive Python, no matter how the Python process ends."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

CLUSTER = """
import os, signal, sys, threading
from hz_embedded import Cluster
cluster = Cluster(members=1)
own = cluster.add_member(jvm="own")
"""
REPORT = "print(cluster.jvm.pid, own.jvm.pid, flush=True)\n"
JVMS = """
import os, sys, threading
from hz_embedded import Jvm
first, second = Jvm.start(), Jvm.start()
print(first.pid, second.pid, flush=True)
"""
EXIT_SECONDS = 20


class Child:
    """A Python process that starts two JVMs and prints their process ids."""

    def __init__(self, script: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(self.process.communicate()[1])
        self.jvms = [psutil.Process(int(pid)) for pid in line.split()]
        assert [jvm.name() for jvm in self.jvms] == ["java", "java"]

    def end(self) -> tuple[int, str]:
        """Wait for Python, then for its JVMs, and return Python's exit code and standard error."""
        _, errors = self.process.communicate(timeout=EXIT_SECONDS)
        _, alive = psutil.wait_procs(self.jvms, timeout=EXIT_SECONDS)
        assert alive == []
        return self.process.returncode, errors


@pytest.fixture
def children() -> Iterator[list[Child]]:
    started: list[Child] = []
    yield started
    for child in started:
        if child.process.poll() is None:
            child.process.kill()
            child.process.communicate()


@pytest.mark.parametrize("suspended", [False, True], ids=["running", "suspended"])
def test_python_killed(suspended: bool, children: list[Child]) -> None:
    suspend = "own.suspend()\n" if suspended else ""
    child = Child(CLUSTER + suspend + REPORT + "threading.Event().wait()")
    children.append(child)
    child.process.kill()
    assert child.end()[0] == -signal.SIGKILL


def test_ctrl_c_reaches_python_alone_and_ends_all(children: list[Child]) -> None:
    script = CLUSTER + "with cluster:\n    " + REPORT + "    threading.Event().wait()"
    child = Child(script)
    children.append(child)
    os.killpg(child.process.pid, signal.SIGINT)  # as a terminal does with its foreground group
    code, errors = child.end()
    assert code == -signal.SIGINT
    assert errors.splitlines()[-1] == "KeyboardInterrupt"


def test_sigterm(children: list[Child]) -> None:
    child = Child(JVMS + "threading.Event().wait()")
    children.append(child)
    child.process.terminate()
    assert child.end()[0] == -signal.SIGTERM


@pytest.mark.parametrize(
    ("ending", "code"),
    [("sys.exit(3)", 3), ("os._exit(4)", 4), ("raise ValueError", 1), ("", 0)],
    ids=["exit", "_exit", "error", "end"],
)
def test_forgotten_jvms(ending: str, code: int, children: list[Child]) -> None:
    child = Child(JVMS + ending)
    children.append(child)
    found, errors = child.end()
    assert found == code
    assert "py4j" not in errors


def test_forgotten_cluster(children: list[Child]) -> None:
    child = Child(CLUSTER + REPORT)
    children.append(child)
    found, errors = child.end()
    assert found == 0
    assert "py4j" not in errors


def test_forked_child_leaves_the_parents_cluster_alone(children: list[Child]) -> None:
    script = (
        CLUSTER
        + "pid = os.fork()\nif pid == 0:\n    sys.exit(0)\nassert os.waitpid(pid, 0)[1] == 0\n"
        + "assert own.running and cluster.members[0].running\n"
        + REPORT
    )
    child = Child(script)
    children.append(child)
    assert child.end() == (0, "")


def test_forked_child_forgets_java_objects_while_the_parent_was_at_it(children: list[Child]) -> None:
    script = (
        CLUSTER
        + "from py4j.finalizer import ThreadSafeFinalizer\n"
        + "objects = [cluster.jvm.java.util.ArrayList() for _ in range(3)]\n"
        + "begun, end = threading.Event(), threading.Event()\n"
        + "def forget():\n    with ThreadSafeFinalizer.lock:\n        begun.set()\n        end.wait()\n"
        + "thread = threading.Thread(target=forget)\nthread.start()\nbegun.wait()\n"
        + "pid = os.fork()\nif pid == 0:\n    signal.alarm(10)\n    del objects\n    os._exit(0)\n"
        + "assert os.waitpid(pid, 0)[1] == 0\nend.set()\nthread.join()\n"
        + REPORT
    )
    child = Child(script)
    children.append(child)
    assert child.end() == (0, "")
