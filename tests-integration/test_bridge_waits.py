"""What ends a call that waits for Java, what it raises, and what the next call does, in both threading models."""

import contextlib
import gc
import queue
import signal
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest
from py4j.java_gateway import CallbackServerParameters, GatewayParameters, JavaGateway
from py4j.protocol import Py4JError, Py4JJavaError, Py4JNetworkError

from bridge_waiting import WAIT, Caller, Gate, sends
from hz_embedded import Jvm, JvmDiedError, MemberStateError
from hz_embedded._waiting import await_state
from hz_embedded.bridge import BridgeOptions, ConversionError, GatewayError
from hz_embedded.interfaces import attach, java_function, python_exception

MODELS = ["multi", "pinned"]


class Stop(BaseException):
    """What no ``except Exception`` catches."""


def start(model: Any, **options: Any) -> Jvm:
    return Jvm.start(bridge=BridgeOptions(threading=model, **options))


@pytest.fixture(params=MODELS)
def model(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def jvm(model: str) -> Iterator[Jvm]:
    """A JVM of the test's own."""
    with start(model) as started:
        yield started


def typed(jvm: Jvm, call: Callable[[], object]) -> object:
    with jvm.errors():
        return call()


def works(jvm: Jvm) -> None:
    """Check that calls in both directions work."""
    assert jvm.java.lang.Math.abs(-1) == 1
    assert jvm.java.util.Optional.of(1).map(java_function(lambda number: number + 1)).get() == 2


# Signals


def test_ctrl_c_ends_a_call(jvm: Jvm) -> None:
    gate = Gate(jvm)
    with sends(signal.SIGINT, lambda: gate.await_waiting(1)), pytest.raises(KeyboardInterrupt):
        gate.wait()
    works(jvm)


@pytest.mark.parametrize(
    "error",
    [RuntimeError("mine"), TimeoutError("mine"), ConnectionResetError("mine"), ValueError("mine"), Stop()],
)
def test_the_exception_of_a_signal_handler_comes_out_as_it_is(jvm: Jvm, error: BaseException) -> None:
    def handler(*_: object) -> None:
        raise error

    gate = Gate(jvm)
    with sends(signal.SIGTERM, lambda: gate.await_waiting(1), handler), pytest.raises(type(error)) as caught:
        gate.wait()
    assert caught.value is error
    works(jvm)


def test_a_signal_handler_may_call_java(jvm: Jvm) -> None:
    gate, answers = Gate(jvm), []
    absolute = jvm.java.lang.Math.abs

    def handler(*_: object) -> None:
        answers.append(absolute(-5))
        gate.semaphore.release(7)

    with sends(signal.SIGTERM, lambda: gate.await_waiting(1), handler):
        assert gate.wait() is None
    assert answers == [5]
    assert gate.semaphore.availablePermits() == 6
    works(jvm)


def test_ctrl_c_within_a_callback(jvm: Jvm) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def slow(number: int) -> int:
        inside.set()
        # In short steps: a signal that comes just before a thread waits does not wake it.
        assert any(go_on.wait(0.05) for _ in range(20 * WAIT))
        return number

    optional, function = jvm.java.util.Optional.of(1), java_function(slow)
    with sends(signal.SIGINT, inside.wait), pytest.raises(KeyboardInterrupt):
        optional.map(function)
    go_on.set()
    works(jvm)
    # Java is still told of the objects that Python drops.
    gc.collect()
    before = jvm.held_objects
    for _ in range(50):
        jvm.java.util.ArrayList()
    gc.collect()
    assert jvm.held_objects <= before


def test_ctrl_c_below_two_callbacks(jvm: Jvm) -> None:
    gate = Gate(jvm)
    optional = jvm.java.util.Optional.of(1)
    inner = java_function(lambda number: gate.wait())
    outer = java_function(lambda number: optional.map(inner))
    with sends(signal.SIGINT, lambda: gate.await_waiting(1)), pytest.raises(KeyboardInterrupt):
        optional.map(outer)
    works(jvm)
    gate.semaphore.release(1)


# Callbacks that raise


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt, SystemExit, GeneratorExit, Stop])
def test_a_callback_may_raise_anything(model: str, jvm: Jvm, kind: type[BaseException]) -> None:
    raised = kind("of the callback")

    def fail(_: object) -> object:
        raise raised

    optional, function = jvm.java.util.Optional.of(1), java_function(fail)
    call = Caller(lambda: optional.map(function))
    if model == "pinned" and not issubclass(kind, Exception):
        # The callback ran in the thread of the caller, which is what it wants to end.
        with pytest.raises(kind) as ended:
            call.result()
        assert ended.value is raised
    else:
        with pytest.raises(Py4JJavaError, match="of the callback") as caught:
            call.result()
        assert python_exception(caught.value) is raised
    Caller(lambda: works(jvm)).result()
    works(jvm)


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt, Stop])
def test_a_java_thread_gets_whatever_a_callback_raises(jvm: Jvm, kind: type[BaseException]) -> None:
    def fail(_: object) -> object:
        raise kind("of the callback")

    def call() -> object:
        # Requests of the callback's own, on the connection of the Java thread in the pinned model.
        assert jvm.java.lang.Math.abs(-2) == 2
        with pytest.raises(Py4JJavaError, match="of the callback"):
            jvm.java.util.Optional.of(1).map(java_function(fail))
        assert jvm.java.lang.Math.abs(-2) == 2
        raise kind("of the callback")

    executor = jvm.java.util.concurrent.Executors.newSingleThreadExecutor()
    with pytest.raises(Py4JJavaError, match="of the callback"):
        Caller(executor.submit(java_function(call)).get).result()
    assert Caller(executor.submit(java_function(lambda: 7)).get).result() == 7
    executor.shutdown()


