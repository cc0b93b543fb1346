"""SQLAlchemy's own suite for dialects, in a process of its own, because it is a plugin that changes pytest."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from hz_embedded import Cluster

FOLDER = Path(__file__).with_name("sqlalchemy_suite")


@pytest.mark.timeout(300)
def test_the_suite_for_dialects(sql_cluster: Cluster) -> None:
    url = f"hazelcast://{sql_cluster.addresses[0]}"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-c", "suite.ini", "suite.py", "--dburi", url],
        cwd=FOLDER,
        env={**os.environ, "PYTHONPATH": str(FOLDER), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    passed = re.search(r"(\d+) passed", done.stdout)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert passed is not None
    assert int(passed[1]) >= 80
