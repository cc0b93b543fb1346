"""Every documented name of ``hazelcast.serialization.api`` exists, has its parameters, and works as documented."""

import inspect
import struct
from array import array
from collections.abc import Callable
from typing import Any

import pytest

import hz_serialization.api
from hazelcast.config import Config, IntType
from hazelcast.core import HazelcastJsonValue
from hazelcast.errors import HazelcastSerializationError
from hazelcast.serialization import api
from hazelcast.serialization.api import (
    IdentifiedDataSerializable,
    ObjectDataInput,
    ObjectDataOutput,
    StreamSerializer,
)
from hz_serialization import SerializationService

DOCUMENTED = {
    "ObjectDataOutput": """
        write_from(buff,offset=None,length=None) write_boolean(val) write_byte(val) write_short(val)
        write_char(val) write_int(val) write_long(val) write_float(val) write_double(val)
        write_bytes(val) write_chars(val) write_utf(val) write_byte_array(val) write_boolean_array(val)
        write_char_array(val) write_int_array(val) write_long_array(val) write_double_array(val)
        write_float_array(val) write_short_array(val) write_utf_array(val) write_object(val)
        to_byte_array() get_byte_order()
    """,
    "ObjectDataInput": """
        read_into(buff,offset=None,length=None) skip_bytes(count) read_boolean() read_byte()
        read_unsigned_byte() read_short() read_unsigned_short() read_char() read_int() read_long()
        read_float() read_double() read_utf() read_byte_array() read_boolean_array() read_char_array()
        read_int_array() read_long_array() read_double_array() read_float_array() read_short_array()
        read_utf_array() read_object() get_byte_order() position() size()
    """,
    "IdentifiedDataSerializable": """
        write_data(object_data_output) read_data(object_data_input) get_factory_id() get_class_id()
    """,
    "Portable": """
        write_portable(writer) read_portable(reader) get_factory_id() get_class_id()
    """,
    "StreamSerializer": """
        write(out,obj) read(inp) get_type_id() destroy()
    """,
    "PortableReader": """
        get_version() has_field(field_name) get_field_names() get_field_type(field_name)
        get_field_class_id(field_name) read_int(field_name) read_long(field_name) read_utf(field_name)
        read_boolean(field_name) read_byte(field_name) read_char(field_name) read_double(field_name)
        read_float(field_name) read_short(field_name) read_portable(field_name)
        read_byte_array(field_name) read_boolean_array(field_name) read_char_array(field_name)
        read_int_array(field_name) read_long_array(field_name) read_double_array(field_name)
        read_float_array(field_name) read_short_array(field_name) read_utf_array(field_name)
        read_portable_array(field_name) get_raw_data_input()
    """,
    "PortableWriter": """
        write_int(field_name,value) write_long(field_name,value) write_utf(field_name,value)
        write_boolean(field_name,value) write_byte(field_name,value) write_char(field_name,value)
        write_double(field_name,value) write_float(field_name,value) write_short(field_name,value)
        write_portable(field_name,portable) write_null_portable(field_name,factory_id,class_id)
        write_byte_array(field_name,values) write_boolean_array(field_name,values)
        write_char_array(field_name,values) write_int_array(field_name,values)
        write_long_array(field_name,values) write_double_array(field_name,values)
        write_float_array(field_name,values) write_short_array(field_name,values)
        write_utf_array(field_name,values) write_portable_array(field_name,values) get_raw_data_output()
    """,
}
METHODS = [
    (owner, *method.rstrip(")").split("("))
    for owner, methods in DOCUMENTED.items()
    for method in methods.split()
]


@pytest.mark.parametrize(("owner", "method", "parameters"), METHODS)
def test_a_documented_method_has_its_parameters(owner: str, method: str, parameters: str) -> None:
    cls = getattr(api, owner)
    assert cls is getattr(hz_serialization.api, owner)
    assert owner in api.__all__
    found = inspect.signature(getattr(cls, method)).parameters.values()
    texts = [p.name if p.default is p.empty else f"{p.name}={p.default}" for p in found]
    assert ",".join(texts) == ",".join(filter(None, ("self", parameters)))


