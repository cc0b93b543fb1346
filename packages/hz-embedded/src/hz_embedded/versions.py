"""The known Hazelcast versions, and the SHA-256 that each of their jars must have."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from hz_embedded.errors import ConfigurationError, UnsupportedVersionError

GROUP: Final = "com.hazelcast"
NEWEST: Final = "5.7.0"

MEMBER_SHA256: Final[Mapping[str, str]] = {
    "4.0": "a4f286f651d072d34c0bc7192153ec3e69e56e48a106787103cec7a7a1543f5d",
    "4.2.8": "321c391e41ecb0865b506a926a5d76c7bf93b936ad734458492250541c07c641",
    "5.0.5": "a04edacac477942066b6c86f915b3cdde944b95c570954e965486b240e8e909b",
    "5.1.7": "5901b96888b3228687e7ff14944fe08387e6d76bf4317010cf199eb7d8bd6e04",
    "5.2.5": "7f218c1926cdcde034847b3fdffd50d7cf34b850f3c3c266bb804ff3ff7d8ac7",
    "5.3.7": "4b80bc13b855c45bd6ef19def0559246ae146313dd3f67ca1339a66d7671501d",
    "5.3.8": "025449efcb40418e626345d2b6011d8702ca72651b30d655edbd72e5324095f0",
    "5.4.0": "cbcd4de863ee859dd6094fe01752e1bc9986c5240621443fe6609a5e16903f0d",
    "5.5.0": "cf560b40b988526e780e4fae12cb6fe01c5158bb9e00839882857f32b544a19e",
    "5.6.0": "f16e392740b2d64136590bc52a782c8f8e75b5cb8d3ac221c7c09efae0d7871c",
    "5.7.0": "241ec66cea8491787f68c3336f069ac463877af50bdb7676cd9d538f1940dc33",
}
"""SHA-256 of ``com.hazelcast:hazelcast`` by version."""

SQL_SHA256: Final[Mapping[str, str]] = {
    "4.2": "7f8b3540ee3db0d64a743aac77d9d6eb8474540107dc04e018c7e09bb2b06b7b",
    "5.0.5": "5283ae1a539000901a479770389a237c73ae6cd188f195ede8337bdb4d61d281",
    "5.1.7": "0ca10512752fd3410ea067a48ad73a90118166b9291e15de10a09e285e8a6f29",
    "5.2.5": "c8292c72e4509ffcfe961a2451f0865efd6fd2c50c3e91b71897a4ddce6b62b0",
    "5.3.7": "b37ac57bb38fe74a88f145905d1c1f2db6f774547ddffea075ec5fe6b3af00e5",
    "5.3.8": "7647c70bde77415051001ada2eb9641b249055ea0bcf92c9da696d20dea5800c",
    "5.4.0": "f1c22ffd6a767167f7d4e129990737d637badf4ce4977437a1fbfe2084fc1f95",
    "5.5.0": "5e091414c6107c46dd692625c532877e094a97c6ce0c71bc43139cd3312d1e96",
    "5.6.0": "fdc1bf9ef390176d3edfc69c726de901f06f0adf76383f519fa9534a9f0b6a94",
    "5.7.0": "e747be48589069d0b072d8153b75fbceb11ea00d977d56d04b64d7258d36fd85",
}
"""SHA-256 of ``com.hazelcast:hazelcast-sql`` by version."""

_SQL_VERSION_OF_MEMBER: Final[Mapping[str, str]] = {"4.2.8": "4.2"}
_SHA256 = re.compile(r"[0-9a-f]{64}")
_COORDINATE = re.compile(r"[\w.\-]+:[\w.\-]+:[\w.\-]+")
_VERSION = re.compile(r"(\d+)\.(\d+)(\.\d+)?([.\-][\w.\-]+)?")


@dataclass(frozen=True, slots=True)
class Artifact:
    """A jar by its Maven coordinates, with the SHA-256 (hex digits) that it must have."""

    group: str
    name: str
    version: str
    sha256: str

    @property
    def coordinates(self) -> str:
        """``group:name:version``."""
        return f"{self.group}:{self.name}:{self.version}"

    @property
    def filename(self) -> str:
        """Name of the jar in a Maven repository."""
        return f"{self.name}-{self.version}.jar"

    @property
    def folder(self) -> str:
        """Folder of the jar in a Maven repository, relative to the repository's root."""
        return f"{self.group.replace('.', '/')}/{self.name}/{self.version}"


