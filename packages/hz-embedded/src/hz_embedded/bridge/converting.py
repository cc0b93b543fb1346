"""Conversion of Python values to Java objects and back; the results are independent copies."""

import array
import dataclasses
import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Mapping, Set
from decimal import Decimal
from enum import Enum
from typing import Any, Final

from hz_embedded._py4j import BaseObject, JavaClass, Py4JError, is_proxy, static_method
from hz_embedded.bridge.errors import ConversionError
from hz_embedded.bridge.java_collections import (
    JavaArray,
    JavaCollection,
    JavaIterable,
    JavaIterator,
    JavaList,
    JavaMap,
    JavaReference,
    JavaSet,
)

InputFunction = Callable[[Any], object]
_BY_VALUE: Final = (bool, float, str, bytes, bytearray, Decimal, type(None))
_LONG_BITS: Final = 63
_DEEPEST: Final = 200
_SECONDS_A_DAY: Final = 86_400


class InputConverters:
    """Converts Python values into Java objects for one gateway."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._own: tuple[tuple[type, InputFunction], ...] = ()
        self._enums: dict[type[Enum], str] = {}

    def register(self, python_type: type, function: InputFunction) -> None:
        """Convert values of a type and its subclasses with a function of the user; the newest one has priority."""
        self._own = ((python_type, function), *self._own)

    def register_enum(self, python_enum: type[Enum], java_enum: str) -> None:
        """Convert members of a Python enum to the constants of the same names of a Java enum."""
        self._enums[python_enum] = java_enum

    def convert(self, value: object, path: str = "the value", depth: int = 0) -> Any:
        """Return ``value`` as a Java object, or as a value that py4j can pass.

        Raises:
            ConversionError: There is no Java object for it, or for something in it.
        """
        if depth > _DEEPEST:
            raise ConversionError(
                f"{path} lies more than {_DEEPEST} levels deep; does the value contain itself?"
            )
        own = next((function for python_type, function in self._own if isinstance(value, python_type)), None)
        if own is not None:
            made = own(value)
            return made if type(made) is type(value) else self.convert(made, path, depth + 1)
        if self.passes(value):
            return value
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
        """Return whether py4j can pass ``value`` to Java: by value, as a reference or as a callback."""
        if isinstance(value, JavaClass):
            return False
        if isinstance(value, _BY_VALUE) or hasattr(value, "_get_object_id"):
            return True
        if isinstance(value, int):
            return -(1 << _LONG_BITS) <= value < 1 << _LONG_BITS
        return is_proxy(value)

    def claims(self, value: object) -> bool:
        """Return whether there is a function of the user for ``value``, or py4j cannot pass it."""
        return any(isinstance(value, kind) for kind, _ in self._own) or not self.passes(value)

    def _new(self, class_name: str, *arguments: object) -> Any:
        return JavaClass(class_name, self._client)(*arguments)

    def _static(self, class_name: str, method: str, *arguments: object) -> Any:
        return static_method(class_name, method, self._client)(*arguments)

    def _list(self, values: Iterable[object], path: str, depth: int) -> Any:
        made = self._new("java.util.ArrayList")
        for index, each in enumerate(values):
            made.add(self.convert(each, f"{path}[{index}]", depth + 1))
        return made

    def _set(self, values: Set[object], path: str, depth: int) -> Any:
        made = self._new("java.util.HashSet")
        for each in values:
            made.add(self.convert(each, f"an element of {path}", depth + 1))
        return made

    def _mapping(self, values: Any, path: str, depth: int) -> Any:
        made = self._new("java.util.HashMap")
        self._fill(made, ((key, values[key]) for key in values.keys()), path, depth)  # noqa: SIM118  # any mapping
        return made

    def _dataclass(self, value: Any, path: str, depth: int) -> Any:
        made = self._new("java.util.LinkedHashMap")
        names = (each.name for each in dataclasses.fields(value))
        self._fill(made, ((name, getattr(value, name)) for name in names), path, depth)
        return made

    def _fill(self, made: Any, items: Iterable[tuple[object, object]], path: str, depth: int) -> None:
        for key, each in items:
            java_key = self.convert(key, f"a key of {path}", depth + 1)
            made.put(java_key, self.convert(each, f"{path}[{key!r}]", depth + 1))

    def _enum(self, value: Enum, path: str, depth: int) -> Any:
        java_enum = self._enums.get(type(value))
        if java_enum is None:
            return value.name
        try:
            return self._static(java_enum, "valueOf", value.name)
        except Py4JError as error:
            raise ConversionError(f"{path}: {java_enum} has no constant {value.name}") from error

    def _parsed(self, java_class: str, text: str, path: str) -> Any:
        try:
            return self._static(java_class, "parse", text)
        except Py4JError as error:
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
    (Enum, InputConverters._enum),
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


class AutomaticConverter:
    """The py4j input converter for automatic conversion of arguments."""

    def __init__(self, converters: InputConverters) -> None:
        self._converters = converters

    def can_convert(self, value: object) -> bool:
        """Return whether :meth:`convert` is called for an argument."""
        return self._converters.claims(value)

    def convert(self, value: object, client: Any) -> Any:
        """Return what is passed instead of the argument."""
        made = self._converters.convert(value, "the argument")
        owned = any(isinstance(value, kind) for kind, _ in self._converters._own)
        return _Borrowed(made) if owned and isinstance(made, BaseObject) else made


class RefusingConverter:
    """The py4j input converter without automatic conversion; its error says what to do."""

    def __init__(self, converters: InputConverters) -> None:
        self._converters = converters

    def can_convert(self, value: object) -> bool:
        """Return whether py4j cannot pass an argument."""
        return not self._converters.passes(value)

    def convert(self, value: object, client: Any) -> Any:
        """Refuse the argument.

        Raises:
            ConversionError: Always.
        """
        raise ConversionError(
            f"an argument of type {type(value).__qualname__} cannot be passed to Java as it is; convert it with "
            "to_java(), or switch on auto_convert"
        )


class OutputCopier:
    """Converts Java objects into Python values for one gateway."""

    def __init__(self) -> None:
        self._enums: dict[str, type[Enum]] = {}

    def register_enum(self, python_enum: type[Enum], java_enum: str) -> None:
        """Convert constants of a Java enum to the members of the same names of a Python enum."""
        self._enums[java_enum] = python_enum

    def copy(self, value: Any, depth: int = 0) -> Any:
        """Return a copy of a Java object as a Python value, or the object itself if there is no Python type for it.

        Raises:
            ConversionError: The Java object has a value that its Python type cannot hold.
        """
        if depth > _DEEPEST:
            raise ConversionError(
                f"the Java object is nested over {_DEEPEST} levels; does it contain itself?"
            )
        if isinstance(value, JavaMap):
            return {self.copy(key, depth + 1): self.copy(each, depth + 1) for key, each in value.items()}
        if isinstance(value, JavaSet):
            return {self.copy(each, depth + 1) for each in value}
        if isinstance(value, JavaReference) and not isinstance(value, JavaCollection | JavaIterable):
            known, made = self._object(value)
            if known:
                return made
            value._hz_resolve()
        if isinstance(value, JavaList | JavaArray | JavaIterator | JavaCollection):
            return [self.copy(each, depth + 1) for each in value]
        return value

    def _object(self, value: Any) -> tuple[bool, Any]:
        class_name = str(value.getClass().getName())
        try:
            if class_name in _READERS:
                return True, _READERS[class_name](value)
            if class_name in self._enums:
                return True, self._enums[class_name][value.name()]
        except (ValueError, OverflowError, KeyError) as error:
            raise ConversionError(
                f"{class_name} {value.toString()} cannot be converted to Python: {error}"
            ) from error
        if class_name == "java.util.Optional":
            return True, self.copy(value.get()) if value.isPresent() else None
        return False, None


def _duration(value: Any) -> dt.timedelta:
    return dt.timedelta(seconds=int(value.getSeconds()), microseconds=int(value.getNano()) // 1000)


def _old_date(value: Any) -> dt.datetime:
    return dt.datetime.fromtimestamp(0, dt.UTC) + dt.timedelta(milliseconds=int(value.getTime()))


def _moment(value: Any) -> dt.datetime:
    return dt.datetime.fromisoformat(str(value.toString()))


_READERS: Final[Mapping[str, Callable[[Any], object]]] = {
    "java.util.UUID": lambda value: uuid.UUID(str(value.toString())),
    "java.math.BigInteger": lambda value: int(value.toString()),
    "java.time.LocalDate": lambda value: dt.date.fromisoformat(str(value.toString())),
    "java.time.LocalTime": lambda value: dt.time.fromisoformat(str(value.toString())),
    "java.time.OffsetTime": lambda value: dt.time.fromisoformat(str(value.toString())),
    "java.time.LocalDateTime": _moment,
    "java.time.OffsetDateTime": _moment,
    "java.time.ZonedDateTime": lambda value: _moment(value.toOffsetDateTime()),
    "java.time.Instant": _moment,
    "java.time.Duration": _duration,
    "java.util.Date": _old_date,
}
