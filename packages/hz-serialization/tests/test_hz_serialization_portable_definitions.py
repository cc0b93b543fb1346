"""Definitions of Portable classes: their types, the builder, and what the service does with them."""

from __future__ import annotations

import threading

import pytest

from hz_serialization import HazelcastSerializationError, SerializationConfig, SerializationService
from hz_serialization.portable import ClassDefinition, ClassDefinitionBuilder, FieldDefinition, FieldType
from hz_serialization_portables import Inner, Node, Record, record, service_of

SIMPLE = [
    "byte",
    "boolean",
    "char",
    "short",
    "int",
    "long",
    "float",
    "double",
    "string",
    "utf",
    "decimal",
    "time",
    "date",
    "timestamp",
    "timestamp_with_timezone",
]
INNER = ClassDefinitionBuilder(1, 2).add_int_field("i").add_float_field("f").build()


def test_numbers_of_the_field_types() -> None:
    names = [
        "PORTABLE",
        "BYTE",
        "BOOLEAN",
        "CHAR",
        "SHORT",
        "INT",
        "LONG",
        "FLOAT",
        "DOUBLE",
        "STRING",
        "PORTABLE_ARRAY",
        "BYTE_ARRAY",
        "BOOLEAN_ARRAY",
        "CHAR_ARRAY",
        "SHORT_ARRAY",
        "INT_ARRAY",
        "LONG_ARRAY",
        "FLOAT_ARRAY",
        "DOUBLE_ARRAY",
        "STRING_ARRAY",
        "DECIMAL",
        "DECIMAL_ARRAY",
        "TIME",
        "TIME_ARRAY",
        "DATE",
        "DATE_ARRAY",
        "TIMESTAMP",
        "TIMESTAMP_ARRAY",
        "TIMESTAMP_WITH_TIMEZONE",
        "TIMESTAMP_WITH_TIMEZONE_ARRAY",
    ]
    assert [member.name for member in FieldType] == names
    assert [member.value for member in FieldType] == list(range(30))
    assert (FieldType.UTF, FieldType.UTF_ARRAY) == (FieldType.STRING, FieldType.STRING_ARRAY)


@pytest.mark.parametrize("kind", SIMPLE)
@pytest.mark.parametrize("suffix", ["", "_array"])
def test_builder_method_of_each_type(kind: str, suffix: str) -> None:
    builder = ClassDefinitionBuilder(1, 3, 5)
    method = getattr(builder, f"add_{kind}{suffix}_field")
    assert method("a") is builder
    definition = method("b").build()
    field_type = FieldType[f"{kind}{suffix}".upper()]
    assert definition.field_defs == {
        "a": FieldDefinition(0, "a", field_type, 5),
        "b": FieldDefinition(1, "b", field_type, 5),
    }


def test_builder_of_nested_fields() -> None:
    definition = (
        ClassDefinitionBuilder(1, 1)
        .add_portable_field("one", INNER)
        .add_portable_array_field("many", INNER)
        .build()
    )
    assert definition.get_field("one") == FieldDefinition(0, "one", FieldType.PORTABLE, 0, 1, 2)
    assert definition.get_field(1) == FieldDefinition(1, "many", FieldType.PORTABLE_ARRAY, 0, 1, 2)
    assert definition.get_field_class_id("many") == 2
    assert repr(definition) == (
        "<ClassDefinition of factory id 1, class id 1, version 0: "
        "one: PORTABLE of factory id 1, class id 2, version 0, "
        "many: PORTABLE_ARRAY of factory id 1, class id 2, version 0>"
    )


def test_builder_refuses_what_cannot_be() -> None:
    builder = ClassDefinitionBuilder(1, 1).add_int_field("a")
    with pytest.raises(HazelcastSerializationError, match="'a': there is one"):
        builder.add_string_field("a")
    with pytest.raises(HazelcastSerializationError, match="class id of a Portable must not be 0"):
        builder.add_portable_field("p", ClassDefinition(1, 0, 0))
    with pytest.raises(HazelcastSerializationError, match="with index 3: the next index is 1"):
        builder.add_field_def(FieldDefinition(3, "b", FieldType.INT, 0))
    for name in ("é", "\U0001f600", "x" * 32768):
        with pytest.raises(HazelcastSerializationError, match="must be ASCII and at most 32767"):
            builder.add_int_field(name)
    with pytest.raises(HazelcastSerializationError, match="must be a str"):
        builder.add_int_field(3)  # type: ignore[arg-type] # that is what is tested
    assert builder.build().get_field_names() == ["a"]
    with pytest.raises(HazelcastSerializationError, match="built already"):
        builder.add_int_field("b")


