"""Names of the types of other libraries, which are known to type checkers only where these are installed."""

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import pandas  # type: ignore[import-untyped]  # its stubs are another package
    import polars
    import pyarrow

    ArrowBatch: TypeAlias = pyarrow.RecordBatch
    ArrowTable: TypeAlias = pyarrow.Table
    ArrowType: TypeAlias = pyarrow.DataType
    PandasFrame: TypeAlias = pandas.DataFrame
    PolarsFrame: TypeAlias = polars.DataFrame
else:
    ArrowBatch = ArrowTable = ArrowType = PandasFrame = PolarsFrame = Any
