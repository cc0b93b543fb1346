"""Checks of the way to the members: names, ports, TLS."""

import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from hazelcast.config import Config
from hazelcast.errors import HazelcastError
from hz_cli.bench.histogram import shown
from hz_cli.doctor.finding import Finding, failed, ok, skipped, warning
from hz_core.drivers.tls_options import tls_contexts

TIMEOUT: Final = 3.0
"""Seconds for each connection."""

_SOON: Final = 14
"""Days before its end from which on a certificate is worth a warning."""

Endpoint = tuple[str, int]


def text_of(endpoint: Endpoint) -> str:
    """Return host and port as users write them."""
    host, port = endpoint
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def check_names(
    hosts: Iterable[str], resolve: Callable[..., Any] = socket.getaddrinfo
) -> Iterator[tuple[Finding, str]]:
    """Check that host names have addresses; yield what is found, and of which host.

    Args:
        hosts: The names; addresses are left out.
        resolve: Finds the addresses of a name, as ``socket.getaddrinfo`` does.
    """
    for host in dict.fromkeys(hosts):
        try:
            began = time.monotonic()
            infos = resolve(host, None, type=socket.SOCK_STREAM)
            took = time.monotonic() - began
        except (OSError, UnicodeError) as error:
            advice = "check the spelling, the DNS servers of this machine, and whether it is in the members' network"
            yield failed("names", f"{host} has no address ({error})", advice), host
            continue
        addresses = sorted({str(info[4][0]) for info in infos})
        if addresses == [host]:
            continue
        if took > 1:
            advice = "check the DNS servers of this machine"
            yield warning("names", f"{host} took {took:.1f} s to resolve", advice), host
        yield ok("names", f"{host} is {', '.join(addresses)}"), host


@dataclass(slots=True)
class Tried:
    """An attempt to connect."""

    endpoint: Endpoint
    seconds: float
    error: OSError | None


def try_ports(endpoints: Iterable[Endpoint]) -> list[Tried]:
    """Connect to each endpoint, at the same time, and close the connections."""
    wanted = list(endpoints)
    if not wanted:
        return []
    with ThreadPoolExecutor(min(len(wanted), 16)) as pool:
        return list(pool.map(_try, wanted))


def _try(endpoint: Endpoint) -> Tried:
    began = time.monotonic()
    try:
        with socket.create_connection(endpoint, TIMEOUT):
            return Tried(endpoint, time.monotonic() - began, None)
    except (OSError, UnicodeError) as error:
        problem = error if isinstance(error, OSError) else OSError(str(error))
        return Tried(endpoint, time.monotonic() - began, problem)


def port_findings(tried: list[Tried]) -> Iterator[Finding]:
    """Yield what the attempts mean. One open port is enough: members tell the others' addresses."""
    any_open = any(one.error is None for one in tried)
    for one in tried:
        where = text_of(one.endpoint)
        if one.error is None:
            yield ok("ports", f"{where} is open ({shown(one.seconds)})")
        elif any_open:
            yield skipped("ports", f"{where} is closed ({one.error}); another one is open")
        elif isinstance(one.error, TimeoutError):
            advice = "a firewall or a wrong address: ask for the port to be opened, or correct --member"
            yield failed("ports", f"{where} did not answer within {TIMEOUT:g} s", advice)
        elif isinstance(one.error, ConnectionRefusedError):
            advice = "no member runs there: start one (`hz start`), or correct the port in --member"
            yield failed("ports", f"{where} refused the connection", advice)
        else:
            yield failed("ports", f"{where}: {one.error}", "check the address and this machine's network")


def check_tls(config: Config, endpoint: Endpoint) -> Iterator[Finding]:
    """Check the TLS handshake and the certificate of a member whose port is open."""
    if not config.uses_tls:
        yield skipped("TLS", "not used (ssl_enabled is not set)")
        return
    where = text_of(endpoint)
    try:
        contexts = tls_contexts(config)
        assert contexts is not None
        context = contexts.load()
    except HazelcastError as error:
        yield failed("TLS", str(error), "correct the options ssl_…")
        return
    try:
        with (
            socket.create_connection(endpoint, TIMEOUT) as plain,
            context.wrap_socket(plain, server_hostname=endpoint[0]) as stream,
        ):
            cipher = stream.cipher()
            text = f"{where}: {stream.version()}, {cipher[0] if cipher else 'unknown cipher'}"
            yield ok("TLS", text)
            yield from certificate_findings(where, stream.getpeercert(), time.time())
    except ssl.SSLCertVerificationError as error:
        yield failed(
            "TLS", f"{where}: the certificate is refused: {error.verify_message}", _verification(error)
        )
    except ssl.SSLError as error:
        advice = "the member may not speak TLS on this port, or asks for a client certificate (ssl_certfile)"
        yield failed("TLS", f"{where}: {error.reason or error}", advice)
    except TimeoutError:
        advice = "the member does not speak TLS on this port: drop ssl_enabled, or use its TLS port"
        yield failed("TLS", f"{where}: no answer to the handshake within {TIMEOUT:g} s", advice)
    except OSError as error:
        advice = "the member does not speak TLS on this port, or refuses this client's certificate"
        yield failed("TLS", f"{where}: {error}", advice)


def _verification(error: ssl.SSLCertVerificationError) -> str:
    message = error.verify_message.lower()
    if "hostname" in message or "ip address" in message:
        return "connect by a name that is in the certificate, or have one made with this name"
    if "expired" in message or "not yet valid" in message:
        return "renew the member's certificate; if it is valid, the clock of this machine is wrong"
    return "name the authority that has signed it with ssl_cafile"


def certificate_findings(where: str, certificate: Any, now: float) -> Iterator[Finding]:
    """Yield what to do about a certificate that was accepted; ``now`` is in seconds since the epoch."""
    if not certificate:
        yield warning(
            "TLS", f"{where}: the certificate is not verified", "set ssl_cafile, and ssl_check_hostname"
        )
        return
    end = ssl.cert_time_to_seconds(certificate["notAfter"])
    days = (end - now) / 86_400
    date = datetime.fromtimestamp(end, UTC).date()
    if days < _SOON:
        yield warning("TLS", f"{where}: the certificate ends on {date}", "renew it in time")
    else:
        yield ok("TLS", f"{where}: the certificate is valid until {date}")
