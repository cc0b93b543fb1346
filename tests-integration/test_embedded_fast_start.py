"""Members start from an archive of their classes, whatever else is on their class path."""

from __future__ import annotations

from pathlib import Path

import pytest

from hz_embedded import Cluster, _class_archive
from hz_embedded.jars import CACHE_VARIABLE, JARS_VARIABLE, cache_dir
from hz_embedded.jvm import Jvm


def mapped(jvm: Jvm) -> set[str]:
    """Return the files in the address space of a JVM."""
    lines = Path(f"/proc/{jvm.pid}/maps").read_text().splitlines()
    return {line.split(maxsplit=5)[-1] for line in lines}


def test_the_archive_is_made_and_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(JARS_VARIABLE, str(cache_dir()))
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    monkeypatch.delenv(_class_archive.VARIABLE, raising=False)
    monkeypatch.setattr(_class_archive, "_STARTS_WITHOUT", 0)
    more = tmp_path / "more"
    more.mkdir()
    (more / "a.properties").touch()
    with Cluster(classpath=[more], log_level="INFO", log_dir=tmp_path / "logs") as cluster:
        (archive,) = (tmp_path / "classes").glob("*.jsa")
        assert str(archive) in mapped(cluster.members[0].jvm)
        cluster.members[0].instance.getMap("m").put("k", "v")
    (log,) = (tmp_path / "logs").glob("*.log")
    assert "[cds]" not in log.read_text()
