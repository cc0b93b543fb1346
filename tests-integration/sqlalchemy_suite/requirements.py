"""What SQL of clusters cannot do, of what SQLAlchemy's suite takes for granted."""

from typing import Any, Final

from sqlalchemy.testing import exclusions
from sqlalchemy.testing.requirements import SuiteRequirements

MISSING: Final = (
    # There are keys, and no other constraints.
    "foreign_keys", "foreign_key_ddl", "self_referential_foreign_keys", "foreign_key_constraint_reflection",
    "named_constraints", "implicitly_named_constraints", "unique_constraint_reflection", "check_constraint_reflection",
    "inline_check_constraint_reflection", "primary_key_constraint_reflection", "reflects_pk_names",
    # Members do not tell the indexes of maps.
    "index_reflection", "unique_index_reflect_as_unique_constraints", "indexes_with_ascdesc",
    # No temporary, computed or commented tables, and one schema.
    "create_table_as", "create_temp_table_as", "temporary_tables", "temp_table_reflection", "temp_table_names",
    "temp_table_reflect_indexes", "comment_reflection", "computed_columns", "schemas", "implicit_default_schema",
    "table_ddl_if_exists", "table_value_constructor", "view_column_reflection",
    # Programs choose keys, and members do not count changed rows.
    "autoincrement_insert", "identity_columns", "empty_inserts", "empty_inserts_executemany", "server_defaults",
    "expression_server_defaults", "sane_rowcount", "sane_multi_rowcount", "emulated_lastrowid", "dbapi_lastrowid",
    "implements_get_lastrowid", "supports_lastrowid",
    # No such statements.
    "ctes", "window_functions", "intersect", "except_", "tuple_in", "update_from", "delete_from",
    "standalone_null_binds_whereclause", "supports_is_distinct_from", "sql_expression_limit_offset",
    "parens_in_union_contained_select_w_limit_offset", "parens_in_union_contained_select_wo_limit_offset",
    # No transactions, and one connection.
    "savepoints", "two_phase_transactions", "isolation_level", "independent_connections", "queue_pool",
    # No such types.
    "binary_comparisons", "binary_literals", "uuid_data_type", "json_type", "array_type", "nullable_booleans",
    "datetime_historic", "date_historic",
)  # fmt: skip
"""Names of requirements."""


def _closed(_: Any) -> Any:
    return exclusions.closed()  # type: ignore[no-untyped-call]  # SQLAlchemy has no annotations there


class Requirements(SuiteRequirements):
    """What members can do: all else."""


for _name in MISSING:
    assert hasattr(SuiteRequirements, _name), _name
    setattr(Requirements, _name, property(_closed))
