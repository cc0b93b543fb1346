"""The errors for fields that a Portable class cannot write."""

from __future__ import annotations

from struct import error as StructError
from typing import Any

from hz_serialization.portable.field_type import FieldType
from hz_serialization.portable.plan import WritePlan
from hz_serialization.problems import UnserializableError, unserializable

_TAKES = {
    FieldType.BYTE: "an int of 8 bits, -128 to 127",
    FieldType.SHORT: "an int of 16 bits, -32768 to 32767",
    FieldType.INT: "an int of 32 bits, -2147483648 to 2147483647",
    FieldType.LONG: "an int of 64 bits",
    FieldType.FLOAT: "a float of 32 bits",
    FieldType.DOUBLE: "a float",
    FieldType.CHAR: "a str of one UTF-16 unit",
    FieldType.STRING: "a str or None",
}
"""What fields take whose own errors say too little."""

_WRONG_VALUE = (StructError, TypeError, OverflowError, AttributeError)


def field_error(
    error: Exception, plan: WritePlan, field_name: str, field_type: FieldType, value: Any
) -> UnserializableError:
    """Return the error for a field that could not be written, with the field as the last step of its path."""
    defined = plan.field_types.get(field_name)
    if defined is None:
        problem = UnserializableError(
            type(value),
            f"{plan.describe()} has no field {field_name!r}; write the same fields for every object, and give "
            "the class another version by get_class_version() when they change",
        )
    elif defined != field_type:
        problem = UnserializableError(
            type(value),
            f"the field is written as {field_type.name}, but it is {defined.name} in {plan.describe()}; give the "
            "class another version by get_class_version() when the type of a field changes",
        )
    elif field_type in _TAKES and isinstance(error, _WRONG_VALUE):
        problem = UnserializableError(
            type(value), f"{field_type.name} fields take {_TAKES[field_type]}, not {value!r:.80}"
        )
    else:
        problem = unserializable(value, error)
    problem.add_step(f".{field_name}")
    return problem