def test_a_portable_has_a_version_only_if_its_class_defines_one() -> None:
    assert not hasattr(api.Portable, "get_class_version")


class Probe:
    """Stands for any object of the user."""


def _configured(**options: Any) -> SerializationService:
    config = Config()
    for name, value in options.items():
        setattr(config, name, value)
    return SerializationService(config.serialization())


def _service(serializer: Any, **options: Any) -> SerializationService:
    return _configured(custom_serializers={Probe: serializer}, **options)


def _serializer(write: Callable[[Any], Any], read: Callable[[Any], Any]) -> StreamSerializer:
    class Steps(StreamSerializer):
        def get_type_id(self) -> int:
            return 9

        def write(self, out: ObjectDataOutput, obj: Any) -> None:
            write(out)

        def read(self, inp: ObjectDataInput) -> Any:
            return read(inp)

    return Steps()


WRITTEN: dict[str, tuple[tuple[Any, ...], str]] = {
    "write_from": ((bytearray(b"abcd"), 1, 2), "6263"),
    "write_boolean": ((True,), "01"),
    "write_byte": ((-2,), "fe"),
    "write_short": ((-2,), "fffe"),
    "write_char": (("\u20ac",), "20ac"),
    "write_int": ((-2,), "fffffffe"),
    "write_long": ((-2,), "fffffffffffffffe"),
    "write_float": ((1.5,), "3fc00000"),
    "write_double": ((1.5,), "3ff8000000000000"),
    "write_bytes": (("ab",), "6162"),
    "write_chars": (("ab",), "00610062"),
    "write_utf": (("\u20ac",), "00000003e282ac"),
    "write_byte_array": ((bytearray(b"\1\2"),), "000000020102"),
    "write_boolean_array": (([True, False],), "000000020100"),
    "write_char_array": ((["a"],), "000000010061"),
    "write_int_array": (([1],), "0000000100000001"),
    "write_long_array": (([1],), "000000010000000000000001"),
    "write_double_array": (([1.5],), "000000013ff8000000000000"),
    "write_float_array": (([1.5],), "000000013fc00000"),
    "write_short_array": (([1],), "000000010001"),
    "write_utf_array": ((["a"],), "000000010000000161"),
    "write_object": (("a",), "fffffff50000000161"),
    "to_byte_array": ((), ""),
    "get_byte_order": ((), ""),
}
"""Arguments and the bytes that they become."""

READ: dict[str, tuple[str, tuple[Any, ...], Any]] = {
    "read_into": ("616263", (bytearray(3),), bytearray(b"abc")),
    "skip_bytes": ("616263", (2,), 2),
    "read_boolean": ("01", (), True),
    "read_byte": ("fe", (), -2),
    "read_unsigned_byte": ("fe", (), 254),
    "read_short": ("fffe", (), -2),
    "read_unsigned_short": ("fffe", (), 65534),
    "read_char": ("20ac", (), "\u20ac"),
    "read_int": ("fffffffe", (), -2),
    "read_long": ("fffffffffffffffe", (), -2),
    "read_float": ("3fc00000", (), 1.5),
    "read_double": ("3ff8000000000000", (), 1.5),
    "read_utf": ("00000003e282ac", (), "\u20ac"),
    "read_byte_array": ("000000020102", (), bytearray(b"\1\2")),
    "read_boolean_array": ("000000020100", (), [True, False]),
    "read_char_array": ("000000010061", (), ["a"]),
    "read_int_array": ("0000000100000001", (), [1]),
    "read_long_array": ("000000010000000000000001", (), [1]),
    "read_double_array": ("000000013ff8000000000000", (), [1.5]),
    "read_float_array": ("000000013fc00000", (), [1.5]),
    "read_short_array": ("000000010001", (), [1]),
    "read_utf_array": ("000000010000000161", (), ["a"]),
    "read_object": ("fffffff50000000161", (), "a"),
    "get_byte_order": ("", (), "BIG_ENDIAN"),
    "position": ("00", (), 8),
    "size": ("0000", (), 10),
}
"""Bytes, arguments, and what is read."""