def test_class_definition() -> None:
    assert (INNER.factory_id, INNER.class_id, INNER.version) == (1, 2, 0)
    assert (INNER.get_field_count(), INNER.get_field_names()) == (2, ["i", "f"])
    assert (INNER.get_field_type("f"), INNER.get_field_class_id("f")) == (FieldType.FLOAT, 0)
    assert (INNER.has_field("i"), INNER.has_field("x"), INNER.get_field("x")) == (True, False, None)
    with pytest.raises(IndexError, match="no field has index 2"):
        INNER.get_field(2)
    for get in (INNER.get_field_type, INNER.get_field_class_id):
        with pytest.raises(ValueError, match="Unknown field 'x'; the class has i, f"):
            get("x")
    same = ClassDefinitionBuilder(1, 2).add_int_field("i").add_float_field("f").build()
    assert same == INNER
    assert hash(same) == hash(INNER)
    for other in (
        ClassDefinitionBuilder(1, 2).add_int_field("i").add_double_field("f").build(),
        ClassDefinitionBuilder(1, 2, 1).add_int_field("i").add_float_field("f").build(),
        ClassDefinitionBuilder(1, 2).add_float_field("f").add_int_field("i").build(),
        "INNER",
    ):
        assert other != INNER
    assert hash(INNER.get_field("i")) == hash(same.get_field("i"))
    assert INNER.get_field("i") != "i"
    assert "no fields" in repr(ClassDefinition(1, 1, 0))


def test_version_if_not_set() -> None:
    definition = ClassDefinitionBuilder(1, 1, -1).build()
    definition.set_version_if_not_set(7)
    definition.set_version_if_not_set(8)
    assert definition.version == 7
    with pytest.raises(ValueError, match="30"):
        FieldDefinition(0, "a", 30, 0)


def test_configured_definition_says_what_is_written() -> None:
    definition = ClassDefinitionBuilder(1, 1, -1).add_string_field("b").add_int_field("a").build()
    reads = record(("a", "int"), ("b", "string"))
    service = service_of(reads, class_definitions=[definition], portable_version=4)
    data = service.to_data(reads([("a", "int", 1), ("b", "string", "x")]))
    assert data[16:20] == b"\0\0\0\4"
    # the second position, that of a, is the lower one: written first, but second in the definition
    first, second = (int.from_bytes(data[at : at + 4], "big") for at in (28, 32))
    assert first > second
    assert service.to_object(data).values == {"a": 1, "b": "x"}
    assert definition.version == -1, "the user's own definition is left as it is"


def test_nulls_need_a_definition_at_first() -> None:
    outer = (
        ClassDefinitionBuilder(1, 1)
        .add_portable_field("p", INNER)
        .add_portable_array_field("ps", INNER)
        .build()
    )
    cls = record(("p", "portable"), ("ps", "portable_array"))
    service = service_of(cls, class_definitions=[outer, INNER])
    for fields in (
        [("p", "portable", None), ("ps", "portable_array", None)],
        [("p", "null_portable", (1, 2)), ("ps", "portable_array", [])],
    ):
        values = service.to_object(service.to_data(cls(fields))).values
        assert values == {"p": None, "ps": fields[1][2]}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ([("p", "portable", None)], r"null, which does not tell its class, in the field 'p'; .*class_definitions"),
        ([("p", "null_portable", (1, 2))], r"class id 2, of which no definition is known, in the field 'p'"),
        ([("p", "portable_array", None)], r"null or an empty array, .* in the field 'p'"),
        ([("p", "portable_array", [])], r"null or an empty array, .* in the field 'p'"),
        ([("p", "portable_array", [None])], r"\$\.p\[0\]: TypeError: a Portable is wanted, not None"),
        ([("p", "portable", 5)], r"Cannot serialize int at \$\.p: TypeError: a Portable is wanted, not 5"),
        ([("a", "int", 1), ("a", "int", 1)], r"'a': there is one of that name already"),
        ([("é", "int", 1)], r"must be ASCII"),
    ],
)  # fmt: skip
def test_what_cannot_be_defined_by_writing(fields: list[tuple[str, str, object]], message: str) -> None:
    with pytest.raises(HazelcastSerializationError, match=message):
        service_of().to_data(Record(fields))


def test_a_null_of_a_class_that_was_written_before() -> None:
    service = service_of()
    service.to_data(Inner())
    cls = record(("p", "portable"))
    assert service_of(cls).to_object(service.to_data(Record([("p", "null_portable", (1, 2))]))).values == {
        "p": None
    }


def test_a_null_stands_for_the_version_that_the_class_has() -> None:
    old, new = record(ids=(1, 2), version=1), record(ids=(1, 2), version=9)
    service = service_of(new)
    for cls in (old, new):
        service.to_data(cls([("a", "int", 1)]))
    service.to_data(Record([("p", "null_portable", (1, 2))]))
    with pytest.raises(HazelcastSerializationError, match="no definition is known"):
        service.to_data(record(ids=(1, 5))([("p", "null_portable", (1, 3))]))


