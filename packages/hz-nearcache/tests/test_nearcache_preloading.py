"""Keys that are kept in a file between runs."""

from pathlib import Path
from typing import Any

import pytest

from hz_core.statistics.report import Report
from hz_nearcache import NearCaches
from hz_nearcache.near_cache import PERSISTED_EVERY
from hz_nearcache.preloading import file_of, read_keys, write_keys
from hz_proxies import MAP
from nearcache_harness import NearClient, Setting
from test_near_cache import Requests


def again(setting: Setting, requests: Requests) -> Any:
    """Return a new client of the same cluster, with the same options."""
    client = NearClient(setting.simulation.driver, setting.simulation.client.config, observer=requests)
    client.start()
    return client


def test_the_next_client_reads_the_keys_that_the_last_one_has_used(tmp_path: Path) -> None:
    with Setting(preload_file=str(tmp_path / "{name}.keys")) as setting:
        setting.other.put_all({n: n for n in range(300)})
        setting.own.get_all(range(250))
        setting.simulation.client.shutdown()
        requests = Requests()
        client = again(setting, requests)
        m = client.get_object(MAP, "m").blocking()
        setting.pass_time(1)
        assert requests.count("Map.get") == 250
        assert [m.get(n) for n in range(250)] == list(range(250))
        assert requests.count("Map.get") == 250
        client.shutdown()
        assert [path.name for path in tmp_path.iterdir()] == ["m.keys"]


def test_the_keys_of_the_last_run_stay_until_their_values_are_read(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    with Setting(preload_file=str(path)) as setting:
        setting.other.put_all({n: n for n in range(20)})
        setting.own.get_all(range(10))
        setting.simulation.client.shutdown()
        content = path.read_bytes()
        setting.late("Map.get")
        client = again(setting, Requests())
        m = client.get_object(MAP, "m").blocking()
        assert m.get_all([15]) == m.get_all([15]) == {15: 15}
        client.shutdown()
    assert path.read_bytes() == content


def test_keys_are_written_from_time_to_time(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    with Setting(preload_file=str(path)) as setting:
        setting.own.put("k", "v")
        setting.pass_time(PERSISTED_EVERY - 5)
        setting.own.get("k")
        assert not path.exists()
        setting.pass_time(10)
        assert read_keys(path, "m") == setting.cache.store.keys()
        statistics = setting.cache.statistics
        assert (statistics.persistences, statistics.last_persistence_failure) == (1, "")
        report = Report(timestamp=10**9)
        setting.simulation.engine.service(NearCaches).report(report)
        sent = dict(pair.split("=") for pair in report.attributes.split(","))
        assert statistics.last_persistence is not None
        ago = setting.simulation.driver.now() - statistics.last_persistence
        assert 0 < ago < 10
        assert int(sent["nc.m.lastPersistenceTime"]) == pytest.approx(10**9 - ago * 1000, abs=1)
        assert sent["nc.m.lastPersistenceKeyCount"] == "1"
        assert sent["nc.m.lastPersistenceWrittenBytes"] == str(path.stat().st_size)
        assert {m.name: m.value for m in report.metrics}["persistenceCount"] == 1
        assert "nc.m.lastPersistenceFailure" not in sent
        path.unlink()
        path.mkdir()
        (path / "occupied").touch()
        setting.pass_time(PERSISTED_EVERY)
        report = Report(timestamp=10**9)
        setting.simulation.engine.service(NearCaches).report(report)
        assert ",nc.m.lastPersistenceFailure=" in report.attributes
        assert statistics.last_persistence_failure.split(":")[0] in ("IsADirectoryError", "OSError")
        assert (statistics.persistences, statistics.last_persistence_keys) == (1, 0)


@pytest.mark.parametrize("content", [b"", b"something else", None])
def test_a_file_that_cannot_be_used_is_no_error(
    tmp_path: Path, content: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "keys"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    with Setting(preload_file=str(path)) as setting:
        setting.pass_time(1)
        setting.own.put("k", "v")
        assert setting.own.get("k") == "v"
        assert f"begins without the keys of {path}" in caplog.text
        setting.simulation.client.shutdown()
    assert (f"were not written to {path}" in caplog.text) == (content is None)


def test_what_the_file_holds(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    assert read_keys(path, "m") == []
    keys = [b"a", b"", b"c" * 1000]
    write_keys(path, "m", keys)
    assert read_keys(path, "m") == keys
    with pytest.raises(ValueError, match="of another map"):
        read_keys(path, "other")
    content = path.read_bytes()
    for end in (len(content) - 1, len(content) - 1002):
        path.write_bytes(content[:end])
        with pytest.raises(ValueError, match="in the middle of a key"):
            read_keys(path, "m")


def test_the_name_is_part_of_the_file_name() -> None:
    assert file_of("/keys/{name}.near", "a/b c..") == Path("/keys/a%2Fb c...near")
    assert file_of("/keys/one", "m") == Path("/keys/one")
