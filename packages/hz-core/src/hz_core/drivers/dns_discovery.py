"""Discovery by the domain name system: A and AAAA records, and SRV records."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

from hz_core.discovery import DEFAULT_TIMEOUT, DiscoveryError
from hz_core.drivers.sockets import RESOLVE_ERRORS, resolve
from hz_core.errors import InvalidConfigurationError
from hz_core.model import Address

if TYPE_CHECKING:
    from dns.resolver import Resolver

DEFAULT_PORT: Final = 5701
_DNS_PORT: Final = 53
_INSTALL: Final = "pip install hz-core[dns]"


class DnsDiscovery:
    """Finds the members of a cluster by a name that stands for all of them, as a headless service of Kubernetes does.

    The name is resolved again for each round of attempts to connect.

    Args:
        name: The name, for example ``hazelcast.default.svc.cluster.local``; with SRV records that of the service, for
            example ``_hazelcast._tcp.hazelcast.default.svc.cluster.local``.
        port: The members' port; SRV records have ports of their own.
        record: ``"A"`` for the addresses of the name (A and AAAA), or ``"SRV"`` for its SRV records: names with ports,
            by priority and weight.
        timeout: Seconds for one resolution.
        nameservers: IP addresses of name servers; empty for the system's resolution.
        nameserver_port: Port of these.

    Raises:
        InvalidConfigurationError: An argument is invalid, or the package ``dnspython`` (the extra ``dns``) is missing,
            which SRV records and name servers of your own need.
    """

    def __init__(
        self,
        name: str,
        port: int = DEFAULT_PORT,
        *,
        record: Literal["A", "SRV"] = "A",
        timeout: float = DEFAULT_TIMEOUT,
        nameservers: Sequence[str] = (),
        nameserver_port: int = _DNS_PORT,
    ) -> None:
        if not name or any(c.isspace() or c in "/@[]" for c in name):
            raise InvalidConfigurationError(
                f"{name[:200]!r} is not a name to resolve: give that of a host or of an SRV record"
            )
        if record not in ("A", "SRV"):
            raise InvalidConfigurationError(f'record must be "A" or "SRV", not {record!r}')
        if not 0 < port <= 65535:
            raise InvalidConfigurationError(f"the port {port} is not between 1 and 65535")
        self.name = name
        self.timeout = timeout
        self._port = port
        self._record = record
        self._resolver: Resolver | None = None
        if record == "SRV" or nameservers:
            self._resolver = _resolver(nameservers, nameserver_port)

    def discover(self) -> list[Address]:
        """Resolve the name; return all addresses that it stands for.

        Raises:
            DiscoveryError: The name cannot be resolved.
        """
        if self._resolver is None:
            return self._by_system()
        if self._record == "SRV":
            return self._services(self._resolver)
        return self._records(self._resolver)

    def translate(self, address: Address) -> Address:
        """Return ``address``: members are reached by the addresses that they announce."""
        return address

    def _by_system(self) -> list[Address]:
        try:
            infos = resolve(Address(self.name, self._port))
        except RESOLVE_ERRORS as e:
            raise self._error(str(e)) from e
        found = [Address(_with_scope(info[4]), self._port) for info in infos]
        return list(dict.fromkeys(found))

    def _records(self, resolver: "Resolver") -> list[Address]:
        from dns.exception import DNSException

        try:
            answers = resolver.resolve_name(self.name, lifetime=self.timeout)
            return [Address(host, self._port) for host in answers.addresses()]
        except DNSException as e:
            raise self._error(str(e)) from e

    def _services(self, resolver: "Resolver") -> list[Address]:
        from dns.exception import DNSException

        try:
            answer = resolver.resolve(self.name, "SRV", lifetime=self.timeout)
        except DNSException as e:
            raise self._error(str(e)) from e
        records: list[Any] = sorted(answer, key=lambda r: (r.priority, -r.weight, str(r.target), r.port))
        found = [Address(r.target.to_text(omit_final_dot=True), r.port) for r in records if r.port]
        # The root as the target says that there is no such service.
        return list(dict.fromkeys(address for address in found if address.host not in ("", "@", ".")))

    def _error(self, reason: str) -> DiscoveryError:
        kind = "SRV records" if self._record == "SRV" else "addresses"
        return DiscoveryError(f"the {kind} of the name {self.name!r} cannot be resolved: {reason}")

    def __str__(self) -> str:
        return f"DNS ({self._record} records of {self.name})"

    def __repr__(self) -> str:
        return f"DnsDiscovery({self.name!r}, {self._port}, record={self._record!r})"


def _resolver(nameservers: Sequence[str], port: int) -> "Resolver":
    try:
        from dns.exception import DNSException
        from dns.resolver import Resolver
    except ImportError as e:
        raise InvalidConfigurationError(
            f"SRV records and nameservers need the package dnspython: install it with {_INSTALL}"
        ) from e
    try:
        resolver = Resolver(configure=not nameservers)
        if nameservers:
            resolver.nameservers = list(nameservers)
            resolver.port = port
    except (DNSException, ValueError) as e:
        raise InvalidConfigurationError(f"the name servers cannot be used: {e}") from e
    return resolver


def _with_scope(where: tuple[Any, ...]) -> str:
    """Return the host of a socket address, with the interface of a link-local IPv6 address."""
    host = str(where[0])
    if len(where) == 4 and where[3] and "%" not in host:
        return f"{host}%{where[3]}"
    return host