@pytest.mark.parametrize("ids", [(1, 0), (2**31, 1), (1, "1"), (None, 1)])
def test_ids_that_cannot_be(ids: tuple[int, int]) -> None:
    with pytest.raises(HazelcastSerializationError, match="of a Portable must"):
        service_of().to_data(record(ids=ids)())


def test_contradicting_definitions() -> None:
    other = ClassDefinitionBuilder(1, 2).add_long_field("i").build()
    with pytest.raises(
        HazelcastSerializationError, match="two definitions of factory id 1, class id 2, version 0"
    ):
        service_of(class_definitions=[INNER, other])
    service_of(class_definitions=[INNER, INNER])
    with pytest.raises(HazelcastSerializationError, match="must hold ClassDefinition objects, not str"):
        service_of(class_definitions=["x"])


def test_undefined_nested_class() -> None:
    outer = ClassDefinitionBuilder(1, 1).add_portable_field("p", INNER).build()
    with pytest.raises(
        HazelcastSerializationError, match=r"no definition of factory id 1, class id 2, .*field 'p'"
    ):
        service_of(class_definitions=[outer])
    service = service_of(class_definitions=[outer], check_class_definition_errors=False)
    assert service.to_data(Record([("p", "portable", Inner(1, 2.0))]))
    service_of(class_definitions=[outer, INNER])


def test_a_class_that_holds_itself() -> None:
    itself = ClassDefinition(2, 1, 0)
    tree = ClassDefinitionBuilder(2, 1).add_string_field("name").add_portable_field("left", itself)
    definition = tree.add_portable_field("right", itself).build()
    service = SerializationService(
        SerializationConfig(portable_factories={2: {1: Node}}, class_definitions=[definition])
    )
    value = Node("a", Node("b"), Node("c", None, Node("d")))
    assert repr(service.to_object(service.to_data(value))) == repr(value)


def test_order_of_fields_is_that_of_what_was_received() -> None:
    theirs, ours = record(("a", "int"), ("b", "string")), record(("a", "int"), ("b", "string"))
    data = service_of().to_data(theirs([("b", "string", "x"), ("a", "int", 1)]))
    service = service_of(ours)
    service.to_object(data)
    written = service.to_data(ours([("a", "int", 1), ("b", "string", "x")]))
    first, second = (int.from_bytes(written[at : at + 4], "big") for at in (28, 32))
    assert first > second, "the first position is that of b, as in what was received"
    assert service.to_object(written).values == {"a": 1, "b": "x"}


@pytest.mark.parametrize("items", [None, []])
def test_what_was_received_with_nulls_is_written_again(items: list[Inner] | None) -> None:
    outer = ClassDefinitionBuilder(1, 1).add_portable_field("p", INNER).add_portable_array_field("ps", INNER)
    cls = record(("p", "portable"), ("ps", "portable_array"))
    fields = [("p", "portable", None), ("ps", "portable_array", items)]
    data = service_of(class_definitions=[outer.build(), INNER]).to_data(cls(fields))
    service = service_of(cls)
    values = service.to_object(data).values
    assert values == {"p": None, "ps": items}
    assert (
        service.to_data(cls([("p", "portable", values["p"]), ("ps", "portable_array", values["ps"])])) == data
    )
    with pytest.raises(
        HazelcastSerializationError, match="null, which does not tell its class, in the field 'q'"
    ):
        service_of(cls).to_data(cls([("q", "portable", None)]))


def test_other_fields_than_received_are_written_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    cls = record(("a", "int"))
    service = service_of(cls)
    service.to_object(service_of().to_data(cls([("a", "int", 1), ("b", "int", 2)])))
    assert service.to_object(service.to_data(cls([("a", "int", 5)]))).values == {"a": 5}
    assert "factory id 1, class id 1, version 0 is written here with other fields" in caplog.text


def test_many_threads_define_a_class_once() -> None:
    cls = record(("a", "int"), ("p", "portable"))
    service = service_of(cls)
    barrier, results = threading.Barrier(8), []

    def write(number: int) -> None:
        fields = [("a", "int", 1), ("p", "portable", Inner(1, 1.0))]
        barrier.wait()
        results.append(service.to_data(cls(fields if number % 2 else fields[::-1])))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    orders = {int.from_bytes(data[28:32], "big") < int.from_bytes(data[32:36], "big") for data in results}
    assert len(results) == 8
    assert len(orders) == 2, "both orders of writing, and one of positions"
    reads = service_of(cls, record(ids=(1, 2)))
    assert {reads.to_object(data).values["a"] for data in results} == {1}
