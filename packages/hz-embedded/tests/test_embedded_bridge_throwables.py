"""Parsing of printed Java stacks, and options of the bridge, without a JVM."""

from typing import Any

import pytest

from hz_embedded import ConfigurationError, EmbeddedError
from hz_embedded.bridge import (
    BridgeError,
    BridgeOptions,
    ConversionError,
    JavaError,
    JavaFrame,
    JavaThrowable,
    java_throwable,
)
from hz_embedded.bridge.throwables import parse_frames

PRINTED = """
\tat java.base/java.lang.Integer.parseInt(Integer.java:668)
\tat app//com.acme.Outer$Inner.<init>(Outer.java) ~[acme.jar:1]
\tat com.acme.Native.call(Native Method)
\tat jdk.proxy2/jdk.proxy2.$Proxy3.apply(Unknown Source)
Caused by: java.lang.IllegalStateException
\tat com.acme.Never.seen(Never.java:1)
"""


def test_frames_of_a_printed_stack() -> None:
    assert list(parse_frames(PRINTED)) == [
        JavaFrame("java.lang.Integer", "parseInt", "Integer.java", 668),
        JavaFrame("com.acme.Outer$Inner", "<init>", "Outer.java", None),
        JavaFrame("com.acme.Native", "call", None, None),
        JavaFrame("jdk.proxy2.$Proxy3", "apply", None, None),
    ]
    assert list(parse_frames("")) == []
    assert list(parse_frames("words\n\tat a.B.c(B.java:1)")) == []


def throwable(name: str, message: str | None, cause: JavaThrowable | None = None) -> JavaThrowable:
    return JavaThrowable(name, message, (JavaFrame("a.B", "c", "B.java", 1),), cause, (), None)


def test_chains_are_told_in_full() -> None:
    inner = throwable("py4j.Py4JException", "An exception. Return Message: Traceback\nValueError: x")
    outer = throwable("a.Outer", None, throwable("a.Middle", "m", inner))
    error = JavaError(outer)
    assert str(error).splitlines()[:2] == ["a.Outer", "  caused by a.Middle: m"]
    assert error.python_traceback == "Traceback\nValueError: x"
    assert outer.root is inner
    assert error.java_stack.startswith("a.Outer\n\tat a.B.c(B.java:1)\nCaused by: a.Middle: m\n\tat ")
    assert str(JavaFrame("a.B", "c", None, None)) == "a.B.c(Unknown Source)"


def test_the_exception_behind_an_error() -> None:
    error = JavaError(throwable("a.Outer", None))
    assert java_throwable(error) is error.throwable
    outer = ValueError()
    outer.__cause__ = error
    assert java_throwable(outer) is error.throwable
    assert java_throwable(ValueError()) is None


def test_errors_have_one_root() -> None:
    for error in (BridgeError, ConversionError, JavaError):
        assert issubclass(error, EmbeddedError)
    assert issubclass(ConversionError, TypeError)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"threading": "single"}, 'threading must be "multi" or "pinned"'),
        ({"port": -1}, "port must be a port number"),
        ({"callback_port": 65_536}, "callback_port must be a port number"),
        ({"port": True}, "port must be a port number"),
        ({"entry_point": 5}, "names no Java interface"),
    ],
)
def test_options_that_cannot_be(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        BridgeOptions(**wrong)


def test_options_by_default() -> None:
    options = BridgeOptions()
    assert (options.threading, options.pinned, options.auto_convert) == ("multi", False, False)
    assert BridgeOptions(threading="pinned").pinned
