"""The documented API types have every documented method, with its parameters by name."""

from __future__ import annotations

import inspect

import pytest

from hz_serialization import api

DOCUMENTED = {
    "ObjectDataOutput": """
    write_from(buff,offset,length) write_boolean(val) write_byte(val) write_short(val)
    write_char(val) write_int(val) write_long(val) write_float(val) write_double(val)
    write_bytes(val) write_chars(val) write_utf(val) write_byte_array(val) write_boolean_array(val)
    write_char_array(val) write_int_array(val) write_long_array(val) write_double_array(val)
    write_float_array(val) write_short_array(val) write_utf_array(val) write_object(val)
    to_byte_array() get_byte_order()
    """,
    "ObjectDataInput": """
    read_into(buff,offset,length) skip_bytes(count) read_boolean() read_byte() read_unsigned_byte()
    read_short() read_unsigned_short() read_char() read_int() read_long() read_float() read_double()
    read_utf() read_byte_array() read_boolean_array() read_char_array() read_int_array()
    read_long_array() read_double_array() read_float_array() read_short_array() read_utf_array()
    read_object() get_byte_order() position() size()
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
def test_documented_signature(owner: str, method: str, parameters: str) -> None:
    function = getattr(getattr(api, owner), method)
    assert ",".join(inspect.signature(function).parameters) == ",".join(filter(None, ("self", parameters)))
    assert inspect.getdoc(function)


def test_defaults_of_block_transfer() -> None:
    for function in (api.ObjectDataOutput.write_from, api.ObjectDataInput.read_into):
        parameters = inspect.signature(function).parameters
        assert (parameters["offset"].default, parameters["length"].default) == (None, None)


def test_all_names_are_there() -> None:
    assert set(DOCUMENTED) <= set(api.__all__)
