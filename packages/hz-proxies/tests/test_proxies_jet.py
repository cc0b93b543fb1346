"""Names, identifiers and options of jobs."""

from datetime import UTC, datetime
from typing import Any

import pytest

from hz_core.statistics.metrics_blob import Metric, compress
from hz_proxies.jet.metrics import JobMetric, metrics_of
from hz_proxies.jet.names import checked_name, id_text, identifier, options_clause
from hz_proxies.jet.status import JobStatus
from hz_serialization.member_objects import JobMetricsBlob


def test_identifiers_look_as_on_members() -> None:
    assert id_text(0x105C_E929_F380_0002) == "105c-e929-f380-0002"
    assert id_text(-1) == "ffff-ffff-ffff-ffff"


def test_quotation_marks_are_doubled() -> None:
    assert identifier('a"b') == '"a""b"'
    assert options_clause({"a'b": "c'd", "n": 1}) == " OPTIONS ('a''b' = 'c''d', 'n' = '1')"
    assert options_clause({}) == ""


@pytest.mark.parametrize("options", [{1: "a"}, {"a": True}, {"a": None}, {"a": 1.5}])
def test_options_are_strings(options: dict[Any, Any]) -> None:
    with pytest.raises(TypeError, match="options must be strings"):
        options_clause(options)


@pytest.mark.parametrize("name", [None, "", 1])
def test_names_are_strings(name: Any) -> None:
    with pytest.raises(TypeError, match="the name of a job must be a non-empty string"):
        checked_name(name, "a job")


def test_the_end_of_jobs() -> None:
    assert [status for status in JobStatus if status.is_terminal] == [JobStatus.FAILED, JobStatus.COMPLETED]


def test_metrics_of_several_members() -> None:
    found = metrics_of([JobMetricsBlob(None, 1), JobMetricsBlob(compress([Metric("", "size", 3)]), 1500)])
    assert found == [JobMetric("size", 3, None, {}, datetime(1970, 1, 1, 0, 0, 1, 500_000, UTC))]
