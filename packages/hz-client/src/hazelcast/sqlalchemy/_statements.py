"""Statements that SQL of clusters has besides the standard ones, and how all of them are written."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from sqlalchemy import Column, Integer, Table, cast
from sqlalchemy.exc import CompileError
from sqlalchemy.sql import compiler, operators
from sqlalchemy.sql.dml import Insert
from sqlalchemy.sql.elements import BinaryExpression, BindParameter
from sqlalchemy.types import JSON, NullType, TypeEngine

_KEY: Final = "__key"
_VALUE: Final = "this"
_JSON_STEPS: Final = frozenset({operators.json_getitem_op, operators.json_path_getitem_op})
_STEPS: Final = frozenset(".[]")
"""Characters that no field of a record can have in its name."""
_FORMATS: Final = {
    "TINYINT": "tinyint",
    "SMALLINT": "smallint",
    "INTEGER": "int",
    "BIGINT": "bigint",
    "DECIMAL": "decimal",
    "REAL": "real",
    "DOUBLE": "double",
    "VARCHAR": "varchar",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIME": "time",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamp with time zone",
}


class Sink(Insert):
    """INSERT that replaces what the key has already: SINK INTO."""

    inherit_cache: bool | None = True
    """Compiled statements are kept."""


def sink(table: Table) -> Sink:
    """Return a statement that writes rows into a mapping, whether their keys are there or not.

    Args:
        table: The mapping. Everything else is as for :func:`sqlalchemy.insert`.
    """
    return Sink(table)


def key_columns(table: Table) -> list[Column[Any]]:
    """Return the columns that are the key of a table's mapping: ``__key``, the primary key, or the first column."""
    if _KEY in table.c:
        return [table.c[_KEY]]
    return list(table.primary_key.columns) or list(table.c)[:1]


def _has_type(bindparam: BindParameter[Any]) -> bool:
    """Return whether a parameter has a type that members know."""
    return not isinstance(bindparam.type, NullType | JSON.JSONElementType)


class HazelcastCompiler(compiler.SQLCompiler):
    """Writes queries and changes."""

    # Parameters are sent by position, so members never see their names. SQLAlchemy replaces what its own patterns
    # cannot take in them, by default with characters that other names have; older versions, as 2.0.36, then gave two
    # parameters one value. No name has these characters.
    bindname_escape_characters: ClassVar[Mapping[str, str]] = {
        character: chr(0xE000 + number) for number, character in enumerate("%():.[] ")
    }

    def visit_insert(self, insert_stmt: Insert, *args: Any, **kw: Any) -> str:
        """Write INSERT INTO or SINK INTO."""
        text: str = super().visit_insert(insert_stmt, *args, **kw)  # type: ignore[no-untyped-call]  # SQLAlchemy has no annotations there
        return text.replace("INSERT INTO", "SINK INTO", 1) if isinstance(insert_stmt, Sink) else text

    def visit_bindparam(  # type: ignore[override]  # the others are passed on by name
        self, bindparam: Any, within_columns_clause: bool = False, **kw: Any
    ) -> str:
        """Write a parameter, with its type where a member cannot find that out: in the list of columns."""
        kw["within_columns_clause"] = within_columns_clause
        text: str = super().visit_bindparam(bindparam, **kw)  # type: ignore[no-untyped-call]  # SQLAlchemy has no annotations there
        later = bindparam.expanding or bindparam.literal_execute or kw.get("literal_binds")
        if not within_columns_clause or later or not _has_type(bindparam):
            return text
        return f"CAST({text} AS {self._type(bindparam.type)})"

    def visit_binary(self, binary: Any, *args: Any, **kw: Any) -> str:
        """Write an operation. Members cannot find out the type of parameters if both operands are such."""
        left = binary.left
        if isinstance(left, BindParameter) and isinstance(binary.right, BindParameter) and _has_type(left):
            binary = binary._clone()
            binary.left = cast(left, left.type)
        return super().visit_binary(binary, *args, **kw)  # type: ignore[no-any-return, no-untyped-call]  # SQLAlchemy has no annotations there

    def visit_json_getitem_op_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        """Write the access to a part of JSON."""
        # One path: on the way, members could not tell an array with one element from that element.
        source, paths = binary.left, [binary.right]
        while isinstance(source, BinaryExpression) and source.operator in _JSON_STEPS:
            paths.insert(0, source.right)
            source = source.left
        first, *others = (self.process(path, **kw) for path in paths)
        path = " || ".join([first, *(f"SUBSTRING({other}, 2)" for other in others)])
        written = f"{self.process(source, **kw)}, {path}"
        if isinstance(binary.type, JSON):
            return f"JSON_QUERY({written} WITH CONDITIONAL WRAPPER)"
        type_ = self._type(binary.type)
        if type_ == "DECIMAL":  # else with all digits of the nearest floating-point number
            return f"CAST(JSON_VALUE({written}) AS DECIMAL)"
        return f"JSON_VALUE({written} RETURNING {type_})"

    visit_json_path_getitem_op_binary = visit_json_getitem_op_binary

    def visit_values(self, element: Any, *args: Any, **kw: Any) -> str:
        """Write rows of values, with the types of parameters."""
        kw["within_columns_clause"] = True
        return str(super().visit_values(element, *args, **kw))  # type: ignore[no-untyped-call]  # SQLAlchemy has no annotations there

    def visit_empty_set_op_expr(self, type_: Any, expand_op: Any, **kw: Any) -> str:
        """Write what no value is in. Members take no NULL without a type there."""
        text: str = super().visit_empty_set_op_expr(type_, expand_op, **kw)  # type: ignore[no-untyped-call]  # SQLAlchemy has no annotations there
        return text.replace(
            "NULL", f"CAST(NULL AS {self._type(type_[0] if isinstance(type_, list) else type_)})"
        )

    def visit_empty_set_expr(self, element_types: Any, **kw: Any) -> str:
        """Write a query without rows."""
        columns = ", ".join(f"CAST(NULL AS {self._type(type_)})" for type_ in element_types or [NullType()])
        return f"SELECT {columns} FROM (VALUES (1)) AS nothing(x) WHERE 1 <> 1"

    def _type(self, type_: TypeEngine[Any]) -> str:
        known = Integer() if isinstance(type_, NullType) else type_
        return self.dialect.type_compiler_instance.process(known)

    def default_from(self) -> str:
        """Write one row to select from, which WHERE needs."""
        return " FROM (VALUES (0)) AS nothing(x)"

    def limit_clause(self, select: Any, **kw: Any) -> str:
        """Write LIMIT and OFFSET."""
        text = ""
        if select._limit_clause is not None:
            text += f"\n LIMIT {self.process(select._limit_clause, **kw)}"
        if select._offset_clause is not None:
            text += f"\n OFFSET {self.process(select._offset_clause, **kw)}"
        return text

    def for_update_clause(self, select: Any, **kw: Any) -> str:
        """Write nothing: there are no transactions."""
        return ""

    def visit_cte(self, *args: Any, **kw: Any) -> str:
        """Refuse WITH.

        Raises:
            CompileError: Always.
        """
        raise CompileError("SQL of clusters has no WITH; use a subquery")


