"""Upgrade of a cluster: member by member if members of both versions can form one cluster."""

from hz_embedded.errors import UnsupportedVersionError
from hz_embedded.versions import version_tuple


def choose_rolling(versions: set[str], new: str, wanted: bool | None) -> bool:
    """Return whether to replace one member after the other, so that the data is kept.

    Open-source members form one cluster only with members of the same minor version: 5.3.7 with 5.3.8, but not 5.4
    with 5.5. Between minor versions, all members have to end before the first member of the new version starts.

    Args:
        versions: The versions of the running members.
        new: The new version.
        wanted: The choice of the caller; None decides by the versions.

    Raises:
        UnsupportedVersionError: A rolling upgrade is requested between minor versions.
    """
    foreign = sorted(old for old in versions if version_tuple(old) != version_tuple(new))
    if wanted and foreign:
        raise UnsupportedVersionError(
            f"members of {', '.join(foreign)} and {new} cannot be in one cluster: open-source Hazelcast has no "
            f"rolling upgrade between minor versions. Use rolling=False, which ends all members first"
        )
    return not foreign if wanted is None else wanted
