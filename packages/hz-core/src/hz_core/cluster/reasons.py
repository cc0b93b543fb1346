"""What errors and the log say of addresses that could not be connected."""

from collections.abc import Sequence
from typing import TypeAlias

from hz_core.errors import IllegalStateError
from hz_core.model import Address

Failures: TypeAlias = dict[tuple[str, Address | str], Exception | None]
"""Why an address could not be connected, by the cluster's name and the address; None if it was not tried."""


def reason_at(address: Address | str, error: Exception) -> str:
    """Return the text of an error for a line that begins with the address, without saying that again."""
    text = str(error)
    return text.replace(f"{address}: ", "") if text.startswith(f"{address}: ") else text


def no_cluster(names: Sequence[str], elapsed: float, failures: Failures) -> IllegalStateError:
    """Return the error that no cluster could be connected.

    Args:
        names: The names of the clusters.
        elapsed: Seconds since the first attempt.
        failures: Why, by cluster and address.
    """
    several = len(names) > 1
    reasons = "; ".join(
        (f"{address} of {name!r}: " if several else f"{address}: ")
        + ("not tried before the time was over" if e is None else _reason(address, e))
        for (name, address), e in failures.items()
    )
    options = "cluster_connect_timeout, failover_try_count" if several else "cluster_connect_timeout"
    clusters = ("clusters " if several else "cluster ") + ", ".join(map(repr, names))
    error = IllegalStateError(
        f"no member of {clusters} could be connected in {elapsed:.1f} s"
        f" ({options}). Tried {reasons or 'no address at all'}. Check that the members run, and"
        " the options cluster_members and cluster_name"
    )
    # For programs that distinguish a refusal from an outage.
    error.__cause__ = next((failure for failure in failures.values() if failure is not None), None)
    return error


def _reason(address: Address | str, error: Exception) -> str:
    text = reason_at(address, error)
    # What begins with the address names the class of the cause.
    return text if text != str(error) else f"{type(error).__name__}: {text}"