def test_callbacks_of_a_plain_gateway_may_raise_anything_too() -> None:
    def fail(_: object) -> object:
        raise raised

    with Jvm.start() as jvm:
        server = jvm.py4j.GatewayServer.GatewayServerBuilder().javaPort(0).build()
        server.start()
        plain = JavaGateway(
            gateway_parameters=GatewayParameters(port=server.getListeningPort()),
            callback_server_parameters=CallbackServerParameters(
                port=0, daemonize=True, daemonize_connections=True
            ),
        )
        loopback = plain.jvm.java.net.InetAddress.getByName("127.0.0.1")
        plain.java_gateway_server.resetCallbackClient(
            loopback, plain.get_callback_server().get_listening_port()
        )
        attach(plain)
        optional = plain.jvm.java.util.Optional.of(1)
        for raised in (KeyboardInterrupt("of the callback"), SystemExit("of the callback")):
            with pytest.raises(Py4JJavaError, match="of the callback") as caught:
                Caller(lambda: optional.map(java_function(fail))).result()
            assert python_exception(caught.value) is raised
        # Its objects may be freed later, which must not connect to a port that is another's then.
        plain.shutdown()


def test_a_call_of_an_object_that_python_no_longer_has(jvm: Jvm) -> None:
    holder = jvm.java.util.ArrayList()
    holder.add(java_function(lambda first, second: 0, "java.util.Comparator"))
    jvm.gateway.gateway_property.pool.clear()
    numbers = jvm.to_java([2, 1])
    with pytest.raises(
        Py4JJavaError, match=r"Java called compare\(\) on a Python object that has been released"
    ):
        Caller(lambda: jvm.java.util.Collections.sort(numbers, holder.get(0))).result()
    works(jvm)  # the whole request had been read


def test_a_released_callback_is_named_by_its_method(jvm: Jvm) -> None:
    task = java_function(print, "java.lang.Runnable")
    thread = jvm.java.lang.Thread(task)
    jvm.release(task)
    with pytest.raises(Py4JJavaError, match=r"Java called run\(\) on a Python object that has been released"):
        thread.run()


def test_converters_may_call_java_between_the_arguments_of_a_callback(jvm: Jvm) -> None:
    jvm.output_converter("java.util.UUID", lambda java: str(java.toString()))
    seen: list[tuple[Any, int]] = []
    table = jvm.java.util.HashMap()
    table.put(jvm.java.lang.StringBuilder("key"), 1)
    function = java_function(lambda *pair: seen.append(pair), "java.util.function.BiConsumer", convert=False)
    table.forEach(function)
    assert [(key.toString(), number) for key, number in seen] == [("key", 1)]
    works(jvm)


# Lost connections


def killed(jvm: Jvm) -> None:
    psutil.Process(jvm.pid).kill()


def closed_by_its_gateway(jvm: Jvm) -> None:
    jvm.gateway.shutdown()


