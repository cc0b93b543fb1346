"""Fail every test of the repository that leaves a thread, socket, child process or asyncio task behind.

Fixtures of a wider scope than one test may keep theirs until the session ends. Under pytest-xdist each worker
guards its own process; the threads and pipes by which it talks to the controller are open before its first test.
"""

import asyncio
import contextlib
import gc
import inspect
import logging
import os
import shutil
import sys
import sysconfig
import threading
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import pytest
from hypothesis import settings

settings.register_profile("repository", deadline=None)
settings.load_profile("repository")

GRACE = 5.0
"""Seconds that a test's threads, sockets and processes have to end after the test."""

_FDS = Path("/proc/self/fd")
_TASKS = Path("/proc/self/task")
# The method that lists a process's sockets; psutil before version 6 has another name for it.
_SOCKETS = "net_connections" if hasattr(psutil.Process, "net_connections") else "connections"
_PORTS = ("port", "java_port", "python_port", "_listening_port")
_GATEWAYS = (
    "py4j.java_gateway",
    "py4j.clientserver",
    "hz_embedded.bridge.clients",
    "hz_embedded.bridge.connections",
    "hz_embedded.bridge.gateways",
)

# Without a C compiler hz-speedups is empty, and there is nothing to test; with one, everything must be compiled.
_COMPILER = (os.environ.get("CC") or sysconfig.get_config_var("CC") or "cl").split()[0]
collect_ignore_glob = [] if shutil.which(_COMPILER) else ["packages/hz-speedups/tests/test_*.py"]


class Resource(NamedTuple):
    """Something that a test may leave behind; two with equal `identity` are the same."""

    identity: object
    text: str


class LeakGuard:
    """Knows what was open before, and what belongs to fixtures that outlive a test."""

    def __init__(self) -> None:
        self.allowed: set[object] = set()

    def snapshot(self) -> list[Resource]:
        """Return the process's threads, descriptors of sockets, pipes and pollers, and children."""
        return [*_threads(), *_descriptors(), *_children()]

    def identities(self) -> set[object]:
        """Return the identities of all that is open now."""
        return {resource.identity for resource in self.snapshot()}

    def leaked(self, before: set[object]) -> list[str]:
        """Return what is open now and was not `before`, after waiting up to `GRACE` seconds for it to end.

        What only the garbage collector closes is returned, too, if its finalizer warns of that.
        """
        known = before | self.allowed

        def remaining() -> list[Resource]:
            return [resource for resource in self.snapshot() if resource.identity not in known]

        if not remaining():
            return []
        # pytest would tell them in the next test.
        forgotten = _collect()
        gateways = _gateway_ports()
        # From here on: what was found before may have ended while a busy machine collected the garbage.
        deadline = time.monotonic() + GRACE
        while left := [resource for resource in remaining() if not _is_gateways(resource, gateways)]:
            if time.monotonic() > deadline:
                _kill(left)
                return [*forgotten, *(resource.text for resource in left)]
            threading.Event().wait(0.01)
        return forgotten


def _collect() -> list[str]:
    """Collect the garbage, and return the errors that finalizers could not raise."""
    found: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "unraisablehook", lambda error: found.append(f"garbage: {error.exc_value!r}"))
        gc.collect()
    return found


def _threads() -> Iterator[Resource]:
    for thread in threading.enumerate():
        # The module tells the threads of gateways from everybody else's.
        yield Resource(thread, f"thread {thread.name!r} ({type(thread).__module__})")


def _descriptors() -> Iterator[Resource]:
    if not _FDS.exists():
        for connection in _sockets():
            yield Resource((connection.fd, connection.laddr, connection.raddr), f"socket {connection}")
        return
    for name in os.listdir(_FDS):
        try:
            target = os.readlink(_FDS / name)
        except OSError:
            continue
        if target.startswith(("socket:", "pipe:", "anon_inode:")):
            yield Resource((name, target), f"descriptor {name} ({target})")


def _sockets() -> list[Any]:
    found: list[Any] = getattr(psutil.Process(), _SOCKETS)("all")
    return found


def _children() -> Iterator[Resource]:
    # Linux lists children by thread, a hundred times faster than a look through all processes.
    lists = list(_TASKS.glob("*/children"))
    if not lists:
        for child in psutil.Process().children():
            yield Resource(("child", child.pid), f"child process {child.pid}")
    for path in lists:
        with contextlib.suppress(OSError):  # the thread is gone
            for pid in path.read_text().split():
                yield Resource(("child", int(pid)), f"child process {pid}")


