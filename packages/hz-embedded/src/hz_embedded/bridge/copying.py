"""Conversion of Java objects to Python values; the results are independent copies."""

import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Any, Final

from hz_embedded._py4j import BaseArray, BaseIterator, BaseList, BaseMap, BaseObject, BaseSet, is_instance
from hz_embedded.bridge.converting import DEEPEST
from hz_embedded.bridge.errors import ConversionError
from hz_embedded.bridge.reading import MANY, elements, entries, length, streamed
from hz_embedded.bridge.stream_format import UnknownContentError
from hz_embedded.bridge.stream_reader import hashable

_ATTRIBUTE: Final = "hz_copier"


def copier_of(client: Any) -> "OutputCopier":
    """Return the conversions from Java objects of a gateway client."""
    found = getattr(client, _ATTRIBUTE, None)
    if not isinstance(found, OutputCopier):
        found = OutputCopier()
        setattr(client, _ATTRIBUTE, found)
    return found


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
        if not isinstance(value, BaseObject):
            return value
        if depth > DEEPEST:
            raise ConversionError(f"the Java object is nested over {DEEPEST} levels; does it contain itself?")
        if isinstance(value, BaseIterator):
            return [self.copy(each, depth + 1) for each in value]
        if not isinstance(value, BaseMap | BaseSet | BaseList | BaseArray):
            known, made = self._object(value, depth)
            if known or not is_instance(value, "java.util.Collection"):
                return made
        return self._container(value, depth)

    def _container(self, value: Any, depth: int) -> Any:
        if length(value) >= MANY:
            try:
                many = streamed(value)
            except UnknownContentError:
                pass
            else:
                return _distinct(many, value) if isinstance(value, BaseSet) else many
        if isinstance(value, BaseMap):
            return self._dict(value, depth)
        items = [self.copy(each, depth + 1) for each in elements(value)]
        return _distinct(items, value) if isinstance(value, BaseSet) else items

    def _dict(self, value: Any, depth: int) -> dict[Any, Any]:
        pairs = [(self.copy(key, depth + 1), self.copy(each, depth + 1)) for key, each in entries(value)]
        _distinct((key for key, _ in pairs), value)
        return {hashable(key): each for key, each in pairs}

    def _object(self, value: Any, depth: int) -> tuple[bool, Any]:
        """Return whether there is a Python type for an object that is no collection, and the copy or the object."""
        class_name = str(value.getClass().getName())
        try:
            if class_name in _READERS:
                return True, _READERS[class_name](value)
            if class_name in self._enums:
                return True, self._enums[class_name][value.name()]
        except KeyError:
            raise ConversionError(
                f"{class_name} {value.toString()} cannot be converted to Python: the enum {self._enums[class_name]!r}"
                " has no member of that name"
            ) from None
        except (ValueError, OverflowError) as error:
            raise ConversionError(
                f"{class_name} {value.toString()} cannot be converted to Python: {error}"
            ) from error
        if class_name == "java.util.Optional":
            return True, self.copy(value.get(), depth + 1) if value.isPresent() else None
        return False, value


def _distinct(values: Iterable[Any], java: Any) -> set[Any]:
    """Return the values as a set.

    Raises:
        ConversionError: Some of them are equal in Python, but not in Java, so that the copy would lack them.
    """
    known: dict[Any, Any] = {}
    for value in map(hashable, values):
        if value in known:
            raise ConversionError(
                f"the Java {java.getClass().getName()} cannot be converted to Python: {known[value]!r} and {value!r} "
                "are different in Java but equal in Python; iterate over it instead"
            )
        known[value] = value
    return set(known)


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
