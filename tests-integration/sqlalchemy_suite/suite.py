"""The parts of SQLAlchemy's suite for dialects that are about what clusters can do."""

from sqlalchemy.testing.suite import (
    BooleanTest,
    CastTypeDecoratorTest,
    DateTest,
    DateTimeTest,
    EnumTest,
    ExceptionTest,
    ExistsTest,
    ExpandingBoundInTest,
    LikeFunctionsTest,
    OrderByLabelTest,
    PingTest,
    StringTest,
    TableDDLTest,
    TrueDivTest,
)

__all__ = [
    "BooleanTest",
    "CastTypeDecoratorTest",
    "DateTest",
    "DateTimeTest",
    "EnumTest",
    "ExceptionTest",
    "ExistsTest",
    "ExpandingBoundInTest",
    "LikeFunctionsTest",
    "OrderByLabelTest",
    "PingTest",
    "StringTest",
    "TableDDLTest",
    "TrueDivTest",
]