def known_versions() -> tuple[str, ...]:
    """Return the versions whose jars are pinned, oldest first."""
    return tuple(MEMBER_SHA256)


def version_tuple(version: str) -> tuple[int, int]:
    """Return the major and the minor number of a Hazelcast version.

    Raises:
        UnsupportedVersionError: ``version`` does not have the form of a version.
    """
    match = _VERSION.fullmatch(version)
    if match is None:
        raise UnsupportedVersionError(
            f"{version!r} is not a Hazelcast version; known ones are {', '.join(known_versions())}"
        )
    return int(match[1]), int(match[2])


def artifact(coordinates: str, checksums: Mapping[str, str] | None = None) -> Artifact:
    """Return the artifact with these coordinates, and its SHA-256 from ``checksums`` or from the pinned ones.

    Args:
        coordinates: ``group:name:version``.
        checksums: SHA-256 as hex digits by coordinates, for jars that are not pinned here.

    Raises:
        ConfigurationError: The coordinates or the checksum are malformed.
        UnsupportedVersionError: No checksum is known for these coordinates.
    """
    if _COORDINATE.fullmatch(coordinates) is None:
        raise ConfigurationError(f"{coordinates!r} are not Maven coordinates of the form group:name:version")
    group, name, version = coordinates.split(":")
    pin = (checksums or {}).get(coordinates)
    if pin is None and group == GROUP:
        pin = {"hazelcast": MEMBER_SHA256, "hazelcast-sql": SQL_SHA256}.get(name, {}).get(version)
    if pin is None:
        raise UnsupportedVersionError(
            f"no SHA-256 is known for {coordinates}, so the jar cannot be trusted; pass it as "
            f"checksums={{{coordinates!r}: '<64 hex digits>'}} (Hazelcast versions known without that: "
            f"{', '.join(known_versions())})"
        )
    pin = pin.lower()
    if _SHA256.fullmatch(pin) is None:
        raise ConfigurationError(
            f"the checksum given for {coordinates} is not a SHA-256 of 64 hex digits: {pin!r}"
        )
    return Artifact(group, name, version, pin)


def is_coordinates(text: str) -> bool:
    """Return whether ``text`` has the form of Maven coordinates (``group:name:version``)."""
    return _COORDINATE.fullmatch(text) is not None


def member_artifacts(
    version: str, *, sql: bool, checksums: Mapping[str, str] | None = None
) -> list[Artifact]:
    """Return the jars that a member of ``version`` needs, including the SQL module if ``sql`` is true.

    Raises:
        UnsupportedVersionError: The version is unknown, or has no SQL.
    """
    numbers = version_tuple(version)
    jars = [artifact(f"{GROUP}:hazelcast:{version}", checksums)]
    if sql:
        if numbers < (4, 2):
            raise UnsupportedVersionError(f"Hazelcast {version} has no SQL module; SQL needs 4.2 or newer")
        sql_version = _SQL_VERSION_OF_MEMBER.get(version, version)
        jars.append(artifact(f"{GROUP}:hazelcast-sql:{sql_version}", checksums))
    return jars


def has_jet(version: str) -> bool:
    """Return whether Jet is part of the member's jar (5.0 and newer)."""
    return version_tuple(version) >= (5, 0)


def has_sql(version: str) -> bool:
    """Return whether the SQL module of a known version is pinned."""
    return _SQL_VERSION_OF_MEMBER.get(version, version) in SQL_SHA256
