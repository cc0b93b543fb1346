"""Which objects are kept alive, for how long, and how to release them (rows 68 to 72, 81)."""

import contextlib
import gc
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from py4j.protocol import Py4JError, Py4JJavaError

from bridge_values import copied
from hz_embedded import Jvm, JvmConnection
from hz_embedded._waiting import await_state
from hz_embedded.bridge import BridgeOptions, JavaError, Scope

WAIT = 30


class Upper:
    """A Java function."""

    class Java:
        """The interfaces that py4j declares to Java."""

        implements: ClassVar = ["java.util.function.Function"]

    def apply(self, value: str) -> str:
        return value.upper()


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """Collect garbage before the test and not during it, so that counts are of the test's own objects."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture(scope="module", params=["multi", "pinned"])
def jvm(request: pytest.FixtureRequest) -> Iterator[Jvm]:
    with Jvm.start(bridge=BridgeOptions(threading=request.param)) as started:
        yield started


@pytest.fixture(scope="module")
def multi() -> Iterator[Jvm]:
    with Jvm.start() as started:
        yield started


def test_rows_68_69_java_holds_what_python_knows_until_it_is_collected(multi: Jvm) -> None:
    before = multi.held_objects
    things = [multi.view.java.util.ArrayList() for _ in range(10)]
    for thing in things:
        thing.add(1)
    assert multi.held_objects == before + 10
    # The object and its methods refer to each other: only the garbage collector frees them.
    things.clear()
    del thing
    assert multi.held_objects == before + 10
    gc.collect()
    assert multi.held_objects == before


def test_row_70_detach_releases_at_once(jvm: Jvm) -> None:
    before = jvm.held_objects
    first, second = jvm.view.java.util.ArrayList(), jvm.view.java.util.HashMap()
    assert jvm.held_objects == before + 2
    jvm.release(first, second)
    assert jvm.held_objects == before
    with pytest.raises(Py4JError, match="does not exist"):
        first.size()


def test_row_70_py4js_own_detach(multi: Jvm) -> None:
    before = multi.held_objects
    thing = multi.view.java.util.ArrayList()
    multi.gateway.detach(thing)
    assert multi.held_objects == before


def test_rows_70_81_a_scope_releases_all_that_arrived_in_it(jvm: Jvm) -> None:
    before = jvm.held_objects
    with jvm.scope() as scope:
        values = jvm.to_java([{"a": 1}, {2}, [3]])
        assert [each for value in values for each in value] == ["a", 2, 3]
        kept = scope.keep(jvm.view.java.util.ArrayList())
        assert len(scope) > 5
    assert jvm.held_objects == before + 1
    assert copied(kept) == []
    with pytest.raises(Py4JError, match="does not exist"):
        values.size()


def test_row_81_scopes_nest_and_end_with_an_error(jvm: Jvm) -> None:
    before = jvm.held_objects

    def fail(scope: Scope) -> None:
        with jvm.scope() as inner:
            jvm.view.java.util.ArrayList()
            assert len(inner) == 1
            raise ValueError("in the block")

    with jvm.scope() as outer:
        thing = jvm.view.java.util.ArrayList()
        with pytest.raises(ValueError, match="in the block"):
            fail(outer)
        assert thing.add(1)
        assert len(outer) == 1
        jvm.release(thing)
        assert len(outer) == 0
    assert jvm.held_objects == before


def test_row_71_python_holds_what_java_knows(jvm: Jvm) -> None:
    before = jvm.held_callbacks
    function = Upper()
    held = jvm.view.java.util.ArrayList()
    held.add(function)
    held.add(Upper())
    assert jvm.held_callbacks == before + 2
    optional = jvm.view.java.util.Optional.of("a")
    assert optional.map(held.get(0)).get() == "A"
    # Java's garbage collector may never report the object as freed; an explicit release works immediately.
    jvm.release(function)
    assert jvm.held_callbacks == before + 1
    with pytest.raises(Py4JError, match="released by release"):
        optional.map(held.get(0))
    assert optional.map(held.get(1)).get() == "A"
    with pytest.raises(TypeError, match="nothing to release"):
        jvm.release("text")


def test_row_71_javas_garbage_collector_releases_what_python_holds(jvm: Jvm) -> None:
    before = jvm.held_callbacks
    held = jvm.java.util.ArrayList()
    for _ in range(5):
        held.add(Upper())
    assert jvm.held_callbacks == before + 5
    held.clear()

    def collected() -> bool:
        jvm.System.gc()
        jvm.System.runFinalization()
        return jvm.held_callbacks <= before

    assert await_state(collected, WAIT)


@pytest.mark.parametrize("threading_model", ["multi", "pinned"])
def test_row_72_the_end_releases_everything_on_both_sides(threading_model: Any) -> None:
    with Jvm.start(bridge=BridgeOptions(threading=threading_model)) as ended:
        held = ended.view.java.util.ArrayList()
        held.add(Upper())
        pool: Any = ended.gateway.gateway_property.pool
        assert len(pool) == 1
    assert len(pool) == 0
    assert not ended.alive


@pytest.mark.parametrize("threading_model", ["multi", "pinned"])
def test_row_72_shutdown_of_the_gateway_alone(threading_model: Any) -> None:
    with Jvm.start(bridge=BridgeOptions(threading=threading_model)) as jvm:
        # A second server, by which the objects of the first can be inspected after its end.
        first = jvm.gateway.java_gateway_server.getGateway()
        second = jvm.py4j.GatewayServer.GatewayServerBuilder(first).javaPort(0).build()
        second.start()
        held = jvm.java.util.ArrayList()
        held.add(Upper())
        pool: Any = jvm.gateway.gateway_property.pool
        with JvmConnection(int(second.getListeningPort())) as other:
            assert other.entry_point.getBindings().size() > 1
            assert len(pool) == 1
            jvm.gateway.shutdown()
            # Java closes the sockets first.
            assert await_state(lambda: other.entry_point.getBindings().size() == 0, WAIT)
            assert len(pool) == 0
            other.entry_point.shutdown()
        assert jvm.alive


def test_an_exception_that_leaves_a_scope_can_be_read(jvm: Jvm) -> None:
    before = jvm.held_objects
    with pytest.raises(Py4JJavaError) as plain, jvm.scope(), jvm.scope():
        jvm.java.lang.Integer.parseInt("x")
    assert "NumberFormatException" in str(plain.value)
    with pytest.raises(JavaError, match="NumberFormatException"), jvm.errors(), jvm.scope():
        jvm.java.lang.Integer.parseInt("x")
    with pytest.raises(JavaError) as typed, jvm.scope(), jvm.errors():
        jvm.java.lang.Integer.parseInt("x")
    assert typed.value.throwable.throwable.getMessage() == 'For input string: "x"'

    def wrap() -> None:
        try:
            jvm.java.lang.Integer.parseInt("x")
        except Py4JJavaError as error:
            raise ExceptionGroup("several", [ValueError(), error]) from None

    with pytest.raises(ExceptionGroup) as several, jvm.scope():
        wrap()
    assert "NumberFormatException" in str(several.value.exceptions[1])
    # An exception that stays within the scope is released with it.
    del plain, typed, several
    gc.collect()
    with jvm.scope(), contextlib.suppress(Py4JError):
        jvm.java.lang.Integer.parseInt("x")
    assert jvm.held_objects == before
