"""The pytest plugin, in separate pytest sessions."""

import pytest

pytest_plugins = ["pytester"]

PLUGINS = ("-p", "hz_embedded.pytest_plugin")


@pytest.fixture(autouse=True)
def no_other_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Load no other plugins in the sessions of this module: they take longer to import than the tests to run."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)


def run(pytester: pytest.Pytester, *words: str) -> pytest.RunResult:
    """Run the created tests in a separate process."""
    return pytester.runpytest_subprocess(*PLUGINS, *words)


def test_fixtures_and_options(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import psutil
        import pytest
        pids = []
        clusters = []

        @pytest.fixture(scope="module")
        def filled(hazelcast_session_client):
            m = hazelcast_session_client.get_map("filled").blocking()
            m.put("k", "v")
            return m

        def test_session_cluster(hazelcast_cluster, hazelcast_session_cluster):
            assert hazelcast_cluster is hazelcast_session_cluster
            assert hazelcast_cluster.version == "5.4.0"
            assert len(hazelcast_cluster.addresses) == 2
            pids.append(hazelcast_cluster.jvm.pid)

        def test_session_cluster_is_the_same(hazelcast_cluster):
            assert hazelcast_cluster.jvm.pid == pids[0]

        def test_clients(filled, hazelcast_client, hazelcast_session_client):
            assert hazelcast_client is not hazelcast_session_client
            assert hazelcast_client.get_map("filled").blocking().get("k") == "v"
            clusters.append(hazelcast_client)

        def test_client_is_shut_down():
            assert not clusters.pop().lifecycle_service.is_running()

        def test_factory(hazelcast_cluster_factory):
            clusters.append(hazelcast_cluster_factory(version="5.7.0"))
            assert len(clusters[0].addresses) == 1

        def test_factory_cluster_is_gone():
            assert clusters[0].addresses == []
        """
    )
    result = run(pytester, "--hazelcast-version", "5.4.0", "--hazelcast-members", "2")
    result.assert_outcomes(passed=6)


def test_marker(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\naddopts = --strict-markers\nhazelcast_members = 2\n")
    pytester.makepyfile(
        """
        import pytest
        pytestmark = pytest.mark.hazelcast(version="5.4.0", cluster_name="of-the-module")
        seen = []

        @pytest.mark.hazelcast(cluster_name="mine", client={"client_name": "tester"})
        class TestClass:
            @pytest.mark.hazelcast(members=1, config={"map": {"m": {"backup-count": 3}}}, jvm="own")
            def test_all(self, hazelcast_cluster, hazelcast_client):
                assert hazelcast_cluster.version == "5.4.0"
                assert hazelcast_cluster.cluster_name == "mine"
                assert hazelcast_client.name == "tester"
                (member,) = hazelcast_cluster.members
                assert member.instance.getConfig().getMapConfig("m").getBackupCount() == 3
                seen.append(hazelcast_cluster)

            @pytest.mark.hazelcast(members=1, config={"map": {"m": {"backup-count": 3}}}, jvm="own")
            def test_same_again(self, hazelcast_cluster):
                assert hazelcast_cluster is seen[0]
                hazelcast_cluster.members[0].kill()

            @pytest.mark.hazelcast(members=1, config={"map": {"m": {"backup-count": 3}}}, jvm="own")
            def test_replaced(self, hazelcast_cluster):
                assert hazelcast_cluster is not seen[0]
                assert len(hazelcast_cluster.addresses) == 1

        @pytest.mark.hazelcast(scope="function")
        def test_own(hazelcast_cluster):
            assert len(hazelcast_cluster.addresses) == 2
            seen.append(hazelcast_cluster)

        def test_own_is_gone(request):
            assert seen[-1].addresses == []
        """
    )
    run(pytester).assert_outcomes(passed=5)
    run(pytester, "-m", "not hazelcast").assert_outcomes(passed=0, deselected=5)


def test_users_of_the_fixtures_are_marked(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_a(hazelcast_client): ...\ndef test_b(): ...")
    run(pytester, "-m", "not hazelcast").assert_outcomes(passed=1, deselected=1)


def test_configuration_file(pytester: pytest.Pytester) -> None:
    pytester.makefile(".xml", member='<hazelcast xmlns="http://www.hazelcast.com/schema/config">'
                      "<cluster-name>from-file</cluster-name></hazelcast>")  # fmt: skip
    pytester.makepyfile(
        """
        def test_name(hazelcast_client, hazelcast_session_cluster):
            assert hazelcast_session_cluster.cluster_name == "from-file"
        """
    )
    run(pytester, "--hazelcast-config", "member.xml").assert_outcomes(passed=1)
    result = run(pytester, "--hazelcast-config", "missing.xml")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["*ConfigurationError: the member configuration *missing.xml cannot be read*"]
    )


def test_markers_that_are_wrong(pytester: pytest.Pytester) -> None:
    wrong = {
        "member=3": "has unknown arguments: member. It takes scope, client, and those of hz_embedded.Cluster",
        "3": "takes named arguments only",
        "scope='module'": 'scope must be "session" or "function"',
        "client=5": "client must be a mapping",
        "config='<hazelcast><nonsense/></hazelcast>'": "Hazelcast refused the configuration",
    }
    pytester.makepyfile(
        "import pytest\n"
        + "".join(
            f"@pytest.mark.hazelcast({marker})\ndef test_{index}(hazelcast_client): raise AssertionError\n"
            for index, marker in enumerate(wrong)
        )
    )
    result = run(pytester)
    result.assert_outcomes(errors=len(wrong))
    for index, message in enumerate(wrong.values()):
        result.stdout.fnmatch_lines([f"*ERROR at setup of test_{index} *", f"*{message}*"])


def test_client_that_is_not_installed(pytester: pytest.Pytester) -> None:
    pytester.makeconftest("import sys\nsys.modules['hazelcast'] = None\n")
    pytester.makepyfile("def test(hazelcast_client): raise AssertionError")
    result = run(pytester)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*hazelcast_client needs a Hazelcast client*pip install hz-client*"])


def test_help_names_the_options(pytester: pytest.Pytester) -> None:
    result = run(pytester, "--help")
    result.stdout.fnmatch_lines(["*--hazelcast-version=VERSION*", "*--hazelcast-members=N*"])
    result.stdout.fnmatch_lines(["*hazelcast_version*"])
    run(pytester, "--markers").stdout.fnmatch_lines(["@pytest.mark.hazelcast(*"])
