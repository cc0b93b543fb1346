"""Which thread runs which call, in both threading models, and calls that start in Java (rows 25 to 39, 79)."""

import gc
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import pytest
from py4j.java_gateway import CallbackConnection, CallbackServerParameters, GatewayParameters, JavaGateway

import hazelcast
from hz_embedded import Cluster, ConfigurationError, Jvm
from hz_embedded.bridge import BridgeOptions

WAIT = 30


class Function:
    """A Java function that calls a Python function."""

    class Java:
        """The interfaces that py4j declares to Java."""

        implements: ClassVar = [
            "java.util.function.Function",
            "java.util.concurrent.Callable",
            "java.lang.Runnable",
        ]

    def __init__(self, function: Callable[..., object]) -> None:
        self.function = function

    def apply(self, value: Any) -> object:
        return self.function(value)

    def call(self) -> object:
        return self.function()

    def run(self) -> None:
        self.function()


class PingPong:
    """Python calls Java, which calls Python, which calls Java, which calls Python."""

    def __init__(self, jvm: Jvm) -> None:
        self.first, self.second = (jvm.view.java.util.concurrent.ConcurrentHashMap() for _ in range(2))
        self.first_ping, self.second_ping = self.first.computeIfAbsent, self.second.computeIfAbsent
        self.first_player, self.second_player = Function(self.first_pong), Function(self.second_pong)
        self.clear = (self.first.clear, self.second.clear)
        self.threads: list[threading.Thread] = []

    def first_pong(self, ball: str) -> object:
        self.threads.append(threading.current_thread())
        return self.second_ping(ball, self.second_player)

    def second_pong(self, ball: str) -> str:
        self.threads.append(threading.current_thread())
        self.seen = set(threading.enumerate())
        return "Success"

    def play(self) -> object:
        self.threads.clear()
        for clear in self.clear:
            clear()
        return self.first_ping("ball", self.first_player)


class JavaThreads:
    """Counts the threads that the JVM has started; the request itself starts none if a connection is idle."""

    def __init__(self, jvm: Jvm) -> None:
        self.started = (
            jvm.view.java.lang.management.ManagementFactory.getThreadMXBean().getTotalStartedThreadCount
        )


