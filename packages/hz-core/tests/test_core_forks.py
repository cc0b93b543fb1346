"""A client in forked children: it begins anew there, and nothing of the parent's is touched."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core_forks import fork_and_run, in_child
from core_selector_thread import PATIENCE
from core_sockets import until
from core_surfaces import Threaded, collecting, keep
from hz_core.client import Client
from hz_core.connection import Connection
from hz_core.errors import HazelcastClientNotActiveError
from hz_core.future import Future
from hz_core.kinds import ObjectKind
from hz_core.lifecycle import LifecycleState
from hz_core.op import Flow, Sleep
from hz_core.operations import ObjectOperations
from hz_core.surfaces import AsyncioObject, FuturesObject

OTHER = ObjectKind(
    type("Operations", (ObjectOperations,), {"service_name": "hz:impl:mapService"}),
    FuturesObject,
    AsyncioObject,
)


@pytest.fixture(params=["plain", "tls"])
def surface(request: pytest.FixtureRequest) -> Iterator[Threaded]:
    made = Threaded(2, tls_name="127.0.0.1" if request.param == "tls" else None)
    made.cluster.strict = False
    yield made
    made.close()


@pytest.fixture
def plain() -> Iterator[Threaded]:
    made = Threaded(2)
    made.cluster.strict = False
    yield made
    made.close()


def connections_of(surface: Threaded) -> list[Connection]:
    return sorted(surface.client._engine.routing.open_connections(), key=lambda c: c.id)


def threads_of(client: Client) -> list[str]:
    return [t.name for t in threading.enumerate() if t.name.startswith(f"{client.name}-")]


def descriptors() -> set[str]:
    found = set()
    for number in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{number}")
        except FileNotFoundError:
            continue  # that of the list itself
        if target.startswith("socket:") or "event" in target:
            found.add(f"{number} {target}")
    return found


def test_a_child_uses_the_client_over_connections_of_its_own(surface: Threaded) -> None:
    client, ops = surface.client, surface.ops
    client.blocking.call(ops.put(1, "one"))
    before = connections_of(surface)
    uuid = client._engine.uuid

    def use() -> None:
        # Nothing exists before the first use.
        assert threads_of(client) == []
        assert not client.lifecycle_service.is_running()
        assert client.blocking.call(ops.get(1)) == "one"
        assert client.lifecycle_service.is_running()
        assert client._engine.uuid != uuid
        assert not set(connections_of(surface)) & set(before)
        assert client.futures.call(ops.put(2, "two")).result(PATIENCE) is None
        workers = [threading.Thread(target=lambda: client.blocking.call(ops.put(9, 1))) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(PATIENCE)
        assert client.blocking.call(ops.get(9)) == 1
        assert threads_of(client) == [f"{client.name}-io"]
        client.shutdown()
        assert threads_of(client) == []
        with pytest.raises(HazelcastClientNotActiveError, match="is shut down"):
            client.blocking.call(ops.get(1))

    in_child(use)
    assert client.blocking.call(ops.get(2)) == "two"
    assert connections_of(surface) == before
    assert all(connection.alive for connection in before)


def test_many_children_at_once_and_children_of_children(plain: Threaded) -> None:
    client, ops = plain.client, plain.ops
    before = connections_of(plain)

    def use(number: int) -> Callable[[], None]:
        def parent() -> None:
            client.blocking.call(ops.put(number, "child"))
            in_child(lambda: client.blocking.call(ops.put(number + 100, "child of a child")))
            assert client.blocking.call(ops.get(number)) == "child"

        def unused() -> None:
            in_child(lambda: client.blocking.call(ops.put(number + 100, "child of a child")))
            client.blocking.call(ops.put(number, "child"))

        return parent if number % 2 else unused

    stop = threading.Event()

    def load() -> None:
        while not stop.is_set():
            client.blocking.call(ops.put(50, 1))

    loads = [threading.Thread(target=load) for _ in range(3)]
    for thread in loads:
        thread.start()
    try:
        for passed in [fork_and_run(use(number)) for number in range(8)]:
            passed()
    finally:
        stop.set()
        for thread in loads:
            thread.join(PATIENCE)
    for number in range(8):
        assert client.blocking.call(ops.get(number)) == "child"
        assert client.blocking.call(ops.get(number + 100)) == "child of a child"
    assert connections_of(plain) == before


def test_what_the_parent_has_begun_fails_in_the_child_at_once(plain: Threaded) -> None:
    client, ops = plain.client, plain.ops
    kept = keep(plain, "Map.get")
    pending = client.futures.call(ops.get(1))
    derived = pending.continue_with(lambda future: future.result())
    called: list[Future[Any]] = []
    pending.add_done_callback(called.append)

    def flow() -> Flow[None]:
        yield Sleep(1000)
        yield ops.put(4, "woken")

    flowing = client.futures.run(flow())
    plain.until(lambda: kept)

    def use() -> None:
        for future in (pending, derived, flowing):
            with pytest.raises(
                HazelcastClientNotActiveError, match="begun in the process that this one was forked"
            ):
                future.result(PATIENCE)
        assert threads_of(client) == []
        assert client.blocking.call(ops.get(4)) is None
        assert called == []

    in_child(use)
    assert not pending.done()
    plain.do(lambda: kept[0].reply(None))
    assert pending.result(PATIENCE) is None
    assert derived.result(PATIENCE) is None
    plain.until(lambda: called)
    flowing.cancel()


def test_what_goes_on_after_each_error_ends_in_the_child(plain: Threaded) -> None:
    client, ops = plain.client, plain.ops
    kept = keep(plain, "Map.get")
    errors: list[Exception] = []

    def flow() -> Flow[None]:
        while True:
            try:
                yield ops.get(1)
            except Exception as e:
                errors.append(e)
            yield Sleep(1000)

    client._engine.start(flow(), "a flow in the background")
    plain.until(lambda: kept)

    def use() -> None:
        assert errors == []
        in_child(lambda: client.blocking.call(ops.put(2, "child of a child")))
        client.blocking.call(ops.put(1, "child"))
        assert errors == []

    in_child(use)
    plain.do(lambda: kept[0].reply(None))
    assert client.blocking.call(ops.get(2)) == "child of a child"


def test_a_continuation_that_waits_for_its_turn_fails_in_the_child(plain: Threaded) -> None:
    client, ops = plain.client, plain.ops
    busy, free = threading.Event(), threading.Event()

    def occupy(future: Future[Any]) -> None:
        busy.set()
        assert free.wait(PATIENCE)

    puts = keep(plain, "Map.put")
    client.futures.call(ops.put(1, "x")).add_done_callback(occupy)
    plain.until(lambda: puts)
    plain.do(lambda: puts[0].reply(None))
    assert busy.wait(PATIENCE)
    kept = keep(plain, "Map.get")
    done = client.futures.call(ops.get(1))
    waits = done.continue_with(lambda future: future.result())
    plain.until(lambda: kept)
    plain.do(lambda: kept[0].reply(client.serialization.to_data("x")))
    assert done.result(PATIENCE) == "x"

    def use() -> None:
        with pytest.raises(HazelcastClientNotActiveError, match="continue_with was begun in the process"):
            waits.result(PATIENCE)

    in_child(use)
    free.set()
    assert waits.result(PATIENCE) == "x"


def test_listeners_are_registered_again_with_the_first_use(plain: Threaded) -> None:
    client, ops = plain.client, plain.ops
    keys: list[object] = []
    states: list[str] = []
    plain.result(plain.listener(keys))
    client.lifecycle_service.add_listener(states.append)

    def use() -> None:
        client.blocking.call(ops.put(1, "child"))
        until(lambda: len(connections_of(plain)) == 2)
        client.blocking.call(ops.put(1, "again"))
        until(lambda: keys and keys[-1] == 1)
        until(
            lambda: states[:3] == [LifecycleState.STARTING, LifecycleState.STARTED, LifecycleState.CONNECTED]
        )
        client.shutdown()

    in_child(use)
    until(lambda: keys)
    client.blocking.call(ops.put(2, "parent"))
    until(lambda: keys[-1] == 2)
    assert states == []


def test_a_flow_is_the_first_use_as_well(plain: Threaded) -> None:
    client = plain.client

    def with_a_limit() -> None:
        def flow() -> Flow[str]:
            began = client.futures.now()
            yield Sleep(0.05)
            assert client.futures.now() - began >= 0.05
            return "slept"

        assert client.blocking.within(PATIENCE).run(flow()) == "slept"

    def with_a_listener() -> None:
        keys: list[object] = []
        client.blocking.run(client._engine.add_listener(collecting(keys)))
        until(lambda: len(connections_of(plain)) == 2)
        client.blocking.call(plain.ops.put(1, "x"))
        until(lambda: keys == [1])

    def in_the_background() -> None:
        ended = threading.Event()

        def flow() -> Flow[None]:
            yield plain.ops.put(3, "background")
            ended.set()

        client._engine.start(flow(), "a flow of the test")
        assert ended.wait(PATIENCE)

    for use in (with_a_limit, with_a_listener, in_the_background):
        in_child(use)


def test_a_child_that_does_not_use_the_client_has_nothing_of_it(plain: Threaded) -> None:
    client = plain.client
    poller: Any = client._driver.poller
    fds = {*client._driver._transports, poller._epoll.fileno(), poller._event_fd}
    own = {descriptor for descriptor in descriptors() if int(descriptor.split()[0]) in fds}
    assert len(own) == len(fds) >= 3

    def use() -> None:
        assert descriptors() & own == set()
        assert threads_of(client) == []
        client.shutdown()
        with pytest.raises(HazelcastClientNotActiveError, match="is shut down"):
            client.blocking.call(plain.ops.get(1))

    in_child(use)


def test_a_client_that_was_shut_down_stays_so(plain: Threaded) -> None:
    former = Threaded(1)
    former.close()

    def use() -> None:
        with pytest.raises(HazelcastClientNotActiveError, match="is shut down"):
            former.client.blocking.call(former.ops.get(1))

    in_child(use)


def test_a_child_of_a_cluster_that_is_gone_gets_an_error_in_time() -> None:
    gone = Threaded(1, cluster_connect_timeout=0.2)
    try:
        gone.cluster.strict = False
        gone.refuse()

        def use() -> None:
            with pytest.raises(HazelcastClientNotActiveError, match="shut down"):
                gone.client.blocking.call(gone.ops.get(1))

        in_child(use)
        gone.accept()
        gone.until(lambda: not gone.client.lifecycle_service.is_running() or connections_of(gone))
    finally:
        gone.close()


def test_an_object_that_another_thread_prepares_is_prepared_by_the_child(plain: Threaded) -> None:
    client = plain.client
    table = client._objects
    kept = keep(plain, "Client.createProxy")
    preparing = threading.Thread(target=client.get_object, args=(OTHER, "o"))
    preparing.start()
    plain.until(lambda: kept)

    def use() -> None:
        assert client.get_object(OTHER, "o").name == "o"

    in_child(use)
    for request in list(kept):
        plain.do(request.reply)
    preparing.join(PATIENCE)
    assert table.find(OTHER, "o") is not None


PROGRAM = """
import multiprocessing
import sys

