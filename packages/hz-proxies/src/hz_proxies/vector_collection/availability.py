"""The error for members that have no vector collections, instead of their own."""

from collections.abc import Sequence

from hz_core.errors import HazelcastError, UnsupportedOperationError
from hz_core.model import MemberInfo

_SIGNS = ("hz:service:vector", "Unrecognized client message")


def lacking(error: HazelcastError, what: str, members: Sequence[MemberInfo]) -> HazelcastError:
    """Return the error to raise: one that names the operation and the versions, if members do not know it."""
    if not any(sign in str(error) for sign in _SIGNS):
        return error
    versions = sorted({f"{m.version.major}.{m.version.minor}.{m.version.patch}" for m in members})
    return UnsupportedOperationError(
        f"{what} needs members of Hazelcast Enterprise from 5.5 on; those of this cluster have version"
        f" {', '.join(versions)} or lack the Enterprise module"
    )
