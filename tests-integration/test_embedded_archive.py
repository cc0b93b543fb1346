"""Archives of classes, with which the JVMs of members start faster."""

import os
from pathlib import Path

import pytest

from hz_embedded import NEWEST, Cluster, create_archive, find_java
from hz_embedded._archive import archive_path
from hz_embedded.jars import cache_dir, resolve
from hz_embedded.versions import member_artifacts


def member_jar() -> Path:
    return resolve(member_artifacts(NEWEST, sql=False)[0])


def test_a_member_loads_its_classes_from_the_archive() -> None:
    path = create_archive()
    assert path == archive_path(find_java(), member_jar())
    assert path.stat().st_size > 1 << 20
    with Cluster(jvm_args=["-Xlog:class+load:stderr"]) as cluster:
        lines = cluster.members[0].log.splitlines()
    loaded = [line for line in lines if " com.hazelcast." in line and " source: " in line]
    from_archive = [line for line in loaded if line.endswith("source: shared objects file (top)")]
    assert len(from_archive) > 0.9 * len(loaded) > 1000


def test_a_damaged_archive_is_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HZ_EMBEDDED_JARS", str(cache_dir()))
    monkeypatch.setenv("HZ_EMBEDDED_CACHE", str(tmp_path))
    path = archive_path(find_java(), member_jar())
    assert path.parent == tmp_path
    path.write_bytes(b"damaged")
    with Cluster() as cluster:
        assert cluster.members[0].running


def test_an_archive_belongs_to_one_jar(tmp_path: Path) -> None:
    jar = tmp_path / "hazelcast-9.9.9.jar"
    jar.write_bytes(b"PK")
    before = archive_path(find_java(), jar)
    assert before == archive_path(find_java(), jar)
    os.utime(jar, (1, 1))
    assert archive_path(find_java(), jar) != before
