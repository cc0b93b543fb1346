"""Run Django's own tests of cache backends and sessions against hz_frameworks, on a real member.

The tests are in Django's sdist, which pip downloads (`--sdist FILE` uses one that is there). Of them run all tests of
`cache.tests.BaseCacheTests`, which each cache backend of Django has to pass, and of `sessions_tests.SessionTestsMixin`,
for session stores. Three skip themselves, as for Redis and Memcached: they are about culling, which `MAX_ENTRIES` does
for backends that cannot evict; members evict as their map is configured. Further arguments go to Django's runner.
"""

import argparse
import os
import subprocess
import sys
import tarfile
import tempfile
from importlib.metadata import version
from pathlib import Path

from hz_embedded import Cluster

_CACHE_TESTS = """

@override_settings(
    CACHES=caches_setting_for_tests(
        {"BACKEND": "hz_frameworks.django.cache.HazelcastCache", "LOCATION": os.environ["HZ_ADDRESS"]},
        exclude={"cull", "zero_cull"},
    )
)
class HazelcastCacheTests(BaseCacheTests, TestCase):
    pass
"""

_SESSION_TESTS = """

from hz_frameworks.django.sessions import SessionStore as HazelcastSession

@override_settings(HAZELCAST_SESSIONS={"LOCATION": __import__("os").environ["HZ_ADDRESS"]})
class HazelcastSessionTests(SessionTestsMixin, SimpleTestCase):
    backend = HazelcastSession
"""

_LABELS = ("cache.tests.HazelcastCacheTests", "sessions_tests.tests.HazelcastSessionTests")


def download(folder: Path) -> Path:
    """Download the sdist of the installed Django."""
    wanted = f"django=={version('django')}"
    pip = ["uvx", "pip", "download", "--quiet", "--no-deps", "--no-binary", "django"]
    subprocess.run([*pip, "--dest", str(folder), wanted], check=True)
    (path,) = folder.glob("django-*.tar.gz")
    return path


def unpack(sdist: Path, folder: Path) -> Path:
    """Unpack the tests, add ours, and return Django's runner."""
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    (runner,) = folder.glob("*/tests/runtests.py")
    for module, ours in (("cache", _CACHE_TESTS), ("sessions_tests", _SESSION_TESTS)):
        with (runner.parent / module / "tests.py").open("a") as tests:
            tests.write(ours)
    return runner


def main() -> int:
    """Run the tests and return the exit code of Django's runner."""
    parser = argparse.ArgumentParser(description="Run Django's own tests against hz_frameworks.")
    parser.add_argument("--sdist", type=Path, help="Django's sdist; downloaded without it")
    chosen, rest = parser.parse_known_args()
    with tempfile.TemporaryDirectory(prefix="django-suite-") as name, Cluster() as cluster:
        folder = Path(name)
        runner = unpack(chosen.sdist or download(folder), folder)
        done = subprocess.run(
            [sys.executable, runner, "--parallel", "1", *_LABELS, *rest],
            cwd=runner.parent,
            env={**os.environ, "HZ_ADDRESS": cluster.addresses[0]},
            check=False,
        )
        return done.returncode


if __name__ == "__main__":
    sys.exit(main())
