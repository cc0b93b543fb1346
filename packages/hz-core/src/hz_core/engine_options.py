"""Conversion of the client's configuration to the options of the engine's parts."""

from math import inf
from typing import Final
from uuid import UUID

from hz_core.addresses import all_candidates, parse_address
from hz_core.cluster.authentication import Credentials
from hz_core.cluster.backoff import Backoff
from hz_core.cluster.connections import ClusterTarget, ConnectOptions
from hz_core.cluster.locating import Locator
from hz_core.cluster.public_addresses import PublicAddressDetection
from hz_core.config import ClientConfig
from hz_core.config.alternatives import FOREVER
from hz_core.config.client import INFINITE
from hz_core.config.failover import cluster_configs
from hz_core.invocation.ports import InvocationPolicy
from hz_core.io import IO, Randomness
from hz_core.model import Address
from hz_core.wire.reader import DEFAULT_MAX_MESSAGE_SIZE

_SHORTEST_PAUSE: Final = 0.1
_MEMBER_MULTIPLIER: Final = 2.0
_MEMBER_JITTER: Final = 0.2
"""What the pauses between attempts to connect to one of many members have at least, so that a member that is gone for
long is not tried by all clients every second: nobody waits for it."""


def invocation_policy(config: ClientConfig) -> InvocationPolicy:
    """Return the options for retries and backup acks."""
    return InvocationPolicy(
        timeout=config.invocation_timeout,
        retry_pause=config.invocation_retry_pause,
        redo_operation=config.redo_operation,
        backup_acks=config.smart_routing and config.backup_ack_to_client_enabled,
        backup_timeout=config.operation_backup_timeout,
        fail_on_indeterminate=config.fail_on_indeterminate_operation_state,
        max_pending=config.max_pending_invocations,
    )


def connect_options(config: ClientConfig, random: Randomness) -> ConnectOptions:
    """Return the options for connections."""

    def member_backoff() -> Backoff:
        return Backoff(
            initial=max(config.retry_initial_backoff, _SHORTEST_PAUSE),
            maximum=max(config.retry_max_backoff, _SHORTEST_PAUSE),
            multiplier=max(config.retry_multiplier, _MEMBER_MULTIPLIER),
            jitter=max(config.retry_jitter, _MEMBER_JITTER),
            timeout=INFINITE,
            random=random,
        )

    return ConnectOptions(
        smart=config.smart_routing,
        shuffle=config.shuffle_member_list,
        backup_acks=config.backup_ack_to_client_enabled,
        connection_timeout=config.connection_timeout,
        heartbeat_interval=config.heartbeat_interval,
        heartbeat_timeout=config.heartbeat_timeout,
        max_message_size=DEFAULT_MAX_MESSAGE_SIZE,
        member_backoff=member_backoff,
        failover_tries=inf if config.failover_try_count == FOREVER else config.failover_try_count,
    )


def cluster_targets(config: ClientConfig, client_name: str, client_uuid: UUID, io: IO) -> list[ClusterTarget]:
    """Return the clusters that a configuration describes; the client starts with the first one.

    Raises:
        InvalidConfigurationError: The configurations of the clusters differ in an option that must be the same.
    """
    return [_target(one, client_name, client_uuid, io) for one in cluster_configs(config)]


def _target(config: ClientConfig, client_name: str, client_uuid: UUID, io: IO) -> ClusterTarget:
    def backoff() -> Backoff:
        return Backoff(
            initial=config.retry_initial_backoff,
            maximum=config.retry_max_backoff,
            multiplier=config.retry_multiplier,
            jitter=config.retry_jitter,
            timeout=config.cluster_connect_timeout,
            random=io.random,
        )

    return ClusterTarget(
        Credentials(
            config.cluster_name,
            client_name,
            client_uuid,
            config.labels,
            config.creds_username,
            config.creds_password,
            config.token_provider,
            config.cp_direct_to_leader_routing,
        ),
        backoff,
        locator(config, io),
    )


def locator(config: ClientConfig, io: IO) -> Locator:
    """Return what knows the addresses of the cluster that a configuration describes."""
    discovery = config.discovery
    if discovery is None and config.cloud_discovery_token is not None:
        discovery = io.cloud_discovery(config.cloud_discovery_token, config.connection_timeout)

    def order(addresses: list[Address]) -> None:
        if config.shuffle_member_list:
            io.random.shuffle(addresses)

    def addresses() -> list[Address]:
        if discovery is not None and not config.cluster_members:
            return []
        found = all_candidates(config.cluster_members)
        order(found)
        return found

    def hosts() -> list[str]:
        return [parse_address(text)[0] for text in config.cluster_members]

    detection = PublicAddressDetection(io, hosts, config.uses_tls)
    return Locator(io, addresses, discovery, config.use_public_ip, detection, order)
