"""Conversion of Python values to Java objects; the results are independent copies."""

import array
import dataclasses
import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Mapping, Set
from decimal import Decimal
from enum import Enum
from typing import Any, Final

from hz_embedded._py4j import (
    BaseObject,
    JavaClass,
    Py4JJavaError,
    has_registered_converters,
    is_proxy,
    registered_converter,
)
from hz_embedded.bridge import raw
from hz_embedded.bridge.errors import ConversionError
from hz_embedded.bridge.long_values import Long, WireLong
from hz_embedded.bridge.reading import MANY
from hz_embedded.bridge.stream_format import LONE_SURROGATE, UnknownContentError
from hz_embedded.bridge.stream_writer import StreamWriter

InputFunction = Callable[[Any], object]
_Element = Callable[[object, str, int], Any]
DEEPEST: Final = 200
"""How many levels deep collections may be nested."""

_ATTRIBUTE: Final = "hz_inputs"
# Subclasses of these may have texts of their own, and py4j sends the text.
_BY_VALUE: Final = frozenset({type(None), bool, float, bytes, bytearray, Decimal, WireLong})
_BASES: Final = (int, float, str)
_STREAMED: Final = frozenset({list, tuple, dict, set, frozenset})
_LONG: Final = range(-(1 << 63), 1 << 63)
_SECONDS_A_DAY: Final = 86_400


def inputs_of(client: Any) -> "InputConverters":
    """Return the conversions to Java objects of a gateway client, including those of the user."""
    found = getattr(client, _ATTRIBUTE, None)
    if not isinstance(found, InputConverters):
        found = InputConverters(client)
        setattr(client, _ATTRIBUTE, found)
    return found


def wire_value(value: Any) -> Any:
    """Return a number or string in the form that py4j sends as the right type; return anything else unchanged.

    py4j sends the text of a number, which a subclass may have changed (members of an enum, for example), and only
    very large integers as a long.
    """
    if type(value) in _BASES:
        return value
    if isinstance(value, Long):
        return WireLong(value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, float):
        return float.__float__(value)
    if isinstance(value, int) and not isinstance(value, bool | WireLong):
        return int.__int__(value)
    return value


