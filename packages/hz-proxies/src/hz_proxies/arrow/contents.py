"""The values of Arrow arrays as lists of Python objects, faster than ``to_pylist`` where that matters, or as bytes."""

from datetime import datetime, timedelta
from itertools import pairwise
from struct import Struct
from typing import Any, Final

import pyarrow as pa

from hz_serialization.compact.columns import Buffers, Form

_CODES: Final = {
    pa.int8(): "b",
    pa.int16(): "h",
    pa.int32(): "i",
    pa.int64(): "q",
    pa.float32(): "f",
    pa.float64(): "d",
}
_FORMS: Final = {
    **dict.fromkeys(_CODES, Form.NUMBER),
    pa.bool_(): Form.BOOLEAN,
    pa.string(): Form.TEXT,
    pa.timestamp("us"): Form.TIMESTAMP,
    pa.date32(): Form.DATE,
    pa.time64("us"): Form.TIME,
}
_EPOCH: Final = datetime(1970, 1, 1)


def contents(array: pa.Array) -> list[Any]:
    """Return the values of an array, of microseconds at most where they are times; None for nulls."""
    kind = array.type
    if kind in _CODES:
        return _with_nulls(_numbers(array, _CODES[kind]), array)
    if kind == pa.timestamp("us"):
        values = [_EPOCH + timedelta(0, 0, micros) for micros in _numbers(array.view(pa.int64()), "q")]
        return _with_nulls(values, array)
    if kind == pa.string():
        texts = _texts(array)
        if texts is not None:
            return _with_nulls(texts, array)
    found: list[Any] = array.to_pylist()
    return found


def buffers_of(array: pa.Array) -> Buffers | None:
    """Return the bytes of an array; None if they are not those of a Compact field.

    Raises:
        pa.ArrowInvalid: The array is damaged.
    """
    form = _FORMS.get(array.type)
    if form is None:
        return None
    valid, *places, values = array.buffers()
    if values is None or any(part is None for part in places):
        return None
    if form is Form.TEXT:
        array.validate(full=True)
    width = max(array.type.bit_width // 8, 1) if form is Form.NUMBER else 1
    known = valid if array.null_count else None
    return Buffers(form, width, array.offset, values, known, places[0] if places else None)


def _numbers(array: pa.Array, code: str) -> list[Any]:
    content = array.buffers()[1]
    if content is None:
        return [None] * len(array)
    numbers = Struct(f"<{len(array)}{code}")
    return list(numbers.unpack_from(content, array.offset * array.type.bit_width // 8))


def _texts(array: pa.Array) -> list[str] | None:
    """Return texts if all are ASCII."""
    _, places, content = array.buffers()
    if content is None or not len(array):
        return None
    offsets = memoryview(places).cast("B").cast("i")[array.offset : array.offset + len(array) + 1].tolist()
    first = offsets[0]
    try:
        text = str(memoryview(content)[first : offsets[-1]], "ascii")
    except UnicodeDecodeError:
        return None
    return [text[begin - first : end - first] for begin, end in pairwise(offsets)]


def _with_nulls(values: list[Any], array: pa.Array) -> list[Any]:
    if not array.null_count:
        return values
    valid = array.is_valid().cast(pa.uint8())
    return [value if known else None for value, known in zip(values, _numbers(valid, "b"), strict=True)]
