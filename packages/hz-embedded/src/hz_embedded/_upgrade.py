"""Moving a cluster to another version: member by member where members of both understand each other."""

from __future__ import annotations

from hz_embedded.errors import UnsupportedVersionError
from hz_embedded.versions import version_tuple


def choose_rolling(versions: set[str], new: str, wanted: bool | None) -> bool:
    """Whether to replace one member after the other, so that the data stays.

    Open-source members form one cluster only with members of their own minor version: 5.3.7 with 5.3.8, but not
    5.4 with 5.5. Between those, all members have to end before the first of the new version starts.

    Args:
        versions: of the members that run.
        new: the version to move to.
        wanted: the caller's wish; None leaves it to the versions.

    Raises:
        UnsupportedVersionError: a rolling upgrade is wanted where there is none.
    """
    foreign = sorted(old for old in versions if version_tuple(old) != version_tuple(new))
    if wanted and foreign:
        raise UnsupportedVersionError(
            f"members of {', '.join(foreign)} and {new} cannot be in one cluster: open-source Hazelcast has no "
            f"rolling upgrade between minor versions. Use rolling=False, which ends all members first"
        )
    return not foreign if wanted is None else wanted
