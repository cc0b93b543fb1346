"""The pytest plugin, in a pytest session of its own."""

import pytest

pytest_plugins = ["pytester"]


def test_fixtures_and_options(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import psutil
        import pytest
        pids = []
        clusters = []

        def test_session_cluster(hazelcast_cluster):
            assert hazelcast_cluster.version == "5.4.0"
            assert len(hazelcast_cluster.addresses) == 2
            pids.append(hazelcast_cluster.shared_jvm.pid)

        def test_session_cluster_is_the_same(hazelcast_cluster):
            assert hazelcast_cluster.shared_jvm.pid == pids[0]

        def test_factory(hazelcast_cluster_factory):
            clusters.append(hazelcast_cluster_factory(version="5.7.0"))
            assert len(clusters[0].addresses) == 1

        def test_factory_cluster_is_gone():
            assert not psutil.pid_exists(clusters[0].shared_jvm.pid if clusters[0].addresses else 2**22 + 1)
            assert clusters[0].addresses == []
        """
    )
    result = pytester.runpytest_subprocess(
        "-p", "hz_embedded.pytest_plugin", "-p", "no:randomly", "--hazelcast-version", "5.4.0",
        "--hazelcast-members", "2",
    )  # fmt: skip
    result.assert_outcomes(passed=4)


def test_help_names_the_options(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_subprocess("-p", "hz_embedded.pytest_plugin", "--help")
    result.stdout.fnmatch_lines(["*--hazelcast-version=VERSION*", "*--hazelcast-members=N*"])
