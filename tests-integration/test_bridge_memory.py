"""Which objects are kept alive, for how long, and how to release them (rows 68 to 72, 81)."""

import gc
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from py4j.protocol import Py4JError

from bridge_values import copied
from hz_embedded import Jvm
from hz_embedded.bridge import BridgeOptions, Scope


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


@pytest.mark.parametrize("threading_model", ["multi", "pinned"])
def test_row_72_the_end_releases_everything_on_both_sides(threading_model: Any) -> None:
    with Jvm.start(bridge=BridgeOptions(threading=threading_model)) as ended:
        held = ended.view.java.util.ArrayList()
        held.add(Upper())
        pool: Any = ended.gateway.gateway_property.pool
        assert len(pool) == 1
    assert len(pool) == 0
    assert not ended.alive


def test_row_72_shutdown_of_the_gateway_alone(multi: Jvm) -> None:
    bindings = multi.gateway.java_gateway_server.getGateway().getBindings()
    # A second server, by which the objects of the first can be inspected after its end.
    second = multi.view.py4j.GatewayServer.GatewayServerBuilder().javaPort(0).build()
    gateway = second.getGateway()
    gateway.startup()
    gateway.putNewObject(bindings)
    assert gateway.getBindings().size() >= 1
    second.shutdown()
    assert gateway.getBindings().size() == 0
