"""BigInteger and BigDecimal."""

from __future__ import annotations

from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from typing import Final

from hz_serialization import type_ids
from hz_serialization.layout import check_count, take
from hz_serialization.problems import UnserializableError, damaged
from hz_serialization.registry import Registry
from hz_serialization.scalars import big_integer_bytes

MAX_UNSCALED_SIZE: Final = 1 << 15
"""The longest digits of a BigDecimal, in bytes. The time to convert binary to decimal grows with the square of the
size: this many (about 79,000 digits) take milliseconds, a megabyte would take minutes."""

_EXACT: Final = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])


def split_decimal(value: Decimal) -> tuple[int, int]:
    """Return the unscaled value and the scale of a decimal number, as Java's BigDecimal has them.

    Raises:
        UnserializableError: It is NaN or infinite, too long, or its exponent is out of Java's range.
    """
    _, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        raise UnserializableError(
            type(value), f"Java's BigDecimal has no {value}; store a float or text instead"
        )
    if not -(2**31) < exponent <= 2**31:
        raise UnserializableError(
            type(value), f"its exponent {exponent} is beyond the 32-bit scale of Java's BigDecimal"
        )
    if len(digits) > MAX_UNSCALED_SIZE * 2.4:
        raise UnserializableError(
            type(value), f"its {len(digits)} digits are more than fit {MAX_UNSCALED_SIZE} bytes"
        )
    unscaled = int(value.scaleb(-exponent, _EXACT)) if exponent else int(value)
    return unscaled, -exponent


def join_decimal(unscaled: bytes, scale: int) -> Decimal:
    """Return exactly the decimal number with this unscaled two's complement and scale.

    Raises:
        HazelcastSerializationError: There are no digits, or more than ``MAX_UNSCALED_SIZE`` bytes of them.
    """
    if not unscaled:
        raise damaged("BigDecimal without digits")
    if len(unscaled) > MAX_UNSCALED_SIZE:
        raise damaged(
            f"BigDecimal with {len(unscaled)} bytes of digits; at most {MAX_UNSCALED_SIZE} are read"
        )
    number = Decimal(int.from_bytes(unscaled, "big", signed=True))
    return number.scaleb(-scale, _EXACT) if scale else number


def register_big_numbers(registry: Registry) -> None:
    """Add Decimal, and the readers of BigInteger and BigDecimal; ``register_scalars`` adds ``int``."""
    layout = registry.layout
    unpack, pack = layout.i.unpack_from, layout.i.pack
    head = layout.type_id(type_ids.BIG_DECIMAL)

    def read_big_integer(data: bytes, pos: int, depth: int) -> tuple[int, int]:
        size = unpack(data, pos)[0]
        digits = take(data, pos + 4, size)
        if not digits:
            raise damaged("BigInteger without digits")
        return int.from_bytes(digits, "big", signed=True), pos + 4 + size

    def write_decimal(value: Decimal) -> bytes:
        unscaled, scale = split_decimal(value)
        digits = big_integer_bytes(unscaled)
        return head + pack(len(digits)) + digits + pack(scale)

    def read_decimal(data: bytes, pos: int, depth: int) -> tuple[Decimal, int]:
        size = unpack(data, pos)[0]
        check_count(size, 1, data, pos + 4)
        pos += 4 + size
        return join_decimal(data[pos - size : pos], unpack(data, pos)[0]), pos + 4

    registry.add_scalar(Decimal, write_decimal, further=True)
    registry.add_reader(type_ids.BIG_INTEGER, read_big_integer)
    registry.add_reader(type_ids.BIG_DECIMAL, read_decimal)