from hz_core.client import Client
from hz_core.config import ClientConfig
from hz_core.codecs.client import get_distributed_objects


def begin(addresses):
    return Client(ClientConfig.from_kwargs(cluster_members=addresses, statistics_enabled=False))


def work(client, addresses, results):
    own = begin(addresses) if client is None else client
    try:
        results.put(own.blocking.call(get_distributed_objects()))
    finally:
        own.shutdown()


if __name__ == "__main__":
    addresses = sys.argv[1:]
    client = begin(addresses)
    for method in ("fork", "forkserver", "spawn"):
        context = multiprocessing.get_context(method)
        results = context.SimpleQueue()
        if method != "fork":
            try:
                context.Process(target=work, args=(client, addresses, results)).start()
            except TypeError as error:
                assert "connections of its own" in str(error), error
            else:
                raise AssertionError("a client was pickled")
        process = context.Process(target=work, args=(client if method == "fork" else None, addresses, results))
        process.start()
        assert results.get() == []
        process.join(30)
        assert process.exitcode == 0, process.exitcode
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map(len, [[1], [2, 3]]) == [1, 2]
    assert client.blocking.call(get_distributed_objects()) == []
    client.shutdown()
    print("passed")
"""


def test_the_start_methods_of_multiprocessing(plain: Threaded, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    ran = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", str(program), *plain.server.addresses],
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
        check=False,
    )
    assert ran.stderr == ""
    assert ran.stdout == "passed\n"
