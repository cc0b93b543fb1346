"""Records that are made of Arrow's buffers have the bytes of those that are made of Python objects."""

from typing import Any, cast

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hz_proxies.arrow.contents import buffers_of
from hz_proxies.arrow.rows import RowReader
from hz_serialization import HazelcastSerializationError, SerializationConfig, SerializationService
from hz_serialization.compact import columns
from hz_serialization.compact.columns import Buffers, Form

MICROS = st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999)
NUMBERS: dict[pa.DataType, st.SearchStrategy[Any]] = {
    pa.int8(): st.integers(-128, 127),
    pa.int32(): st.integers(-(2**31), 2**31 - 1),
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.float32(): st.floats(width=32, allow_nan=False),
    pa.float64(): st.floats(allow_nan=False),
}
TYPES = NUMBERS | {
    pa.bool_(): st.booleans(),
    # Records of more than 254 bytes, and of more than 65,534, have longer offsets.
    pa.string(): st.text("aé€", max_size=5) | st.sampled_from(["x" * 250, "x" * 70_000]),
    pa.timestamp("us"): MICROS | st.sampled_from([-62_135_596_800_000_001, 253_402_300_800_000_000]),
    pa.date32(): st.integers(-719_162, 2_932_896) | st.sampled_from([-719_163, 2_932_897]),
    pa.time64("us"): st.integers(0, 86_399_999_999),
    pa.decimal128(20, 3): st.decimals(-1000, 1000, places=3),
    pa.list_(pa.int32()): st.lists(st.integers(0, 9), max_size=3),
}
WITHOUT_NULLS = [pa.bool_(), *NUMBERS]


def outcome(service: SerializationService, table: pa.Table) -> Any:
    reader = RowReader(service, table.schema, "c0", None, "compact", "T", (None, None))
    try:
        return reader.read(table)
    except HazelcastSerializationError as error:
        return str(error)


@settings(deadline=None, max_examples=100)
@given(st.data(), st.booleans(), st.integers(0, 3))
def test_bytes_are_the_same(data: st.DataObject, big_endian: bool, skipped: int) -> None:
    service = SerializationService(SerializationConfig(is_big_endian=big_endian))
    rows = data.draw(st.integers(0, 11))
    fields, arrays = [pa.field("c0", pa.int32())], [pa.array(range(rows), pa.int32())]
    kinds = data.draw(st.lists(st.sampled_from(sorted(TYPES, key=str)), min_size=1, max_size=10))
    kinds += [pa.bool_()] * data.draw(st.sampled_from([0, 0, 7, 9]))
    for number, kind in enumerate(kinds, 1):
        nullable = data.draw(st.booleans()) or kind not in WITHOUT_NULLS
        values = TYPES[kind] | st.none() if nullable else TYPES[kind]
        fields.append(pa.field(f"c{number}", kind, nullable))
        arrays.append(pa.array(data.draw(st.lists(values, min_size=rows, max_size=rows)), kind))
    table = pa.table(arrays, pa.schema(fields)).slice(skipped)
    fast = outcome(service, table)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "_columns", None)
        assert fast == outcome(service, table)


def test_nulls_where_there_are_none() -> None:
    service = SerializationService()
    for kind in WITHOUT_NULLS:
        schema = pa.schema([pa.field("c0", pa.int32()), pa.field("c1", kind, nullable=False)])
        table = pa.table([pa.array([1], pa.int32()), pa.array([None], kind)], schema)
        assert "'c1'" in outcome(service, table)
        assert "a null" in outcome(service, table)


def test_damaged_arrays_are_refused() -> None:
    places = pa.py_buffer(b"\0\0\0\0\2\0\0\0")
    array = pa.Array.from_buffers(pa.string(), 1, [None, places, pa.py_buffer(b"\xff\xff")])
    with pytest.raises(pa.ArrowInvalid, match="UTF8"):
        buffers_of(array)


def test_what_the_compiled_encoder_does() -> None:
    compiled = columns._columns
    if compiled is not None:
        head = bytes(16)
        four = Buffers(Form.NUMBER, 4, 0, b"\1\2\3\4", None, None)
        text = Buffers(Form.TEXT, 1, 0, b"ab", None, b"\0\0\0\0\2\0\0\0")
        assert compiled.encode(head, True, 1, 1, 0, [four]) == [head + b"\1\2\3\4"]
        assert compiled.encode(head, False, 1, 1, 0, [four]) == [head + b"\4\3\2\1"]
        small = b"\6\0\0\0\2\0\0\0ab\0"
        assert compiled.encode(head, True, 1, 0, 0, [text]) == [head + small]
        assert compiled.encode(head, True, 1, 0, 0, [[b"ab"]]) == [head + b"\2\0\0\0ab\0"]
        assert compiled.encode(head, True, 1, 0, 0, [[None]] * 65) is None
        wrong: list[Any] = [
            four._replace(start=1),
            four._replace(start=-1),
            Buffers(cast("Form", 9), 4, 0, b"\1\2\3\4", None, None),
            text._replace(places=b"\0\0\0\0"),
            text._replace(places=b"\2\0\0\0\1\0\0\0"),
            text._replace(places=b"\0\0\0\0\3\0\0\0"),
            text._replace(places=b"\xff\xff\xff\xff\1\0\0\0"),
            [],
        ]
        for source in wrong:
            with pytest.raises(ValueError, match=r"."):
                compiled.encode(head, True, 1, 0, 0, [source])
        with pytest.raises(TypeError):
            compiled.encode(head, True, 1, 0, 0, [["text"]])