@pytest.mark.parametrize(
    ("end", "error"),
    [
        (killed, JvmDiedError),
        (Jvm.kill, JvmDiedError),
        (Jvm.close, JvmDiedError),
        (Jvm.suspend, MemberStateError),
        (closed_by_its_gateway, GatewayError),
    ],
    ids=["killed", "kill", "close", "suspend", "shutdown"],
)
def test_all_who_wait_get_the_documented_error(
    jvm: Jvm, end: Callable[[Jvm], None], error: type[Exception]
) -> None:
    gate = Gate(jvm)
    plain = [Caller(gate.wait) for _ in range(5)]
    wrapped = [Caller(lambda: typed(jvm, gate.wait)) for _ in range(5)]
    gate.await_waiting(10)
    end(jvm)
    for call in plain:
        with pytest.raises(Py4JNetworkError, match=f"{jvm.pid}"):
            call.result()
    for call in wrapped:
        with pytest.raises(error):
            call.result()
    # The next calls, in threads with and without a connection.
    for again in (
        lambda: gate.semaphore.availablePermits(),
        lambda: Caller(gate.semaphore.availablePermits).result(),
    ):
        with pytest.raises(Py4JNetworkError, match=f"{jvm.pid}"):
            again()
        with pytest.raises(error):
            typed(jvm, again)


def test_calls_work_again_after_a_suspension(jvm: Jvm) -> None:
    gate = Gate(jvm)
    waiting = Caller(gate.wait)
    gate.await_waiting(1)
    dropped = [jvm.java.util.ArrayList() for _ in range(100)]
    before = jvm.held_objects
    jvm.suspend()
    with pytest.raises(Py4JNetworkError, match="is suspended and cannot be called; resume it first"):
        waiting.result()
    dropped.clear()
    gc.collect()  # must not wait for the JVM, and what it releases is released later
    jvm.resume()
    works(jvm)
    gc.collect()
    assert jvm.held_objects < before - 90


def test_a_scope_that_ends_during_a_suspension_releases_later(jvm: Jvm) -> None:
    before = jvm.held_objects
    with jvm.scope():
        things = [jvm.java.util.ArrayList() for _ in range(5)]
        jvm.suspend()
    jvm.resume()
    assert jvm.held_objects == before
    assert len(things) == 5


def test_a_callback_may_suspend_and_resume(jvm: Jvm) -> None:
    absolute, resumed = jvm.java.lang.Math.abs, threading.Event()

    def nap(number: int) -> int:
        jvm.suspend()
        with pytest.raises(Py4JNetworkError):
            absolute(number)
        jvm.resume()
        resumed.set()
        return number + 1

    optional, function = jvm.java.util.Optional.of(1), java_function(nap)
    with contextlib.suppress(Py4JNetworkError):  # in the multi-threaded model the caller waited for the JVM
        assert optional.map(function).get() == 2
    assert resumed.wait(WAIT)
    works(jvm)


def test_idle_connections_that_java_has_closed_are_replaced(jvm: Jvm) -> None:
    works(jvm)
    jvm.gateway.close(keep_callback_server=True)
    works(jvm)


def test_read_timeout(model: str) -> None:
    with start(model, read_timeout=0.3) as jvm:
        gate = Gate(jvm)
        with pytest.raises(Py4JNetworkError, match=r"gave no answer within 0.3 s \(read_timeout\)") as caught:
            gate.wait()
        assert isinstance(caught.value.cause, TimeoutError)
        with pytest.raises(GatewayError):
            typed(jvm, gate.wait)
        works(jvm)
        # A thread of Java's calls Python, which calls Java.
        errors: queue.SimpleQueue[BaseException] = queue.SimpleQueue()

        def call() -> None:
            try:
                gate.wait()
            except Py4JNetworkError as error:
                errors.put(error)

        jvm.java.lang.Thread(java_function(call, "java.lang.Runnable")).start()
        assert "read_timeout" in str(errors.get(timeout=WAIT))
        works(jvm)


# Objects of two JVMs


@pytest.fixture(scope="module", params=MODELS)
def pair(request: pytest.FixtureRequest) -> Iterator[tuple[Jvm, Jvm]]:
    with start(request.param) as one, start(request.param) as other:
        yield one, other


