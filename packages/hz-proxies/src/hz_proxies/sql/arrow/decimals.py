"""Decimals of a page as Arrow arrays. Each has a scale of its own, those of an array have one."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import pyarrow as pa

from hz_proxies.sql_page import decimal_parts
from hz_serialization import HazelcastSerializationError


class Decimals(NamedTuple):
    """The decimals of a page, with as many digits behind the point as they need."""

    array: pa.Array
    """Of a decimal type."""

    whole: int
    """Digits before the point that are needed."""

    scale: int
    """Digits behind the point that are needed."""


def fitted(cells: Sequence[bytes | None], what: str) -> Decimals:
    """Return the decimals of a page as an array of a type that suits them.

    Raises:
        HazelcastSerializationError: They have more digits than Arrow has.
    """
    numbers = [None if cell is None else _number(cell) for cell in cells]
    scale = max((number[1] for number in numbers if number is not None), default=0)
    scale = max(scale, 0)
    unscaled = [None if number is None else number[0] * 10 ** (scale - number[1]) for number in numbers]
    largest = max((abs(number) for number in unscaled if number is not None), default=0)
    whole = max(len(str(largest)) - scale, 0)
    return Decimals(_array(unscaled, suitable(whole, scale, what), what), whole, scale)


def suitable(whole: int, scale: int, what: str) -> pa.DataType:
    """Return the type for decimals with so many digits before and behind the point.

    Raises:
        HazelcastSerializationError: There is none.
    """
    if whole + scale <= 38 and scale <= 38:
        return pa.decimal128(38, scale)
    if whole + scale <= 76:
        return pa.decimal256(76, scale)
    raise HazelcastSerializationError(
        f"{what} needs decimals of {whole + scale} digits, {scale} of them behind the point; Arrow's have at most 76."
        " ROUND the column or CAST it to DOUBLE or VARCHAR in the query"
    )


def of_type(cells: Sequence[bytes | None], wanted: pa.DataType, what: str) -> pa.Array:
    """Return the decimals of a page as an array of a decimal type.

    Raises:
        HazelcastSerializationError: A value has more digits, before or behind the point.
    """
    scale = wanted.scale
    unscaled: list[int | None] = []
    for cell in cells:
        if cell is None:
            unscaled.append(None)
            continue
        number, own = _number(cell)
        if own <= scale:
            unscaled.append(number * 10 ** (scale - own))
        else:
            quotient, rest = divmod(number, 10 ** (own - scale))
            if rest:
                raise _too_long(what, wanted)
            unscaled.append(quotient)
    return _array(unscaled, wanted, what)


def _number(cell: bytes) -> tuple[int, int]:
    """Return the unscaled value and the scale of a decimal."""
    digits, scale = decimal_parts(cell)
    if abs(scale) > _MOST_SCALE or len(digits) > _MOST_SCALE:
        raise HazelcastSerializationError(
            f"a decimal of {len(digits)} bytes with the scale {scale} has more than the 76 digits of Arrow's decimals"
        )
    return int.from_bytes(digits, "big", signed=True), scale


_MOST_SCALE: Final = 1000
"""Far more than any decimal that fits; limits the time that damaged bytes can take."""


def _array(unscaled: Sequence[int | None], kind: pa.DataType, what: str) -> pa.Array:
    size = kind.bit_width // 8
    limit = 10**kind.precision
    nothing = bytes(size)
    parts = []
    present = bytearray((len(unscaled) + 7) // 8)
    for place, number in enumerate(unscaled):
        if number is None:
            parts.append(nothing)
            continue
        if not -limit < number < limit:
            raise _too_long(what, kind)
        present[place >> 3] |= 1 << (place & 7)
        parts.append(number.to_bytes(size, "little", signed=True))
    buffers = [pa.py_buffer(present), pa.py_buffer(b"".join(parts))]
    return pa.Array.from_buffers(kind, len(unscaled), buffers)


def _too_long(what: str, kind: pa.DataType) -> HazelcastSerializationError:
    return HazelcastSerializationError(
        f"{what} has a decimal that does not fit into {kind}; name a larger type for it in `types`, or CAST the column"
        " in the query"
    )