def test_every_documented_method_is_tried_below() -> None:
    assert set(WRITTEN) == {method for owner, method, _ in METHODS if owner == "ObjectDataOutput"}
    assert set(READ) == {method for owner, method, _ in METHODS if owner == "ObjectDataInput"}


@pytest.mark.parametrize("method", WRITTEN)
def test_what_a_method_of_the_output_writes(method: str) -> None:
    arguments, payload = WRITTEN[method]
    results: list[Any] = []
    service = _service(_serializer(lambda out: results.append(getattr(out, method)(*arguments)), str))
    assert service.to_data(Probe())[8:].hex() == payload
    if method == "to_byte_array":
        assert results == [bytearray(struct.pack(">ii", 0, 9))]
    else:
        assert results == ["BIG_ENDIAN" if method == "get_byte_order" else None]


@pytest.mark.parametrize("method", READ)
def test_what_a_method_of_the_input_reads(method: str) -> None:
    payload, arguments, expected = READ[method]
    service = _service(_serializer(str, lambda inp: getattr(inp, method)(*arguments)))
    result = service.to_object(struct.pack(">ii", 0, 9) + bytes.fromhex(payload))
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(
    "method", [name for name, (payload, *_) in READ.items() if "read" in name and payload]
)
def test_reading_past_the_end_is_the_named_error(method: str) -> None:
    payload, arguments, _ = READ[method]
    service = _service(_serializer(str, lambda inp: getattr(inp, method)(*arguments)))
    with pytest.raises(HazelcastSerializationError, match="Cannot read the value"):
        service.to_object(struct.pack(">ii", 0, 9) + bytes.fromhex(payload)[:-1])


@pytest.mark.parametrize("code", "hiqfd")
def test_arrays_of_numbers_are_read_as_blocks_too(code: str) -> None:
    kind = {"h": "short", "i": "int", "q": "long", "f": "float", "d": "double"}[code]
    numbers = array(code, [1, 0, 3])
    for values in (
        numbers,
        list(numbers),
        memoryview(numbers),
        memoryview(array(code, [1, 9, 0, 9, 3]))[::2],
    ):
        for big_endian in (True, False):
            service = _service(
                _serializer(
                    lambda out, v=values: getattr(out, f"write_{kind}_array")(v),  # type: ignore[misc]  # no types for a lambda's defaults
                    lambda inp: inp.read_array(code),
                ),
                is_big_endian=big_endian,
            )
            result = service.to_object(service.to_data(Probe()))
            assert (type(result), result, result.typecode) == (array, numbers, numbers.typecode)
    null = _service(_serializer(lambda out: out.write_int(-1), lambda inp: inp.read_array(code)))
    assert null.to_object(null.to_data(Probe())) is None
    wrong = _service(_serializer(lambda out: None, lambda inp: inp.read_array("H")))
    with pytest.raises(HazelcastSerializationError, match="no array of 'H'; the typecodes are h, i, q, f, d"):
        wrong.to_object(wrong.to_data(Probe()))


def test_bytes_are_no_block_of_larger_numbers() -> None:
    service = _service(
        _serializer(lambda out: out.write_int_array(b"\1\2\3\4"), lambda inp: inp.read_int_array())
    )
    assert service.to_object(service.to_data(Probe())) == [1, 2, 3, 4]