@pytest.fixture
def no_collection() -> Iterator[None]:
    """Disable Python's garbage collector, because releasing dead objects takes a connection."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def multi(no_collection: None) -> Iterator[Jvm]:
    """A new JVM, whose threads and connections can be counted."""
    with Jvm.start() as jvm:
        yield jvm


@pytest.fixture
def pinned(no_collection: None) -> Iterator[Jvm]:
    """A new JVM with pinned threads, which can be counted."""
    with Jvm.start(bridge=BridgeOptions(threading="pinned")) as jvm:
        yield jvm


@pytest.fixture(scope="module", params=["multi", "pinned"])
def jvm(request: pytest.FixtureRequest) -> Iterator[Jvm]:
    """A JVM for tests that count no threads of Java."""
    with Jvm.start(bridge=BridgeOptions(threading=request.param)) as started:
        yield started


def test_rows_25_26_27_28_threads_of_the_ping_pong(multi: Jvm) -> None:
    game, java = PingPong(multi), JavaThreads(multi)
    java_before, python_before = java.started(), set(threading.enumerate())
    multi.gateway.close(keep_callback_server=True)  # no thread is idle now
    assert game.play() == "Success"
    assert java.started() - java_before == 2
    new = game.seen - python_before
    assert new == set(game.threads)
    assert len(new) == 2
    assert all(isinstance(thread, CallbackConnection) for thread in new)
    # Both sides use the same threads again.
    assert game.play() == "Success"
    assert java.started() - java_before == 2
    assert game.seen - python_before == new == set(game.threads)


def test_row_29_pinned_threads_of_the_ping_pong(pinned: Jvm) -> None:
    game, java = PingPong(pinned), JavaThreads(pinned)
    java_before, python_before = java.started(), set(threading.enumerate())
    caller = threading.Thread(target=game.play)
    caller.start()
    caller.join(WAIT)
    assert java.started() - java_before == 1
    assert game.threads == [caller, caller]
    assert game.seen - python_before == {caller}
    # A call from a thread that has called before needs no new thread.
    assert game.play() == "Success"
    assert java.started() - java_before == 1
    assert game.threads == [threading.main_thread()] * 2


def test_row_30_each_pinned_caller_has_a_java_thread_of_its_own(pinned: Jvm) -> None:
    java, current = JavaThreads(pinned), pinned.view.java.lang.Thread.currentThread
    assert current().getId() == current().getId()
    before = java.started()
    together = threading.Barrier(3)

    def ask() -> set[int]:
        together.wait(WAIT)
        ids = {int(current().getId()) for _ in range(5)}
        together.wait(WAIT)
        return ids

    with ThreadPoolExecutor(3) as pool:
        answers = [asked.result(WAIT) for asked in [pool.submit(ask) for _ in range(3)]]
    assert [len(ids) for ids in answers] == [1, 1, 1]
    assert len(set().union(*answers)) == 3
    assert java.started() - before == 3


def test_row_31_calls_to_java_stay_in_the_java_thread_that_started(pinned: Jvm) -> None:
    current = pinned.view.java.lang.Thread.currentThread
    answers: list[tuple[int, int]] = []

    def called() -> None:
        answers.append((int(current().getId()), int(current().getId())))

    # Like the thread of a Java user interface: Java starts it, and it calls Python.
    thread = pinned.view.java.lang.Thread(Function(called))
    thread.start()
    thread.join()
    assert answers == [(thread.getId(), thread.getId())]
    assert current().getId() != thread.getId()


def test_row_32_calling_java_makes_no_python_thread(jvm: Jvm) -> None:
    before = set(threading.enumerate())
    values = jvm.to_java(list(range(20)))
    assert sum(values) == 190
    assert set(threading.enumerate()) == before


@pytest.mark.parametrize("threading_model", ["multi", "pinned"])
def test_rows_33_35_concurrent_callers_have_a_connection_each(
    threading_model: str, request: pytest.FixtureRequest
) -> None:
    jvm: Jvm = request.getfixturevalue(threading_model)
    java = JavaThreads(jvm)
    barrier = jvm.view.java.util.concurrent.CyclicBarrier(4)
    meet = getattr(barrier, "await")
    jvm.gateway.close(keep_callback_server=True)
    before = java.started()
    # Each call returns only when all four run in Java at the same time.
    with ThreadPoolExecutor(4) as pool:
        arrivals = sorted(call.result(WAIT) for call in [pool.submit(meet) for _ in range(4)])
    assert arrivals == [0, 1, 2, 3]
    # One Java thread for each connection; in the multi-threaded model, the thread of the first call is used again.
    assert java.started() - before == (3 if threading_model == "multi" else 4)


def test_row_34_one_python_thread_for_each_concurrent_callback(multi: Jvm) -> None:
    server = multi.gateway.get_callback_server()
    assert server.thread.is_alive()  # the accepting thread
    together = threading.Barrier(3)
    before = set(threading.enumerate())

    def called() -> None:
        ran_in.append(threading.current_thread())
        together.wait(WAIT)

    ran_in: list[threading.Thread] = []
    executor = multi.view.java.util.concurrent.Executors.newFixedThreadPool(3)
    tasks = multi.to_java([Function(called) for _ in range(3)])
    for future in executor.invokeAll(tasks):
        future.get()
    assert len(set(ran_in)) == 3
    assert set(threading.enumerate()) - before == set(ran_in)
    executor.shutdown()


def test_row_35_java_accepts_in_one_thread_and_calls_back_in_the_callers(multi: Jvm) -> None:
    accepting = _accepting(multi)
    while len(accepting) > 1:
        # The launcher's server has been closed, but its thread may still be about to end.
        for thread in accepting:
            thread.join(100)
        accepting = _accepting(multi)
    assert len(accepting) == 1
    java = JavaThreads(multi)
    values = multi.view.java.util.HashMap()
    before = java.started()
    assert values.computeIfAbsent("key", Function(str.upper)) == "KEY"
    assert java.started() == before


def _accepting(jvm: Jvm) -> list[Any]:
    """Return the Java threads that accept connections."""
    stacks = jvm.view.java.lang.Thread.getAllStackTraces()
    return [thread for thread, stack in stacks.items() if _runs(stack, "py4j.GatewayServer.run(")]


def _runs(stack: Any, method: str) -> bool:
    return any(method in str(frame) for frame in stack)


def test_row_36_recursion_never_deadlocks(jvm: Jvm) -> None:
    optional = jvm.view.java.util.Optional

    def down(number: int) -> int:
        return 0 if number == 0 else 1 + int(optional.of(number - 1).map(recursive).get())

    recursive = Function(down)
    assert down(12) == 12


class Entry:
    """The entry point for Java, with two methods of one name."""

    class Java:
        """The interfaces that py4j declares to Java."""

        implements: ClassVar = ["java.util.concurrent.Future", "java.lang.Runnable"]

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []
        self.called = threading.Event()

    def get(self, timeout: int | None = None, unit: Any = None) -> str:
        self.calls.append((timeout, unit and str(unit)))
        return "hello" if timeout is None else f"hello within {timeout} {unit}"

    def run(self) -> None:
        self.called.set()


@pytest.mark.parametrize("threading_model", ["multi", "pinned"])
def test_rows_37_38_39_java_gets_the_python_entry_point(threading_model: Any) -> None:
    entry = Entry()
    with Jvm.start(bridge=BridgeOptions(threading=threading_model, entry_point=entry)) as jvm:
        proxy = jvm.python_entry_point("java.util.concurrent.Future", "java.lang.Runnable")
        # The two overloads, get() and get(long, TimeUnit), reach one method.
        assert proxy.get() == "hello"
        assert proxy.get(5, jvm.view.java.util.concurrent.TimeUnit.DAYS) == "hello within 5 DAYS"
        assert entry.calls == [(None, None), (5, "DAYS")]
        # A Java thread calls the entry point.
        thread = jvm.view.java.lang.Thread(proxy)
        thread.start()
        assert entry.called.wait(WAIT)
        thread.join()


def test_row_39_java_calls_before_python_ever_did(multi: Jvm) -> None:
    entry = Entry()
    token = "of this test alone"
    python = JavaGateway(
        gateway_parameters=GatewayParameters(port=1, auth_token=token),
        callback_server_parameters=CallbackServerParameters(
            port=0, daemonize=True, daemonize_connections=True, auth_token=token
        ),
        python_server_entry_point=entry,
    )
    loopback = multi.view.java.net.InetAddress.getByName("127.0.0.1")
    builder = multi.view.py4j.GatewayServer.GatewayServerBuilder().javaPort(0)
    server = builder.callbackClient(
        python.get_callback_server().get_listening_port(), loopback, token
    ).build()
    classes = multi.new_array(multi.view.java.lang.Class, 1)
    classes[0] = multi.java_class("java.lang.Runnable")
    multi.view.java.lang.Thread(server.getPythonServerEntryPoint(classes)).start()
    assert entry.called.wait(WAIT)
    assert not python._gateway_client.deque  # Python has no connection to that server
    python.shutdown_callback_server()


@pytest.mark.parametrize("threading_model", ["multi", "pinned"])
def test_python_entry_point_without_one(threading_model: Any) -> None:
    with Jvm.start(bridge=BridgeOptions(threading=threading_model)) as jvm:
        with pytest.raises(ConfigurationError, match="no Python entry point"):
            jvm.python_entry_point("java.lang.Runnable")
        assert jvm.java.util.Optional.of("a").map(Function(str.upper)).get() == "A"


def test_an_entry_point_needs_an_interface() -> None:
    with pytest.raises(ConfigurationError, match="names no Java interface"):
        BridgeOptions(entry_point=object())


@pytest.fixture(params=["multi", "pinned"])
def connected(request: pytest.FixtureRequest) -> Iterator[tuple[Cluster, hazelcast.HazelcastClient]]:
    """A cluster whose bridge has each threading model, and a client of it."""
    with (
        Cluster(bridge=BridgeOptions(threading=request.param)) as cluster,
        hazelcast.HazelcastClient(cluster_members=cluster.addresses) as client,
    ):
        yield cluster, client


def test_row_79_a_callback_calls_the_gateway_and_the_client_in_a_chosen_thread(
    connected: tuple[Cluster, hazelcast.HazelcastClient],
) -> None:
    cluster, client = connected
    source = cluster.members[0].instance.getMap("numbers")
    seen: list[object] = []
    threads: set[threading.Thread] = set()

    def called(key: str) -> str:
        threads.add(threading.current_thread())
        seen.append(client.get_map("numbers").blocking().get("before"))
        seen.append(source.get("before"))
        # Once more, from within the callback.
        if key == "outer":
            seen.append(source.computeIfAbsent("inner", Function(called)))
        return key.upper()

    def call() -> None:
        assert source.computeIfAbsent("outer", Function(called)) == "OUTER"

    source.put("before", "there")
    with ThreadPoolExecutor(1, thread_name_prefix="chosen") as pool:
        pool.submit(call).result(WAIT)
        (chosen,) = pool._threads
    assert seen == ["there", "there", "there", "there", "INNER"]
    assert client.get_map("numbers").blocking().get("outer") == "OUTER"
    if cluster.jvm.bridge_options.pinned:
        assert threads == {chosen}
    else:
        assert len(threads) == 2
        assert chosen not in threads