def test_objects_of_another_jvm_are_refused(pair: tuple[Jvm, Jvm]) -> None:
    one, other = pair
    kept = [one.to_java([number]) for number in range(40)]  # objects with the ids that the other JVM uses
    foreign = other.to_java(["foreign"])
    values, table, array = one.to_java([0]), one.to_java({}), one.new_array(one.java.lang.Object, 1)
    uses: list[Callable[[], object]] = [
        lambda: one.java.util.Objects.toString(foreign),
        lambda: one.java.util.ArrayList(foreign),
        lambda: values.add(foreign),
        lambda: values.__setitem__(0, foreign),
        lambda: foreign in values,
        lambda: table.put("key", foreign),
        lambda: array.__setitem__(0, foreign),
        lambda: values.equals(foreign),
        lambda: one.to_java(foreign),
        lambda: one.to_java([{"key": foreign}]),
        lambda: one.to_java(other.java.util.ArrayList),
        lambda: one.help(foreign),
        lambda: one.release(foreign),
        lambda: one.scope().keep(foreign),
    ]
    for use in uses:
        with pytest.raises(ConversionError, match=f"(?s){other.pid}.*{one.pid}"):
            use()
    with pytest.raises(Py4JJavaError, match=f"(?s)ConversionError: .*{other.pid}.*{one.pid}"):
        one.java.util.Optional.of(1).map(java_function(lambda _: foreign))
    assert [each[0] for each in kept] == list(range(40))
    assert other.to_python(foreign) == ["foreign"]
    works(one)


def test_an_exception_of_another_jvm_in_a_callback(pair: tuple[Jvm, Jvm]) -> None:
    one, other = pair

    def fail(_: object) -> object:
        return other.java.lang.Integer.parseInt("x")

    with pytest.raises(Py4JJavaError, match="NumberFormatException") as caught:
        one.java.util.Optional.of(1).map(java_function(fail))
    assert caught.value.java_exception.getClass().getName() == "py4j.Py4JException"
    assert isinstance(python_exception(caught.value), Py4JJavaError)


def test_a_conversion_error_is_an_error_of_py4j_and_keeps_its_type(pair: tuple[Jvm, Jvm]) -> None:
    one, other = pair
    foreign = other.to_java([1])
    with pytest.raises(Py4JError):
        one.java.util.ArrayList(foreign)
    with pytest.raises(ConversionError):
        typed(one, lambda: one.java.util.ArrayList(foreign))
    with pytest.raises(ConversionError, match="surrogate"):
        one.java.util.ArrayList().add("\ud800")


# What a JVM leaves


class Big:
    """Something in the frame of a callback."""


def test_a_closed_jvm_leaves_nothing(model: str) -> None:
    traces: list[weakref.ref[Any]] = []

    def fail(_: object) -> object:
        big = Big()
        traces.append(weakref.ref(big))
        raise ValueError(big)

    def use() -> object:
        with start(model) as jvm:
            works(jvm)
            with pytest.raises(Py4JJavaError):
                jvm.java.util.Optional.of(1).map(java_function(fail))
            gateway = jvm.gateway
            traces.extend(map(weakref.ref, (gateway, gateway._gateway_client, gateway.gateway_property.pool)))
            Caller(lambda: works(jvm)).result()
            left = jvm.to_java([1])
        assert not jvm.alive
        return left

    gc.collect()
    process = psutil.Process()
    gateways = sum(isinstance(each, JavaGateway) for each in gc.get_objects())
    threads, files = set(threading.enumerate()), process.num_fds()
    left = use()
    gc.collect()
    assert sum(isinstance(each, JavaGateway) for each in gc.get_objects()) == gateways
    assert await_state(lambda: set(threading.enumerate()) <= threads, WAIT)
    assert process.num_fds() <= files
    # A Java object that is still known keeps the connection's client, but not the rest.
    assert [trace() is None for trace in traces] == [True, True, False, False]
    del left
    gc.collect()
    assert [trace() for trace in traces] == [None] * 4


def test_a_thread_leaves_no_connection(jvm: Jvm) -> None:
    works(jvm)
    process = psutil.Process()
    for _ in range(3):
        Caller(lambda: works(jvm)).result()
    files = process.num_fds()
    for _ in range(10):
        Caller(lambda: works(jvm)).result()
    gc.collect()
    assert await_state(lambda: process.num_fds() <= files, WAIT)
