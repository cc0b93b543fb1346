"""Authentication of the client with a member."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, Protocol
from uuid import UUID

from hz_core.__about__ import __version__
from hz_core.codecs import client as codec
from hz_core.connection import Connection
from hz_core.errors import (
    AuthenticationError,
    ClientNotAllowedInClusterError,
    ConfigurationError,
    HazelcastError,
)
from hz_core.model import Address
from hz_core.op import Flow, Op

PROTOCOL_INIT: Final = b"CP2"
CLIENT_TYPE: Final = "PYH"
_SERIALIZATION_VERSION: Final = 1
MAX_PARTITION_COUNT: Final = 100_000
"""A larger number of partitions is treated as an error, because the client stores a table of all."""
_AUTHENTICATED, _CREDENTIALS_FAILED, _SERIALIZATION_MISMATCH, _NOT_ALLOWED = range(4)


class TokenProvider(Protocol):
    """Provides the token to authenticate with (Enterprise members)."""

    def token(self, address: Address) -> bytes:
        """Return the token for the member at ``address``."""
        ...


class Credentials(NamedTuple):
    """The data with which the client authenticates."""

    cluster_name: str
    client_name: str
    client_uuid: UUID
    labels: Sequence[str]
    username: str | None = None
    password: str | None = None
    token_provider: TokenProvider | None = None


class MemberIdentity(NamedTuple):
    """The identity of an authenticated member and its cluster."""

    member: UUID
    cluster_id: UUID
    partition_count: int
    server_version: str
    address: Address


def authenticate(connection: Connection, credentials: Credentials) -> Flow[MemberIdentity]:
    """Authenticate on a new connection (messages ``Client.authentication`` or ``Client.authenticationCustom``).

    Raises:
        AuthenticationError: The member rejects the cluster name or the credentials.
        ClientNotAllowedInClusterError: The member rejects this client.
        ConfigurationError: Client and member use different serialization versions.
        HazelcastError: The member reports no UUID, no cluster id, or an impossible number of partitions.
    """
    if connection.transport is not None:
        connection.transport.write(PROTOCOL_INIT)
    response: Any = yield _request(connection, credentials)
    where = f"the member at {connection.address}"
    if response.status == _AUTHENTICATED:
        if response.member_uuid is None or response.cluster_id is None:
            raise HazelcastError(
                f"{where} authenticated the client without reporting its own UUID and cluster id"
            )
        if not 1 <= response.partition_count <= MAX_PARTITION_COUNT:
            raise HazelcastError(
                f"{where} reported a partition count of {response.partition_count}, which is not between 1 and"
                f" {MAX_PARTITION_COUNT}: check that it is a Hazelcast member of a supported version"
                " there"
            )
        address = response.address
        return MemberIdentity(
            response.member_uuid,
            response.cluster_id,
            response.partition_count,
            response.server_hazelcast_version,
            connection.address if address is None else Address(address.host, address.port),
        )
    raise _rejection_error(response.status, where, credentials)


def _request(connection: Connection, credentials: Credentials) -> Op[Any]:
    provider = credentials.token_provider
    rest = (
        credentials.client_uuid,
        CLIENT_TYPE,
        _SERIALIZATION_VERSION,
        __version__,
        credentials.client_name,
        list(credentials.labels),
    )
    # No other routing modes than "all members" are supported, see `routingMode` of the protocol.
    routing = (1, False)
    name = credentials.cluster_name
    if provider is not None:
        token = provider.token(connection.address)
        return codec.authentication_custom(connection, name, token, *rest, *routing)
    return codec.authentication(connection, name, credentials.username, credentials.password, *rest, *routing)


def _rejection_error(status: int, where: str, credentials: Credentials) -> HazelcastError:
    if status == _CREDENTIALS_FAILED:
        return AuthenticationError(
            f"{where} refused cluster name {credentials.cluster_name!r} or the credentials: check the options"
            " cluster_name, creds_username, creds_password and token_provider"
        )
    if status == _SERIALIZATION_MISMATCH:
        return ConfigurationError(f"{where} does not support serialization version {_SERIALIZATION_VERSION}")
    if status == _NOT_ALLOWED:
        return ClientNotAllowedInClusterError(f"{where} does not allow this client in the cluster")
    return AuthenticationError(f"{where} replied to the authentication with the unknown status {status}")
