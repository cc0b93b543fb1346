"""The parts of SQLAlchemy's own suite for dialects that tell most; `hatch run sqlalchemy-suite` runs the whole."""

import re

import pytest

from hz_embedded import Cluster
from sqlalchemy_run import run_suite


@pytest.mark.timeout(300)
def test_the_suite_for_dialects(sql_cluster: Cluster) -> None:
    code, output = run_suite(sql_cluster.addresses[0], "suite.py")
    passed = re.search(r"(\d+) passed", output)
    assert code == 0, output[-5000:]
    assert passed is not None
    assert int(passed[1]) >= 150
