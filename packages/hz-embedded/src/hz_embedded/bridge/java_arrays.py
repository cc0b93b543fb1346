"""Java's arrays as Python sequences."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any, TypeVar, cast

from hz_embedded._py4j import BaseArray, BaseObject, Py4JError, protocol
from hz_embedded.bridge import raw
from hz_embedded.bridge.comparing import check_size, equals, index_of, place_of
from hz_embedded.bridge.converting import inputs_of
from hz_embedded.bridge.java_objects import Received
from hz_embedded.bridge.reading import element, elements, length

T = TypeVar("T")


class JavaArray(Received, BaseArray[T]):
    """A Java array: a sequence whose elements can be set. Slices are copies in new Java arrays."""

    def __eq__(self, other: object) -> bool:
        return equals(self, other, BaseArray, list, list)

    def __hash__(self) -> int:
        return hash(tuple(elements(self)))

    def __copy__(self) -> JavaArray[T]:
        return cast("JavaArray[T]", self[:])

    def __len__(self) -> int:
        return length(self)

    def __iter__(self) -> Iterator[T]:
        for index in range(len(self)):
            yield element(self, index)

    def __contains__(self, value: object) -> bool:
        return value in elements(self)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            places = range(*index.indices(len(self)))
            return raw.of_array(self, protocol.ARRAY_SLICE_SUB_COMMAND_NAME, *places, for_user=True)
        return element(self, place_of(self, index))

    def __setitem__(self, index: Any, value: Any) -> None:
        convert = inputs_of(self._gateway_client).argument
        if not isinstance(index, slice):
            _set_element(self, place_of(self, index), convert(value))
            return
        values = [convert(each) for each in list(value)]
        places = range(*index.indices(len(self)))
        check_size(len(values), places)
        before = raw.of_array(self, protocol.ARRAY_SLICE_SUB_COMMAND_NAME, *places)
        try:
            for place, each in zip(places, values, strict=True):
                _set_element(self, place, each)
        except Py4JError:
            for number, place in enumerate(places):
                raw.call_static(
                    self._gateway_client, "java.lang.System", "arraycopy", before, number, self, place, 1
                )
            raise

    def index(self, value: Any, start: int = 0, stop: int = sys.maxsize) -> int:
        """Return the first index of ``value``.

        Raises:
            ValueError: ``value`` is not in the array.
        """
        return index_of(self, value, start, stop, "Java array")

    def count(self, value: Any) -> int:
        """Return how many elements are equal to ``value``."""
        return elements(self).count(value)


def _set_element(array: BaseObject, place: int, value: object) -> None:
    raw.of_array(array, protocol.ARRAY_SET_SUB_COMMAND_NAME, place, value)
