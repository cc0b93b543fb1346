"""What SQL of clusters can and cannot do, of what SQLAlchemy's suite asks for."""

from typing import Any, Final

import sqlalchemy
from sqlalchemy.testing import exclusions
from sqlalchemy.testing.requirements import SuiteRequirements

POSSIBLE: Final = (
    "boolean_col_expressions", "create_or_replace_view", "date_historic", "datetime_historic", "datetime_literals",
    "datetime_timezone", "fetch_first", "fetch_no_order_by", "float_or_double_precision_behaves_generically",
    "infinity_floats", "json_type", "mod_operator_as_percent_sign", "order_by_label_with_expression",
    "percent_schema_names", "precision_numerics_enotation_small", "precision_numerics_many_significant_digits",
    "reflect_table_options", "table_ddl_if_exists", "table_value_constructor",
    "timestamp_microseconds", "unicode_ddl", "views",
)  # fmt: skip
"""Requirements that are off unless a dialect says that it meets them."""

IMPOSSIBLE: Final[dict[str, tuple[str, ...]]] = {
    "There are keys, and no other constraints.": (
        "check_constraint_reflection", "foreign_key_constraint_reflection", "foreign_keys",
        "implicitly_named_constraints", "inline_check_constraint_reflection", "named_constraints", "reflects_pk_names",
        "self_referential_foreign_keys", "unique_constraint_reflection",
    ),
    "Members do not tell the indexes of maps, which are sorted upwards.": (
        "index_reflection", "indexes_with_ascdesc", "unique_index_reflect_as_unique_constraints",
    ),
    "There are no temporary, computed or commented tables, and one schema for all.": (
        "comment_reflection", "computed_columns", "create_table_as", "create_temp_table_as", "implicit_default_schema",
        "schemas", "temp_table_names", "temp_table_reflect_indexes", "temp_table_reflection", "temporary_tables",
    ),
    "Programs choose keys and values, and members do not count changed rows.": (
        "autoincrement_insert", "dbapi_lastrowid", "empty_inserts", "empty_inserts_executemany", "emulated_lastrowid",
        "expression_server_defaults", "identity_columns", "implements_get_lastrowid", "sane_multi_rowcount",
        "sane_rowcount", "server_defaults", "supports_lastrowid",
    ),
    "Members do not know these statements.": (
        "ctes", "delete_from", "except_", "intersect", "parens_in_union_contained_select_w_limit_offset",
        "sql_expression_limit_offset", "supports_is_distinct_from", "tuple_in", "update_from", "window_functions",
    ),
    "There are no transactions, and all users of an engine share a connection.": (
        "independent_connections", "isolation_level", "queue_pool", "savepoints", "two_phase_transactions",
    ),
    "Results of the asyncio dialect are streamed, but the tests know only some drivers' cursors.": (
        "server_side_cursors",
    ),
    "There are no such types, and a date is no date with a time.": (
        "array_type", "binary_comparisons", "binary_literals", "date_coerces_from_datetime", "uuid_data_type",
    ),
}  # fmt: skip
"""Requirements that members do not meet, by the reason."""

