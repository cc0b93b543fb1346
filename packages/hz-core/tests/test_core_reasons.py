"""The error that no cluster could be connected names each address once, with its reason."""

from hz_core.cluster.reasons import no_cluster, reason_at
from hz_core.errors import AuthenticationError, TargetDisconnectedError
from hz_core.model import Address

HERE = Address("127.0.0.1", 5701)


def test_an_address_is_said_once() -> None:
    refused = TargetDisconnectedError(f"{HERE}: ConnectionRefusedError: {HERE}: Connection refused")
    assert reason_at(HERE, refused) == "ConnectionRefusedError: Connection refused"
    resolved = TargetDisconnectedError(f"localhost:5701: ConnectionRefusedError: {HERE}: Connection refused")
    assert reason_at("localhost:5701", resolved) == f"ConnectionRefusedError: {HERE}: Connection refused"
    assert reason_at("elsewhere:5701", refused) == str(refused)


def test_all_reasons_are_listed() -> None:
    refused = TargetDisconnectedError(f"{HERE}: ConnectionRefusedError: {HERE}: Connection refused")
    denied = AuthenticationError("the password is wrong")
    error = no_cluster(["dev"], 1.26, {("dev", HERE): refused, ("dev", "b:1"): denied, ("dev", "c:1"): None})
    assert str(error) == (
        "no member of cluster 'dev' could be connected in 1.3 s (cluster_connect_timeout). Tried"
        " 127.0.0.1:5701: ConnectionRefusedError: Connection refused; b:1: AuthenticationError: the password is wrong;"
        " c:1: not tried before the time was over. Check that the members run, and the options cluster_members and"
        " cluster_name"
    )
    assert error.__cause__ is refused
