"""The compiled bases of what each read of a near cache uses; see ``hz_core.compiled``."""

from typing import TYPE_CHECKING, Any, Final

from hz_core.compiled import Empty, compiled_base
from hz_serialization.speedups import compiled

_calls: Final[Any] = compiled("_calls")

MISSING: Final[Any] = object() if _calls is None else _calls.MISSING
"""What a look-up returns for a key that is not there. A value may be None."""

if TYPE_CHECKING:

    class RecordBase(Empty):
        """The base of entries."""

    class StatisticsBase(Empty):
        """The base of the statistics."""

    class SamplerBase(Empty):
        """The base of what chooses entries to evict."""

    class StoreBase(Empty):
        """The base of the store."""

    class NearReadsBase(Empty):
        """The base of operations on maps."""

else:
    RecordBase = compiled_base(
        "RecordBase",
        (
            "cost",
            "expires",
            "group",
            "hits",
            "key",
            "place",
            "shortcut",
            "table",
            "touched",
            "used",
            "value",
        ),
    )
    StatisticsBase = compiled_base("StatisticsBase")
    SamplerBase = compiled_base("SamplerBase")
    StoreBase = compiled_base("StoreBase")
    NearReadsBase = compiled_base("NearReadsBase")