UNMET: Final[dict[str, tuple[str, ...]]] = {
    "All names are quoted, and the tests compare the texts of statements.": (
        "DistinctOnTest.test_distinct_on",
        "PostCompileParamsTest.test_compile", "PostCompileParamsTest.test_execute",
    ),
    "Members do not keep lengths, precisions and NOT NULL.": (
        "ComponentReflectionTest.test_get_multi_columns[False-ObjectKind.ANY-",
        "ComponentReflectionTest.test_get_multi_columns[False-ObjectKind.TABLE",
        "ComponentReflectionTest.test_get_multi_columns[True-ObjectKind.ANY-",
        "ComponentReflectionTest.test_get_multi_columns[True-ObjectKind.TABLE",
        "ComponentReflectionTestExtra.test_nullable_reflection", "ComponentReflectionTestExtra.test_numeric_reflection",
        "ComponentReflectionTestExtra.test_string_length_reflection",
    ),
    "Without a primary key, the first column is the key.": (
        "ComponentReflectionTest.test_get_multi_pk_constraint[False-ObjectKind.ANY-",
        "ComponentReflectionTest.test_get_multi_pk_constraint[False-ObjectKind.TABLE",
        "ComponentReflectionTest.test_get_pk_constraint",
    ),
    "Members do not tell the indexes of maps.": ("LongNameBlowoutTest.test_long_convention_name[ix",),
    "Programs choose keys.": (
        "IdentityAutoincrementTest.", "InsertBehaviorTest.test_insert_from_select_autoinc",
        "InsertBehaviorTest.test_no_results_for_non_returning_insert[executemany", "JSONTest.test_eval_none_flag_orm",
    ),
    "INSERT INTO a map FROM SELECT on the same map also reads what it has inserted.": (
        "InsertBehaviorTest.test_insert_from_select",
    ),
    "There are no scalar subqueries, no LIMIT within a query, and no CREATE TABLE AS.": (
        "CompoundSelectTest.test_limit_offset_aliased_selectable_in_unions",
        "FetchLimitOffsetTest.test_limit_render_multiple_times", "RowFetchTest.test_row_w_scalar_select",
        "TableViaSelectTest.test_without_metadata[plain",
    ),
    "Members do not insert literal dates with times of the first century; parameters have them.": (
        "DateTimeHistoricTest.test_literal_years",
    ),
    "Shortly after a view was replaced, members still execute statements with the old one.": (
        "TableViaSelectTest.test_create_or_replace_view",
    ),
    "Numbers and texts in JSON are no booleans.": (
        "JSONTest.test_index_cross_casts[getitem-string-false-allowed_targets9-boolean",
        "JSONTest.test_index_cross_casts[getitem-string-true-allowed_targets8-boolean",
        "JSONTest.test_index_cross_casts[path-string-false-allowed_targets9-boolean",
        "JSONTest.test_index_cross_casts[path-string-true-allowed_targets8-boolean",
        "JSONTest.test_index_cross_casts[getitem-integer-0-allowed_targets12-boolean",
        "JSONTest.test_index_cross_casts[getitem-integer-1-allowed_targets11-boolean",
        "JSONTest.test_index_cross_casts[path-integer-0-allowed_targets12-boolean",
        "JSONTest.test_index_cross_casts[path-integer-1-allowed_targets11-boolean",
    ),
}  # fmt: skip
"""Tests that ask for more than the requirements say, by the reason: the beginnings of ``Class.test[parameters]``."""

UNMET_OF_2_0: Final[dict[str, tuple[str, ...]]] = {
    "Members do not keep lengths.": ("ComponentReflectionTestExtra.test_varchar_reflection",),
    "Members do not tell the indexes of maps, and have no foreign keys.": (
        "BizarroCharacterFKResolutionTest.test_fk_ref", "HasIndexTest.",
        "QuotedNameArgumentTest.test_get_foreign_keys", "QuotedNameArgumentTest.test_get_indexes",
    ),
    "There is no type for bytes.": ("BinaryTest.",),
    "There is no LIMIT within a query.": (
        "DeprecatedCompoundSelectTest.test_limit_offset_aliased_selectable_in_unions",
    ),
    "Numbers in JSON are floating-point ones, and nothing is equal to null.": (
        "JSONTest.test_index_typed_access[_decimal1", "JSONTest.test_index_typed_comparison[_decimal1",
        "JSONTest.test_index_typed_comparison[boolean2", "JSONTest.test_index_typed_comparison[float1",
        "JSONTest.test_index_typed_comparison[integer3", "JSONTest.test_index_typed_comparison[string1",
        "JSONTest.test_path_typed_comparison[_decimal1", "JSONTest.test_path_typed_comparison[boolean2",
        "JSONTest.test_path_typed_comparison[float1", "JSONTest.test_path_typed_comparison[integer3",
        "JSONTest.test_path_typed_comparison[string1",
    ),
}  # fmt: skip
"""Such tests of SQLAlchemy 2.0, some of which 2.1 has, too."""


def _open(_: Any) -> Any:
    return exclusions.open()  # type: ignore[no-untyped-call]  # SQLAlchemy has no annotations there


def _closed(_: Any) -> Any:
    return exclusions.closed()  # type: ignore[no-untyped-call]  # SQLAlchemy has no annotations there


class Requirements(SuiteRequirements):
    """What members can do."""


def _settle() -> None:
    for names, settled in ((POSSIBLE, _open), *((names, _closed) for names in IMPOSSIBLE.values())):
        for name in names:
            # SQLAlchemy 2.0 does not have them all.
            assert hasattr(SuiteRequirements, name) or sqlalchemy.__version__.startswith("2.0."), name
            setattr(Requirements, name, property(settled))


_settle()