def _external_names(table: Table, keys: list[Column[Any]]) -> dict[str, str]:
    """Return the names of fields in the map, of columns for which it is not that of the column.

    Members take dots for steps from one record into another, and brackets for indexes of arrays.
    """
    names: dict[str, str] = {}
    taken = {column.name for column in table.c}
    for column in table.c:
        field = column.name
        if not _STEPS.isdisjoint(field):
            field = "".join("_" if character in _STEPS else character for character in field)
            while field in taken:
                field += "_"
            taken.add(field)
        if column in keys and column.name != _KEY:
            names[column.name] = f"{_KEY}.{field}"
        elif field != column.name:
            names[column.name] = f"{_VALUE}.{field}"
    return names


class HazelcastDDLCompiler(compiler.DDLCompiler):
    """Writes mappings instead of tables.

    Options of a table: ``hazelcast_type`` ("IMap"), ``hazelcast_options`` (a dictionary, which is added to what is made
    of the columns), ``hazelcast_external_name`` (the map, if its name is another one).
    """

    def visit_create_table(self, create: Any, **kw: Any) -> str:
        """Write CREATE MAPPING."""
        table: Table = create.element
        if not list(table.c):
            raise CompileError("the table has no columns, and a mapping needs at least one")
        given = table.dialect_options["hazelcast"]
        keys = key_columns(table)
        name = self.preparer.format_table(table)
        text = "\nCREATE MAPPING "
        if create.if_not_exists:
            text += "IF NOT EXISTS "
        text += name
        if given["external_name"]:
            text += f" EXTERNAL NAME {self.preparer.quote(given['external_name'])}"
        external = _external_names(table, keys)
        ordered = [*keys, *(column for column in table.c if column not in keys)]
        columns = ",\n\t".join(self._mapped(column, external.get(column.name)) for column in ordered)
        options = {**self._formats(table, keys), **(given["options"] or {})}
        written = ", ".join(f"{_text(option)} = {_text(value)}" for option, value in options.items())
        return f"{text} (\n\t{columns}\n)\nTYPE {given['type']}\nOPTIONS ({written})\n\n"

    def visit_drop_table(self, drop: Any, **kw: Any) -> str:
        """Write DROP MAPPING. The entries stay in the map."""
        return f"\nDROP MAPPING {'IF EXISTS ' if drop.if_exists else ''}{self.preparer.format_table(drop.element)}"

    def visit_create_index(self, create: Any, *args: Any, **kw: Any) -> str:
        """Write CREATE INDEX.

        Raises:
            CompileError: It is a unique one.
        """
        index = create.element
        if index.unique:
            raise CompileError(f"the index {index.name!r} cannot be unique: only keys are")
        columns = ", ".join(self.preparer.format_column(column) for column in index.columns)
        exists = "IF NOT EXISTS " if create.if_not_exists else ""
        return (
            f"CREATE INDEX {exists}{self.preparer.quote(index.name)} ON {self.preparer.format_table(index.table)}"
            f" ({columns}) TYPE SORTED"
        )

    def visit_drop_index(self, drop: Any, **kw: Any) -> str:
        """Refuse.

        Raises:
            CompileError: Always.
        """
        raise CompileError("indexes of maps cannot be dropped")

    def visit_create_table_as(self, element: Any, **kw: Any) -> str:
        """Refuse.

        Raises:
            CompileError: Always.
        """
        raise CompileError(
            "there is no CREATE TABLE AS: create the mapping, and INSERT INTO it from the SELECT"
        )

    def _type(self, column: Column[Any]) -> str:
        written = self.dialect.type_compiler_instance.process(column.type, type_expression=column)
        # Only whole values are JSON for members.
        return "VARCHAR" if written == "JSON" and column.name != _VALUE else written

    def _mapped(self, column: Column[Any], external: str | None) -> str:
        text = f"{self.preparer.format_column(column)} {self._type(column)}"
        return text if external is None else f"{text} EXTERNAL NAME {self.preparer.quote(external)}"

    def _formats(self, table: Table, keys: list[Column[Any]]) -> dict[str, str]:
        values = [column for column in table.c if column not in keys]
        options: dict[str, str] = {}
        if keys[0].name == _KEY:
            options["keyFormat"] = _FORMATS.get(self._type(keys[0]), "java")
        else:
            options |= {"keyFormat": "compact", "keyCompactTypeName": f"{table.name}:key"}
        if [column.name for column in values] == [_VALUE]:
            options["valueFormat"] = _FORMATS.get(self._type(values[0]), "json")
        elif values:
            options |= {"valueFormat": "compact", "valueCompactTypeName": table.name}
        else:
            options["valueFormat"] = "json-flat"
        return options


