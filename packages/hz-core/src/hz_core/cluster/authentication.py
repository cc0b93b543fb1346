"""Authentication of the client with a member."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, NamedTuple, Protocol, TypeAlias
from uuid import UUID

from hz_core.__about__ import __version__
from hz_core.codecs import client as codec
from hz_core.connection import Connection
from hz_core.errors import (
    AccessControlError,
    AuthenticationError,
    ClientNotAllowedInClusterError,
    ConfigurationError,
    HazelcastError,
    LoginError,
    SecurityError,
)
from hz_core.log import get_logger
from hz_core.model import Address
from hz_core.op import Flow, Op, WaitFor
from hz_core.promise import Promise

_logger = get_logger("connection")

PROTOCOL_INIT: Final = b"CP2"
CLIENT_TYPE: Final = "PYH"
_SERIALIZATION_VERSION: Final = 1
MAX_PARTITION_COUNT: Final = 100_000
"""A larger number of partitions is treated as an error, because the client stores a table of all."""
_AUTHENTICATED, _CREDENTIALS_FAILED, _SERIALIZATION_MISMATCH, _NOT_ALLOWED = range(4)


LARGEST_UNAUTHENTICATED: Final = 4096
"""Members close a connection on which a larger message comes before the client is authenticated, without a word."""


class HasToken(Protocol):
    """What the option ``token_provider`` must be, see :class:`hz_core.security.TokenProvider`."""

    def token(self, address: Address, /) -> Any:
        """Return the token for the member at ``address``."""
        ...


RunBlocking: TypeAlias = Callable[[Callable[[], Any], Promise], object]
"""See :meth:`hz_core.io.IO.run_blocking`."""


class Credentials(NamedTuple):
    """The data with which the client authenticates."""

    cluster_name: str
    client_name: str
    client_uuid: UUID
    labels: Sequence[str]
    username: str | None = None
    password: str | None = None
    token_provider: HasToken | None = None
    direct_to_leader: bool = False
    """Whether operations of CP groups are sent to their leaders."""

    def __repr__(self) -> str:
        # Errors and tracebacks may show it; the password is in it.
        return f"Credentials(cluster_name={self.cluster_name!r}, client_name={self.client_name!r})"


class MemberIdentity(NamedTuple):
    """The identity of an authenticated member and its cluster."""

    member: UUID
    cluster_id: UUID
    partition_count: int
    server_version: str
    address: Address


def authenticate(
    connection: Connection, credentials: Credentials, run_blocking: RunBlocking
) -> Flow[MemberIdentity]:
    """Authenticate on a new connection (messages ``Client.authentication`` or ``Client.authenticationCustom``).

    Args:
        connection: The connection.
        credentials: What the client authenticates with.
        run_blocking: Calls the token provider, which may wait for others.

    Raises:
        AuthenticationError: The member rejects the cluster name or the credentials; or there is no token.
        ClientNotAllowedInClusterError: The member rejects this client.
        ConfigurationError: Client and member use different serialization versions.
        HazelcastError: The member reports no UUID, no cluster id, or an impossible number of partitions.
    """
    if connection.transport is not None:
        connection.transport.write(PROTOCOL_INIT)
    where = f"the member at {connection.address}"
    token = None
    if credentials.token_provider is not None:
        token = yield from _token(credentials.token_provider, connection.address, where, run_blocking)
    request = _request(connection, credentials, token)
    if len(request.request) > LARGEST_UNAUTHENTICATED:
        _logger.warning(
            "the authentication with %s has %d bytes: members close the connection on more than %d, unless they are"
            " configured otherwise; use a shorter token, client name or labels",
            where,
            len(request.request),
            LARGEST_UNAUTHENTICATED,
        )
    try:
        response: Any = yield request
    except (AuthenticationError, SecurityError, LoginError, AccessControlError) as e:
        raise AuthenticationError(_refused(where, credentials, f" ({e})")) from e
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


def _token(provider: HasToken, address: Address, where: str, run_blocking: RunBlocking) -> Flow[bytes]:
    """Return the token for a member; the provider is called where it may wait."""
    try:
        token: Any = yield WaitFor(partial(run_blocking, partial(provider.token, address)))
    except Exception as e:
        raise AuthenticationError(f"token_provider has no token for {where}: {type(e).__name__}: {e}") from e
    if isinstance(token, bytes | bytearray | memoryview):
        return bytes(token)
    close = getattr(token, "close", None)
    if callable(close):
        close()  # a coroutine, which would warn that nobody awaits it
    raise AuthenticationError(
        f"token_provider returned an object of type {type(token).__name__} for {where}: its token(address) must return"
        " bytes"
    )


def _request(connection: Connection, credentials: Credentials, token: bytes | None) -> Op[Any]:
    rest = (
        credentials.client_uuid,
        CLIENT_TYPE,
        _SERIALIZATION_VERSION,
        __version__,
        credentials.client_name,
        list(credentials.labels),
    )
    # No other routing modes than "all members" are supported, see `routingMode` of the protocol.
    routing = (1, credentials.direct_to_leader)
    name = credentials.cluster_name
    if token is not None:
        return codec.authentication_custom(connection, name, token, *rest, *routing)
    return codec.authentication(connection, name, credentials.username, credentials.password, *rest, *routing)


def _rejection_error(status: int, where: str, credentials: Credentials) -> HazelcastError:
    of_cluster = f", asked for cluster {credentials.cluster_name!r},"
    if status == _CREDENTIALS_FAILED:
        return AuthenticationError(_refused(where, credentials))
    if status == _SERIALIZATION_MISMATCH:
        return ConfigurationError(
            f"{where}{of_cluster} does not support serialization version {_SERIALIZATION_VERSION}"
        )
    if status == _NOT_ALLOWED:
        return ClientNotAllowedInClusterError(
            f"{where}{of_cluster} does not allow this client in the cluster"
        )
    return AuthenticationError(
        f"{where}{of_cluster} replied to the authentication with the unknown status {status}"
    )


def _refused(where: str, credentials: Credentials, why: str = "") -> str:
    shown = "no credentials"
    if credentials.token_provider is not None:
        shown = "the token of token_provider"
    elif credentials.username is not None:
        shown = f"the password of user {credentials.username!r} (creds_username, creds_password)"
    return (
        f"{where} refused cluster name {credentials.cluster_name!r} or the credentials{why}: check the option"
        f" cluster_name; the client sent {shown}"
    )