def _kill(left: list[Resource]) -> None:
    """Kill the child processes among what is left: one that never ends may take a processor from all later tests."""
    for identity, _ in left:
        if isinstance(identity, tuple) and identity[0] == "child":
            # For each on its own: one that has just ended must not save the others.
            with contextlib.suppress(psutil.NoSuchProcess):
                child = psutil.Process(identity[1])
                for process in [*child.children(recursive=True), child]:
                    process.kill()
                child.wait(GRACE)


def _gateway_ports() -> set[int]:
    """Return the ports of living py4j gateways, which pool connections and callback threads of their own."""
    ports: set[int] = set()
    if "py4j.java_gateway" in sys.modules:
        for thing in gc.get_objects():
            if type(thing).__module__ in _GATEWAYS:
                # Without getattr: of a Java object or class it would ask Java.
                found = [inspect.getattr_static(thing, name, None) for name in _PORTS]
                ports.update(port for port in found if isinstance(port, int) and port > 0)
    return ports


def _is_gateways(resource: Resource, gateways: set[int]) -> bool:
    if isinstance(resource.identity, threading.Thread):
        return bool(gateways) and type(resource.identity).__module__ in _GATEWAYS
    if isinstance(resource.identity, tuple) and gateways:
        for connection in _sockets():
            ends = {end.port for end in (connection.laddr, connection.raddr) if hasattr(end, "port")}
            if str(connection.fd) == resource.identity[0] and ends & gateways:
                return True
    return False


GUARD = LeakGuard()


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any]) -> Generator[None, object, object]:
    """Let what a fixture of a wider scope than one test opens live on."""
    if fixturedef.scope == "function":
        return (yield)
    before = GUARD.identities()
    try:
        return (yield)
    finally:
        GUARD.allowed |= GUARD.identities() - before


class AsyncioWatch(logging.Handler):
    """Collects what asyncio only logs, and the tasks that the end of an event loop cancels silently."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []
        self._close = asyncio.Runner.close

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a message: a task destroyed while pending, or an exception that nobody retrieved."""
        self.found.append(f"asyncio: {record.getMessage()}")

    def close_runner(self, runner: asyncio.Runner) -> None:
        """Keep the tasks that still run although the main coroutine is done, then close the runner."""
        try:
            tasks = asyncio.all_tasks(runner.get_loop())
        except RuntimeError:  # closed before
            tasks = set()
        self.found.extend(f"task left running: {task!r}" for task in tasks)
        self._close(runner)


WATCH = AsyncioWatch()


def pytest_configure(config: pytest.Config) -> None:
    """Watch asyncio for the whole session."""
    patch = pytest.MonkeyPatch()
    patch.setattr(asyncio.Runner, "close", lambda runner: WATCH.close_runner(runner))
    config.add_cleanup(patch.undo)
    logger = logging.getLogger("asyncio")
    logger.addHandler(WATCH)
    config.add_cleanup(lambda: logger.removeHandler(WATCH))


def pytest_collection_finish() -> None:
    """Take modules and tests out of the garbage collector's sight.

    There are 600,000 objects of them. With these, a collection stops the whole process for a second, on a busy machine
    for so long that members whose traffic passes through proxies of the process take each other for dead.
    """
    gc.collect()
    gc.freeze()


def _logging_state() -> dict[str, object]:
    """Return what decides whether a record of ours is seen, where it is not the default."""
    root = logging.getLogger()
    state: dict[str, object] = {
        "logging.disable": root.manager.disable,
        "level of the root logger": root.level,
    }
    for name, logger in root.manager.loggerDict.items():
        if name.startswith(("hazelcast", "hz_")) and isinstance(logger, logging.Logger):
            settings = (logger.level, logger.propagate, logger.disabled)
            if settings != (logging.NOTSET, True, False):
                state[f"level, propagate, disabled of logger {name}"] = settings
    return state


BEFORE = pytest.StashKey[set[object]]()
LOGGING_BEFORE = pytest.StashKey[dict[str, object]]()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    """Remember what was open before the first fixture of the test."""
    WATCH.found.clear()
    item.stash[BEFORE] = GUARD.identities()
    item.stash[LOGGING_BEFORE] = _logging_state()
    yield


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Fail the test if it left something behind after the last of its fixtures has ended."""
    yield
    leaks = GUARD.leaked(item.stash[BEFORE]) + WATCH.found
    before, now = item.stash[LOGGING_BEFORE], _logging_state()
    changed = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    leaks += [f"{name}: {now.get(name)}, before {before.get(name)}" for name in changed]
    if leaks:
        pytest.fail("The test left behind:\n  " + "\n  ".join(leaks), pytrace=False)
