"""The options of a client."""

from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from hz_core.config.addresses import check_discovery, outbound_ports, public_ip
from hz_core.config.alternatives import FOREVER, alternatives, try_count
from hz_core.config.checks import (
    boolean,
    dict_of,
    integer,
    is_class_with,
    list_of,
    member_of,
    non_negative,
    number,
    optional,
    passing,
    positive,
    string,
    type_error,
    with_methods,
)
from hz_core.config.constants import ReconnectMode, SSLProtocol
from hz_core.config.loadable import LoadableOptions
from hz_core.config.option import Check, Option, unknown_option
from hz_core.config.parts import FlakeIdGeneratorConfig, NearCacheConfig, ReliableTopicConfig, part
from hz_core.errors import InvalidConfigurationError
from hz_core.load_balancer import LoadBalancer
from hz_serialization import ArrayPolicy, IntType, PicklePolicy, SerializationConfig

if TYPE_CHECKING:
    from ssl import SSLContext

P = TypeVar("P", bound=Enum)

INFINITE: Final = -1
"""Value of ``cluster_connect_timeout`` for no limit."""

_STREAM_SERIALIZER: Final = ("read", "write", "get_type_id")
_IDENTIFIED: Final = ("read_data", "write_data", "get_factory_id", "get_class_id")
_PORTABLE: Final = ("read_portable", "write_portable", "get_factory_id", "get_class_id")
_COMPACT_SERIALIZER: Final = ("read", "write", "get_type_name", "get_class")


def _factories(methods: tuple[str, ...], kind: str) -> Check[dict[int, dict[int, type]]]:
    fits = is_class_with(*methods)

    def class_of(name: str, value: Any) -> type:
        if not fits(value):
            raise type_error(name, f"a subclass of {kind}", value)
        found: type = value
        return found

    by_class_id = dict_of(int, "integers", class_of, f"class id to subclass of {kind}")
    return dict_of(int, "integers", by_class_id, f"factory id to dict of class id to subclass of {kind}")


def _serializer(name: str, value: Any) -> Any:
    if not with_methods(value, *_STREAM_SERIALIZER):
        raise type_error(name, "a StreamSerializer, as a class or an object", value)
    return value


def _is_socket_option(value: Any) -> bool:
    return isinstance(value, tuple | list) and len(value) == 3


def _is_listener_pair(value: Any) -> bool:
    return (
        isinstance(value, tuple)
        and len(value) == 2
        and all(f is None or callable(f) for f in value)
        and any(f is not None for f in value)
    )


def _is_compact(value: Any) -> bool:
    return isinstance(value, type) or with_methods(value, *_COMPACT_SERIALIZER)


def _is_types(value: Any) -> bool:
    return isinstance(value, set | frozenset | list | tuple) and all(isinstance(v, type) for v in value)


def _by_value(policies: type[P], value: Any) -> P | None:
    """Return the member of an enum that is ``value`` or has it as its value, in any case."""
    for policy in policies:
        if value is policy or (isinstance(value, str) and value.lower() == policy.value):
            return policy
    return None


def _pickle_policy(name: str, value: Any) -> Any:
    policy = _by_value(PicklePolicy, value)
    if policy is not None:
        return policy
    if not _is_types(value):
        raise type_error(name, 'a PicklePolicy ("allow" or "deny"), or a list or set of types', value)
    return tuple(value)


_ARRAY_POLICIES: Final = f"an ArrayPolicy or its value: {', '.join(policy.value for policy in ArrayPolicy)}"


def _array_policy(name: str, value: Any) -> ArrayPolicy:
    policy = _by_value(ArrayPolicy, value)
    if policy is None:
        raise type_error(name, _ARRAY_POLICIES, value)
    return policy


def _alternatives(name: str, value: Any) -> list[Any]:
    return alternatives(ClientConfig, name, value)