class Address(IdentifiedDataSerializable):
    """A class as users write it."""

    def __init__(self, street: str | None = None, number: int | None = None) -> None:
        self.street = street
        self.number = number

    def get_factory_id(self) -> int:
        return 1

    def get_class_id(self) -> int:
        return 2

    def write_data(self, object_data_output: ObjectDataOutput) -> None:
        object_data_output.write_utf(self.street)
        object_data_output.write_int(self.number)  # type: ignore[arg-type]  # None is refused at run time

    def read_data(self, object_data_input: ObjectDataInput) -> None:
        self.street = object_data_input.read_utf()
        self.number = object_data_input.read_int()
        if self.number < 0:
            raise ValueError("no such number")


class Demanding(Address):
    """Cannot be made without arguments."""

    def __init__(self, street: str) -> None:
        super().__init__(street, 1)


def _identified(cls: type = Address) -> SerializationService:
    return _configured(data_serializable_factories={1: {2: cls}})


def test_identified_data_serializable() -> None:
    read = _identified().to_object(_identified().to_data(Address("High Street", 5)))
    assert (type(read), read.street, read.number) == (Address, "High Street", 5)


def test_an_error_in_the_code_of_the_user_says_whose_it_is() -> None:
    service = _identified()
    data = service.to_data(Address("x", -1))
    calls: list[Callable[[], Any]] = [
        lambda: service.to_object(data),
        lambda: service.read(b"??" + data + b"??", 2, 2 + len(data)),
        lambda: service.to_object(service.to_data({"k": [Address("x", -1)]})),
    ]
    for call in calls:
        with pytest.raises(
            HazelcastSerializationError, match=r"Address\.read_data\(\) raised ValueError: no such"
        ) as e:
            call()
        assert isinstance(e.value.__cause__, ValueError)
        assert "damaged" not in str(e.value)
    with pytest.raises(
        HazelcastSerializationError, match=r"Demanding\(\) \(instances are made without .* TypeError"
    ):
        _identified(Demanding).to_object(data)
    with pytest.raises(
        HazelcastSerializationError, match=r"at \$\[0\]: .*\(raised by .*Address\.write_data\(\)\)"
    ):
        service.to_data([Address("x", None)])


@pytest.mark.parametrize(
    "error", [ValueError, IndexError, KeyError, struct.error, MemoryError, RecursionError]
)
def test_no_error_of_a_stream_serializer_is_taken_for_a_damaged_value(error: type[Exception]) -> None:
    def fail(stream: Any) -> None:
        raise error("mine")

    service = _service(_serializer(lambda out: None, fail))
    with pytest.raises(HazelcastSerializationError, match=r"Steps\.read\(\) (raised|nests)") as caught:
        service.to_object(service.to_data([Probe()]))
    assert isinstance(caught.value.__cause__, error)
    with pytest.raises(HazelcastSerializationError, match=r"\$\[0\]: .*\(raised by .*Steps\.write\(\)\)"):
        _service(_serializer(fail, str)).to_data([Probe()])
    nested = _service(_serializer(lambda out: out.write_object([1j]), str), pickle_policy="deny")
    with pytest.raises(
        HazelcastSerializationError, match=r"complex at \$\[0\]\.<Steps\.write>\[0\]: no serializer"
    ):
        nested.to_data([Probe()])


def test_a_missing_method_is_named() -> None:
    class Nothing(StreamSerializer):
        pass

    for call in (Nothing().get_type_id, lambda: Nothing().read(None), lambda: Nothing().write(None, 1)):  # type: ignore[arg-type]  # not used
        with pytest.raises(NotImplementedError, match=r"Nothing\.\w+\(\) is missing"):
            call()
    Nothing().destroy()  # optional


def test_json_values_go_by_their_documented_name() -> None:
    service = _configured(default_int_type=IntType.VAR)
    assert service.to_object(service.to_data(HazelcastJsonValue({"age": 4}))).to_string() == '{"age": 4}'
    assert struct.unpack_from(">i", service.to_data(300), 4)[0] == -6
