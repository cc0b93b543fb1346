"""The table of versions: what is pinned, and what is refused."""

import pytest

from hz_embedded import NEWEST, ConfigurationError, UnsupportedVersionError, known_versions
from hz_embedded.versions import artifact, has_jet, is_coordinates, member_artifacts, version_tuple

_DIGEST = "0123456789abcdef" * 4


@pytest.mark.parametrize("version", ["4.0", "4.2.8", "5.3.8", "5.4.0", "5.5.0", "5.6.0", "5.7.0"])
def test_supported_version_is_pinned(version: str) -> None:
    (jar,) = member_artifacts(version, sql=False)
    assert jar.coordinates == f"com.hazelcast:hazelcast:{version}"
    assert jar.filename == f"hazelcast-{version}.jar"
    assert version in known_versions()


def test_pins_are_distinct_sha256() -> None:
    pins = [member_artifacts(version, sql=False)[0].sha256 for version in known_versions()]
    assert all(len(pin) == 64 and set(pin) <= set("0123456789abcdef") for pin in pins)
    assert len(set(pins)) == len(pins)


def test_newest_is_the_last_known() -> None:
    assert known_versions()[-1] == NEWEST


@pytest.mark.parametrize(
    ("version", "sql_version"), [("4.2.8", "4.2"), ("5.0.5", "5.0.5"), ("5.4.0", "5.4.0"), ("5.7.0", "5.7.0")]
)
def test_sql_adds_its_jar(version: str, sql_version: str) -> None:
    names = [jar.coordinates for jar in member_artifacts(version, sql=True)]
    assert names == [f"com.hazelcast:hazelcast:{version}", f"com.hazelcast:hazelcast-sql:{sql_version}"]


def test_sql_before_4_2_is_refused() -> None:
    with pytest.raises(UnsupportedVersionError, match=r"4\.0 has no SQL module"):
        member_artifacts("4.0", sql=True)


def test_unpinned_version_needs_a_checksum() -> None:
    with pytest.raises(
        UnsupportedVersionError, match=r"no SHA-256 is known for com\.hazelcast:hazelcast:5\.3\.1"
    ):
        member_artifacts("5.3.1", sql=False)
    coordinates = "com.hazelcast:hazelcast:5.3.1"
    (jar,) = member_artifacts("5.3.1", sql=False, checksums={coordinates: _DIGEST.upper()})
    assert jar.sha256 == _DIGEST


def test_given_checksum_goes_before_the_pinned_one() -> None:
    coordinates = f"com.hazelcast:hazelcast:{NEWEST}"
    assert artifact(coordinates, {coordinates: _DIGEST}).sha256 == _DIGEST
    assert artifact(coordinates).sha256 != _DIGEST


@pytest.mark.parametrize("digest", ["", "abc", _DIGEST + "0", "g" * 64])
def test_malformed_checksum_is_refused(digest: str) -> None:
    with pytest.raises(ConfigurationError, match="not a SHA-256"):
        artifact("a.b:c:1", {"a.b:c:1": digest})


@pytest.mark.parametrize("coordinates", ["", "a", "a:b", "a:b:c:d", "a/b:c:1", "a: b:1", "../x:y:1"])
def test_malformed_coordinates_are_refused(coordinates: str) -> None:
    assert not is_coordinates(coordinates)
    with pytest.raises(ConfigurationError, match="not Maven coordinates"):
        artifact(coordinates, {coordinates: _DIGEST})


@pytest.mark.parametrize("version", ["", "five", "5", "../5.7.0", "5.7.0/x", "5.7.0 "])
def test_malformed_version_is_refused(version: str) -> None:
    with pytest.raises(UnsupportedVersionError, match="not a Hazelcast version"):
        member_artifacts(version, sql=False)


def test_version_tuple_and_jet() -> None:
    assert version_tuple("5.10.0-SNAPSHOT") == (5, 10)
    assert [version for version in known_versions() if not has_jet(version)] == ["4.0", "4.2.8"]