class ClientConfig(LoadableOptions):
    """All options of a client.

    Each option is an attribute with a default. Setting it checks the value and raises TypeError for a wrong type,
    ValueError for a value out of range, and InvalidConfigurationError for an option that does not exist.
    """

    # ---- the cluster

    cluster_members: Option[list[str]] = Option(
        list_of(lambda v: isinstance(v, str), "strings"),
        list,
        "Addresses (host, host:port, [IPv6]:port) for the first connection; for an address without a port,"
        " the ports 5701, 5702 and 5703 are tried.",
        "127.0.0.1",
    )
    cluster_name: Option[str] = Option(
        string, lambda: "dev", "Name of the cluster; members of other clusters reject the client."
    )
    client_name: Option[str | None] = Option(
        optional(string),
        lambda: None,
        "Name of this client.",
        "hz.client_N, where N counts from 0 in each process",
    )
    labels: Option[list[str]] = Option(
        list_of(lambda v: isinstance(v, str), "strings"),
        list,
        "Labels of this client, which members report.",
    )
    creds_username: Option[str | None] = Option(
        optional(string), lambda: None, "User name for a cluster with security."
    )
    creds_password: Option[str | None] = Option(
        optional(string), lambda: None, "Password for `creds_username`."
    )
    token_provider: Option[Any] = Option(
        optional(passing(lambda v: with_methods(v, "token"), "an object with a token method")),
        lambda: None,
        "Its token(address) returns the bytes of a token for a cluster with security, for each connection; it is called"
        " on other threads. Takes the place of user name and password.",
    )
    shuffle_member_list: Option[bool] = Option(
        boolean, lambda: True, "Whether addresses are tried in random order, to distribute clients."
    )
    discovery: Option[Any] = Option(
        optional(passing(lambda v: with_methods(v, "discover"), "an object with a method discover()")),
        lambda: None,
        "Finds addresses of the cluster (hazelcast.discovery): they are tried after cluster_members, if there are any.",
    )
    use_public_ip: Option[bool | None] = Option(
        public_ip,
        lambda: False,
        'Whether the client connects to the public addresses of the members; "auto", or the attribute None, to find'
        " out which addresses it can reach.",
    )
    cloud_discovery_token: Option[str | None] = Option(
        optional(string),
        lambda: None,
        "Discovery token of a Hazelcast Cloud cluster. Not together with cluster_members or discovery.",
    )
    smart_routing: Option[bool] = Option(
        boolean,
        lambda: True,
        "Whether the client connects to all members and sends operations to the owner of their key."
        " Otherwise it uses one connection.",
    )
    cp_direct_to_leader_routing: Option[bool] = Option(
        boolean,
        lambda: False,
        "Whether operations of the CP Subsystem are sent to the leaders of their groups, as far as the members tell who"
        " that is: Enterprise members from version 5.5 on do. Otherwise any member gets them, and passes them on.",
    )

    # ---- connections

    connection_timeout: Option[float] = Option(
        non_negative, lambda: 5.0, "Seconds for opening a connection; 0 for no limit but the system's."
    )
    socket_options: Option[list[tuple[Any, Any, Any]]] = Option(
        list_of(_is_socket_option, "tuples of length 3"),
        list,
        "Arguments of socket.setsockopt, for each socket.",
    )
    outbound_ports: Option[list[str | int]] = Option(
        outbound_ports,
        list,
        'Local ports of the connections, as numbers and ranges such as "33000-33100"; each connection uses one of'
        " them.",
        "any port",
    )
    socket_interceptor: Option[Any] = Option(
        optional(passing(callable, "a function of a socket and an address")),
        lambda: None,
        "Called with each new socket and the address (a tuple of host and port), before TLS and the authentication. The"
        " socket blocks, with what is left of connection_timeout as its time limit.",
    )
    heartbeat_interval: Option[float] = Option(positive, lambda: 5.0, "Seconds between heartbeats.")
    heartbeat_timeout: Option[float] = Option(
        positive,
        lambda: 60.0,
        "Seconds without received data, or without a reply to any request, also to heartbeats, after which a connection"
        " is closed. It may be closed up to a twentieth of this, and at most a second, earlier.",
    )
    async_start: Option[bool] = Option(
        boolean,
        lambda: False,
        "Whether the client connects in the background; until then operations raise ClientOfflineError.",
    )
    reconnect_mode: Option[ReconnectMode] = Option(
        member_of(ReconnectMode),
        lambda: ReconnectMode.ON,
        "What the client does after it has lost its last connection.",
        "ON",
    )
    retry_initial_backoff: Option[float] = Option(
        non_negative, lambda: 1.0, "Seconds before the second round of connection attempts."
    )
    retry_max_backoff: Option[float] = Option(
        non_negative, lambda: 30.0, "Maximum seconds between rounds of connection attempts."
    )
    retry_jitter: Option[float] = Option(
        number("in range [0.0, 1.0]", lambda v: 0 <= v <= 1),
        lambda: 0.0,
        "Fraction of the pause by which it is randomly lengthened or shortened.",
    )
    retry_multiplier: Option[float] = Option(
        number("greater than or equal to 1.0", lambda v: v >= 1),
        lambda: 1.0,
        "Factor from one pause to the next.",
    )
    cluster_connect_timeout: Option[float] = Option(
        number(f"non-negative, or {INFINITE} for no limit", lambda v: v >= 0 or v == INFINITE),
        lambda: 120.0,
        f"Seconds after which the client stops trying to connect; {INFINITE} for no limit.",
    )

    # ---- other clusters

    failover_configs: Option[list[Any]] = Option(
        Check("a list of ClientConfig, or of dicts of options", _alternatives),
        list,
        "Clusters to continue with when this one cannot be reached, or does not allow the client: for each one a dict"
        " of the options that differ (None for the default), or a whole ClientConfig. They may differ only in the"
        " cluster's name, its addresses, how it is found, the credentials and TLS.",
    )
    failover_try_count: Option[int] = Option(
        try_count,
        lambda: FOREVER,
        "How often the list of clusters is tried again, when the current one cannot be reached; -1 for no limit.",
    )

    # ---- TLS

    ssl_enabled: Option[bool] = Option(
        boolean, lambda: False, "Whether TLS is used. If not, the other ssl options have no effect."
    )
    ssl_cafile: Option[str | None] = Option(
        optional(string), lambda: None, "File of CA certificates (PEM).", "None: the system's"
    )
    ssl_certfile: Option[str | None] = Option(
        optional(string), lambda: None, "File of the client's certificate (PEM)."
    )
    ssl_keyfile: Option[str | None] = Option(
        optional(string),
        lambda: None,
        "File of the client's private key (PEM).",
        "None: it is in ssl_certfile",
    )
    ssl_password: Option[Any] = Option(
        optional(
            passing(
                lambda v: isinstance(v, str | bytes | bytearray) or callable(v),
                "string, bytes, bytearray or callable",
            )
        ),
        lambda: None,
        "Password of the private key, or a function that returns it; it may be called again on other threads.",
    )
    ssl_protocol: Option[SSLProtocol] = Option(
        member_of(SSLProtocol),
        lambda: SSLProtocol.TLSv1_2,
        "Lowest TLS version, at least TLSv1_2.",
        "TLSv1_2",
    )
    ssl_ciphers: Option[str | None] = Option(
        optional(string),
        lambda: None,
        "Ciphers of TLS 1.2, in OpenSSL's format.",
        "None: the defaults of OpenSSL",
    )
    ssl_check_hostname: Option[bool] = Option(
        boolean,
        lambda: True,
        "Whether a member's certificate must name the host that the client connects to.",
    )
    ssl_context: "Option[SSLContext | None]" = Option(
        optional(passing(lambda v: with_methods(v, "wrap_socket", "wrap_bio"), "an ssl.SSLContext")),
        lambda: None,
        "Context to use instead of the other ssl options; enables TLS.",
    )

    # ---- operations

    redo_operation: Option[bool] = Option(
        boolean,
        lambda: False,
        "Whether operations that change data are also sent again after their connection was lost; they may then"
        " be executed twice.",
    )
    invocation_timeout: Option[float] = Option(
        positive,
        lambda: 120.0,
        "Seconds for which a failed operation is retried; does not limit an operation that is running.",
    )
    invocation_retry_pause: Option[float] = Option(
        positive, lambda: 1.0, "Maximum seconds between two attempts."
    )
    max_pending_invocations: Option[int] = Option(
        integer("at least 1", lambda v: v >= 1),
        lambda: 1_000_000,
        "Maximum number of operations that wait for replies; further ones raise HazelcastOverloadError.",
    )
    max_in_flight: Option[int | None] = Option(
        optional(integer("at least 1", lambda v: v >= 1)),
        lambda: None,
        "Maximum number of operations that wait for replies before the callers of further ones wait, too; None for no"
        " such limit. At most invocation_timeout seconds.",
    )
    backup_ack_to_client_enabled: Option[bool] = Option(
        boolean,
        lambda: True,
        "Whether backups acknowledge changes to the client directly (with smart routing).",
    )
    operation_backup_timeout: Option[float] = Option(
        positive,
        lambda: 5.0,
        "Seconds to wait for backups after the reply; then the operation completes without them.",
    )
    fail_on_indeterminate_operation_state: Option[bool] = Option(
        boolean,
        lambda: False,
        "Whether an operation fails with IndeterminateOperationStateError if backups do not reply in time,"
        " or the owner of its partition leaves the cluster.",
    )
    load_balancer: Option[LoadBalancer | None] = Option(
        optional(passing(lambda v: isinstance(v, LoadBalancer), "a LoadBalancer")),
        lambda: None,
        "Chooses the members for operations without a key.",
        "None: RoundRobinLB",
    )
    membership_listeners: Option[list[tuple[Any, Any]]] = Option(
        list_of(
            _is_listener_pair, "tuples of length 2 with one function (or None, but not twice) for each event"
        ),
        list,
        "Pairs of functions, called with the MemberInfo of a member that joins, or leaves.",
    )
    lifecycle_listeners: Option[list[Any]] = Option(
        list_of(callable, "callables"), list, "Functions, called with each new LifecycleState."
    )
    statistics_enabled: Option[bool] = Option(
        boolean, lambda: False, "Whether the client sends statistics to the cluster, for Management Center."
    )
    statistics_period: Option[float] = Option(positive, lambda: 3.0, "Seconds between statistics.")
    slow_operation_threshold: Option[float | None] = Option(
        optional(positive),
        lambda: None,
        "Seconds after which an operation that has ended is logged as slow; None for no such log.",
    )

    # ---- serialization

    default_int_type: Option[IntType] = Option(
        member_of(IntType), lambda: IntType.INT, "Java type of a serialized int.", "INT"
    )
    is_big_endian: Option[bool] = Option(
        boolean, lambda: True, "Whether serialized values are big-endian; members must have the same setting."
    )
    data_serializable_factories: Option[dict[int, dict[int, type]]] = Option(
        _factories(_IDENTIFIED, "IdentifiedDataSerializable"),
        dict,
        "Classes of IdentifiedDataSerializable by factory id and class id.",
    )
    portable_factories: Option[dict[int, dict[int, type]]] = Option(
        _factories(_PORTABLE, "Portable"), dict, "Classes of Portable by factory id and class id."
    )
    portable_version: Option[int] = Option(
        integer("from 0 to 2147483647", lambda v: 0 <= v < 2**31),
        lambda: 0,
        "Version of Portables without a version of their own.",
    )
    class_definitions: Option[list[Any]] = Option(
        list_of(lambda v: hasattr(v, "factory_id") and hasattr(v, "class_id"), "ClassDefinition objects"),
        list,
        "Class definitions of Portables, registered at the start.",
    )
    check_class_definition_errors: Option[bool] = Option(
        boolean,
        lambda: True,
        "Whether invalid class definitions raise HazelcastSerializationError at the start.",
    )
    compact_serializers: Option[list[Any]] = Option(
        list_of(_is_compact, "CompactSerializer objects or classes"),
        list,
        "Serializers of the Compact format.",
    )
    custom_serializers: Option[dict[type, Any]] = Option(
        dict_of(type, "types", _serializer, "type to StreamSerializer"), dict, "Serializers by Python class."
    )
    global_serializer: Option[Any] = Option(
        optional(Check("a StreamSerializer", _serializer)),
        lambda: None,
        "Serializer of values for which there is no other one.",
    )
    pickle_policy: Option[PicklePolicy | tuple[type, ...]] = Option(
        Check('a PicklePolicy ("allow" or "deny"), or a list or set of types', _pickle_policy),
        lambda: PicklePolicy.ALLOW,
        "Whether values without another serializer are pickled; or the types for which pickle is allowed.",
        '"allow"',
    )

    primitive_arrays: Option[ArrayPolicy] = Option(
        Check(_ARRAY_POLICIES, _array_policy),
        lambda: ArrayPolicy.TYPED,
        "What Java's primitive arrays are read as: lists of classes that are written as the same arrays again, plain"
        " lists, array.array, or NumPy arrays.",
        '"typed"',
    )

    # ---- single objects

    near_caches: Option[dict[str, NearCacheConfig]] = Option(
        dict_of(str, "strings", part(NearCacheConfig), "map name to options of a near cache"),
        dict,
        "Options of near caches, by map name.",
    )
    flake_id_generators: Option[dict[str, FlakeIdGeneratorConfig]] = Option(
        dict_of(str, "strings", part(FlakeIdGeneratorConfig), "name to options of a flake id generator"),
        dict,
        "Options of flake id generators, by name.",
    )
    reliable_topics: Option[dict[str, ReliableTopicConfig]] = Option(
        dict_of(str, "strings", part(ReliableTopicConfig), "name to options of a reliable topic"),
        dict,
        "Options of reliable topics, by name.",
    )

    @classmethod
    def from_kwargs(cls, **kwargs: Any) -> Self:
        """Return a configuration with the given options; those that are None keep their defaults.

        Raises:
            InvalidConfigurationError: There is no such option.
            TypeError: A value has the wrong type.
            ValueError: A value is out of range.
        """
        return cls().updated(**kwargs)

    def updated(self, **kwargs: Any) -> Self:
        """Return a copy with the given options set; raises the same errors as ``from_kwargs``."""
        known = self.options()
        made = self.copy()
        for name, value in kwargs.items():
            if name not in known:
                raise unknown_option(name, name, known)
            if value is not None:
                setattr(made, name, value)
        return made

    @classmethod
    def given(cls, config: "ClientConfig | None", **kwargs: Any) -> "ClientConfig":
        """Return the configuration of a client: ``config``, with the keyword arguments over it.

        Without ``config`` it is ``load()`` if the environment variable ``HAZELCAST_CLIENT_CONFIG`` is set, and else
        the defaults. Raises the errors of both.
        """
        if config is None:
            from os import environ

            config = cls.load() if environ.get("HAZELCAST_CLIENT_CONFIG") else cls()
        return config.updated(**kwargs)

    @property
    def uses_tls(self) -> bool:
        """Whether connections are encrypted."""
        return self.ssl_enabled or self.ssl_context is not None

    def check_available(self, *, near_caches: bool = False) -> None:
        """Refuse options of features that the client does not have, or that contradict each other.

        Args:
            near_caches: Whether the client has near caches.

        Raises:
            InvalidConfigurationError: One of them is set; the error names it.
            IllegalStateError: There is more than one way to find a Hazelcast Cloud cluster.
        """
        check_discovery(self)
        if self.near_caches and not near_caches:
            raise InvalidConfigurationError(
                "near_caches: near caches are not available in this client, which is put together without them. Use"
                " HazelcastClient of the package hz-client (import hazelcast)"
            )

    def serialization(self) -> SerializationConfig:
        """Return the options of the serialization service, which have the same names here."""
        names = set(SerializationConfig.options()) & self.options().keys()
        return SerializationConfig(**{name: getattr(self, name) for name in names})