class InputConverters:
    """Converts Python values into Java objects for one gateway, and is py4j's converter of its arguments.

    Attributes:
        automatic: Whether arguments are converted if necessary; otherwise they are refused.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._own: tuple[tuple[type, InputFunction], ...] = ()
        self._enums: dict[type[Enum], str] = {}
        self.automatic = False

    def register(self, python_type: type, function: InputFunction) -> None:
        """Convert values of a type and its subclasses with a function of the user; the newest one has priority."""
        self._own = ((python_type, function), *self._own)

    def register_enum(self, python_enum: type[Enum], java_enum: str) -> None:
        """Convert members of a Python enum to the constants of the same names of a Java enum."""
        self._enums[python_enum] = java_enum

    def to_java(
        self, value: object, path: str = "the value", depth: int = 0, done: tuple[object, ...] = ()
    ) -> Any:
        """Return ``value`` as a Java object, or as a value that py4j can pass.

        Args:
            value: The value.
            path: What it is, for messages.
            depth: How many collections it is in.
            done: The functions of the user that have been applied to it.

        Raises:
            ConversionError: There is no Java object for it, or for something in it.
        """
        if depth > DEEPEST:
            raise ConversionError(
                f"{path} lies more than {DEEPEST} levels deep; does the value contain itself?"
            )
        own = self._chosen(value, done)
        if own is not None:
            key, function = own
            return self.to_java(function(value), path, depth + 1, (*done, key))
        if isinstance(value, Enum):
            return self._enum(value, path)
        if self.passes(value):
            return value
        if type(value) in _STREAMED and len(value) >= MANY:  # type: ignore[arg-type]  # all of them have a length
            made = self._stream(value)
            if made is not None:
                return made
        for kind, convert in _CONVERTERS:
            if isinstance(value, kind):
                return convert(self, value, path, depth)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return self._dataclass(value, path, depth)
        if hasattr(value, "keys") and hasattr(value, "__getitem__"):
            return self._mapping(value, path, depth)
        if hasattr(value, "__iter__"):
            return self._list(value, path, depth)
        raise ConversionError(
            f"{path} is of type {type(value).__qualname__}, for which there is no Java object; register one with "
            "input_converter()"
        )

    def passes(self, value: object) -> bool:
        """Return whether ``value`` can be passed to Java by value, as a reference or as a callback."""
        kind = type(value)
        if kind is int:
            return value in _LONG
        if kind in _BY_VALUE or isinstance(value, BaseObject):
            return True
        if isinstance(value, str):
            return value.isascii() or LONE_SURROGATE.search(value) is None
        if isinstance(value, JavaClass):
            return False
        if isinstance(value, int):
            return int(value) in _LONG
        if isinstance(value, float | bytes | bytearray | Decimal) or hasattr(value, "_get_object_id"):
            return True
        return is_proxy(value)

    def argument(self, value: object) -> Any:
        """Return what is passed to Java for an argument.

        Raises:
            ConversionError: There is no Java object for it, or conversion is not automatic.
        """
        if isinstance(value, BaseObject) or not self.can_convert(value):
            return value
        return self.convert(value, self._client)

    def collect(self, values: list[Any] | dict[Any, Any], path: str) -> Any:
        """Return a new Java list or map of values, each of them as it would be as an argument.

        Raises:
            ConversionError: One of them cannot be passed.
        """
        convert: _Element = self.to_java
        if not self.automatic:
            convert = self._passed
            # Before a stream of them, which would contain nested collections too.
            for each in values:
                self._passed(each, f"an element of {path}")
                if isinstance(values, dict):
                    self._passed(values[each], f"{path}[{each!r}]")
        made = self._stream(values, own=self.automatic) if len(values) >= MANY else None
        if made is not None:
            return made
        if isinstance(values, dict):
            return self._map(values.items(), path, 0, convert)
        return self._list(values, path, 0, convert)

    def _passed(self, value: object, path: str, depth: int = 0) -> Any:
        if not self.passes(value):
            raise _refusal(value, path)
        return value

    # py4j's names for a converter of arguments:

    def can_convert(self, value: object) -> bool:
        """Return whether :meth:`convert` is called for an argument, instead of passing it as it is."""
        kind = type(value)
        plain = kind in _BY_VALUE or (
            (kind in _BASES or not isinstance(value, _BASES)) and self.passes(value)
        )
        return not plain or (self.automatic and self._chosen(value, ()) is not None)

    def convert(self, value: object, client: Any) -> Any:
        """Return what is passed instead of an argument.

        Raises:
            ConversionError: There is no Java object for it, or conversion is not automatic.
        """
        if self.automatic:
            made = self.to_java(value, "the argument")
            owned = self._chosen(value, ()) is not None
            return _Borrowed(made) if owned and isinstance(made, BaseObject) else wire_value(made)
        return wire_value(self._passed(value, "an argument"))

    def _chosen(self, value: object, done: tuple[object, ...]) -> tuple[object, InputFunction] | None:
        """Return the first conversion of the user for a value, and something by which it is recognized."""
        for entry in self._own:
            if isinstance(value, entry[0]) and entry not in done:
                return entry, entry[1]
        if isinstance(value, BaseObject | str):
            return None
        converter = registered_converter(value)
        if converter is None or any(converter is each for each in done):
            return None
        return converter, lambda each: converter.convert(each, self._client)

    def _stream(self, value: Any, *, own: bool = True) -> Any:
        """Return a Java copy of a collection that is sent as one stream; None if it contains more than plain data."""
        writer = StreamWriter(
            self._is_claimed if own and (self._own or has_registered_converters()) else None
        )
        try:
            writer.write(value)
        except UnknownContentError:
            return None
        source = raw.new(self._client, "java.io.ByteArrayInputStream", writer.data())
        stream = raw.new(self._client, "java.io.ObjectInputStream", source)
        return self._made(raw.call(stream, "readObject"))

    def _is_claimed(self, value: object) -> bool:
        return self._chosen(value, ()) is not None

    def _made(self, thing: Any) -> Any:
        """Return a new Java object, after adding it to the scope that is open in this thread."""
        scopes = getattr(getattr(self._client, "hz_bridge", None), "scopes", None)
        if scopes is not None and scopes.stack and isinstance(thing, BaseObject):
            scopes.stack[-1].add(thing)
        return thing

    def _new(self, class_name: str, *arguments: object) -> Any:
        return self._made(raw.new(self._client, class_name, *arguments))

    def _static(self, class_name: str, method: str, *arguments: object) -> Any:
        return self._made(raw.call_static(self._client, class_name, method, *arguments))

    def _list(self, values: Iterable[object], path: str, depth: int, convert: _Element | None = None) -> Any:
        made = self._new("java.util.ArrayList")
        for index, each in enumerate(values):
            raw.call(made, "add", wire_value((convert or self.to_java)(each, f"{path}[{index}]", depth + 1)))
        return made

    def _set(self, values: Set[object], path: str, depth: int) -> Any:
        made = self._new("java.util.HashSet")
        for each in values:
            raw.call(made, "add", wire_value(self.to_java(each, f"an element of {path}", depth + 1)))
        return made

    def _mapping(self, values: Any, path: str, depth: int) -> Any:
        return self._map(((key, values[key]) for key in values.keys()), path, depth)  # noqa: SIM118  # any mapping

    def _dataclass(self, value: Any, path: str, depth: int) -> Any:
        names = (each.name for each in dataclasses.fields(value))
        return self._map(((name, getattr(value, name)) for name in names), path, depth)

    def _map(
        self,
        items: Iterable[tuple[object, object]],
        path: str,
        depth: int,
        convert: _Element | None = None,
    ) -> Any:
        made = self._new("java.util.LinkedHashMap")
        for key, each in items:
            java_key = (convert or self.to_java)(key, f"a key of {path}", depth + 1)
            java_value = (convert or self.to_java)(each, f"{path}[{key!r}]", depth + 1)
            raw.call(made, "put", wire_value(java_key), wire_value(java_value))
        return made

    def _enum(self, value: Enum, path: str) -> Any:
        java_enum = self._enums.get(type(value))
        if java_enum is None:
            return value if self.passes(value) else value.name
        try:
            return self._static(java_enum, "valueOf", value.name)
        except Py4JJavaError as error:
            raise ConversionError(f"{path}: {java_enum} has no constant {value.name}") from error

    def _parsed(self, java_class: str, text: str, path: str) -> Any:
        try:
            return self._static(java_class, "parse", text)
        except Py4JJavaError as error:
            raise ConversionError(f"{path}: {java_class} cannot hold {text}") from error

    def _datetime(self, value: dt.datetime, path: str, depth: int) -> Any:
        kind = "java.time.LocalDateTime" if value.utcoffset() is None else "java.time.OffsetDateTime"
        return self._parsed(kind, value.isoformat(), path)

    def _time(self, value: dt.time, path: str, depth: int) -> Any:
        kind = "java.time.LocalTime" if value.utcoffset() is None else "java.time.OffsetTime"
        return self._parsed(kind, value.isoformat(), path)

    def _date(self, value: dt.date, path: str, depth: int) -> Any:
        return self._parsed("java.time.LocalDate", value.isoformat(), path)

    def _timedelta(self, value: dt.timedelta, path: str, depth: int) -> Any:
        seconds = value.days * _SECONDS_A_DAY + value.seconds
        return self._static("java.time.Duration", "ofSeconds", seconds, value.microseconds * 1000)

    def _uuid(self, value: uuid.UUID, path: str, depth: int) -> Any:
        return self._static("java.util.UUID", "fromString", str(value))

    def _text(self, value: str, path: str, depth: int) -> Any:
        raise _half_a_character(value, path)

    def _integer(self, value: int, path: str, depth: int) -> Any:
        return self._new("java.math.BigInteger", str(value))

    def _memory(self, value: memoryview, path: str, depth: int) -> Any:
        return bytes(value)

    def _class(self, value: Any, path: str, depth: int) -> Any:
        return value._java_lang_class


_Convert = Callable[[InputConverters, Any, str, int], Any]
# The order matters: a datetime is also a date.
_CONVERTERS: Final[tuple[tuple[type, _Convert], ...]] = (
    (JavaClass, InputConverters._class),
    (str, InputConverters._text),
    (int, InputConverters._integer),
    (uuid.UUID, InputConverters._uuid),
    (dt.datetime, InputConverters._datetime),
    (dt.date, InputConverters._date),
    (dt.time, InputConverters._time),
    (dt.timedelta, InputConverters._timedelta),
    (memoryview, InputConverters._memory),
    (array.array, InputConverters._list),
    (Set, InputConverters._set),
    (Mapping, InputConverters._mapping),
)


class _Borrowed:
    """A converted argument that belongs to the user: py4j releases converted arguments after the call, but not this."""

    def __init__(self, thing: Any) -> None:
        self._thing = thing

    def _get_object_id(self) -> str:
        return str(self._thing._get_object_id())


def _half_a_character(value: str, path: str) -> ConversionError:
    return ConversionError(
        f"{path} is {value!r:.80}, which contains half of a surrogate pair: no character, so it cannot be sent to "
        "Java; encode such a text, for example as bytes"
    )


def _refusal(value: object, path: str) -> ConversionError:
    if isinstance(value, str):
        return _half_a_character(value, path)
    return ConversionError(
        f"{path} of type {type(value).__qualname__} cannot be passed to Java as it is; convert it with "
        "to_java(), or switch on auto_convert"
    )