def _text(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"


class HazelcastTypeCompiler(compiler.GenericTypeCompiler):
    """Writes types of columns, which have no length and no precision."""

    def _varchar(self, type_: Any, **kw: Any) -> str:
        return "VARCHAR"

    visit_VARCHAR = visit_CHAR = visit_NVARCHAR = visit_NCHAR = visit_TEXT = visit_CLOB = _varchar
    visit_string = visit_unicode = visit_text = visit_unicode_text = visit_enum = visit_uuid = visit_UUID = (
        _varchar
    )

    def visit_integer(self, type_: Any, **kw: Any) -> str:
        """Write an integer."""
        return "INTEGER"

    def visit_NUMERIC(self, type_: Any, **kw: Any) -> str:
        """Write a decimal number."""
        return "DECIMAL"

    visit_DECIMAL = visit_NUMERIC

    def visit_FLOAT(self, type_: Any, **kw: Any) -> str:
        """Write a floating-point number of 64 bits."""
        return "DOUBLE"

    visit_DOUBLE = visit_DOUBLE_PRECISION = visit_FLOAT

    def visit_TIMESTAMP(self, type_: Any, **kw: Any) -> str:
        """Write a date with a time."""
        return "TIMESTAMP WITH TIME ZONE" if type_.timezone else "TIMESTAMP"

    visit_DATETIME = visit_datetime = visit_TIMESTAMP

    def visit_TIME(self, type_: Any, **kw: Any) -> str:
        """Write a time."""
        return "TIME"

    def visit_JSON(self, type_: Any, **kw: Any) -> str:
        """Write JSON."""
        return "JSON"

    def visit_large_binary(self, type_: Any, **kw: Any) -> str:
        """Refuse bytes.

        Raises:
            CompileError: Always.
        """
        raise CompileError("SQL of clusters has no type for bytes")

    visit_BLOB = visit_BINARY = visit_VARBINARY = visit_large_binary


class HazelcastPreparer(compiler.IdentifierPreparer):
    """Quotes all names, since many words are reserved."""

    def _requires_quotes(self, value: str) -> bool:
        return True
