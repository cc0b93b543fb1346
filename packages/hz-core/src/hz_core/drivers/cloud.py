"""Discovery of Hazelcast Cloud (Viridian) clusters: one HTTPS request to the coordinator."""

import http.client
import json
import os
import socket
import ssl
import threading
from contextlib import suppress
from time import monotonic
from typing import Any, Final
from urllib.parse import quote, urlsplit

from hz_core.addresses import parse_address
from hz_core.discovery import DEFAULT_TIMEOUT, DiscoveryError
from hz_core.errors import InvalidAddressError, InvalidConfigurationError
from hz_core.model import Address

CLOUD_URL: Final = "https://api.viridian.hazelcast.com"
"""The coordinator of Hazelcast Cloud."""

URL_VARIABLE: Final = "HZ_CLOUD_COORDINATOR_BASE_URL"
"""The environment variable with another coordinator."""

_PATH: Final = "/cluster/discovery?token="
_LARGEST_ANSWER: Final = 1 << 20
_PIECE: Final = 1 << 16


class HazelcastCloudDiscovery:
    """Finds a cluster of Hazelcast Cloud by its discovery token. The option ``cloud_discovery_token`` makes one.

    The coordinator is asked for each round of attempts to connect, and for members that it has not named so far. It
    names the public address of each private one.

    Args:
        token: The discovery token of the cluster; texts of errors do not contain it.
        url: Base URL of the coordinator, with https; None for that of the environment variable
            ``HZ_CLOUD_COORDINATOR_BASE_URL``, or else that of Hazelcast Cloud.
        timeout: Seconds for a request, from the name resolution to the end of the answer.
        ssl_context: TLS options; None for the system's certificates.

    Raises:
        InvalidConfigurationError: The URL cannot be used, or the token is empty.

    Source: ``GET /cluster/discovery?token=…``, which returns a JSON list of objects with the keys ``private-address``
    and ``public-address``.
    """

    def __init__(
        self,
        token: str,
        *,
        url: str | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        if not token:
            raise InvalidConfigurationError(
                "the discovery token of Hazelcast Cloud is empty: set cloud_discovery_token"
            )
        self.timeout = timeout
        self._token = token
        self._context = ssl_context
        self._host, self._port, self._base = _split(url or os.environ.get(URL_VARIABLE) or CLOUD_URL)
        self._public: dict[Address, Address] = {}

    def discover(self) -> list[Address]:
        """Ask the coordinator; return the public addresses of the members.

        Raises:
            DiscoveryError: The coordinator was not reached, refuses the token, or answers something else.
        """
        status, body = self._get()
        if status != http.client.OK:
            hint = ": check cloud_discovery_token" if 400 <= status < 500 else ""
            raise self._error(f"it answered with HTTP status {status}{self._reason(body)}{hint}")
        try:
            answer = json.loads(body)
            self._public = dict(_members(answer))
        except (ValueError, InvalidAddressError, RecursionError) as e:
            raise self._error(f"its answer is not a list of members with their addresses: {e}") from None
        if not self._public:
            raise self._error("it knows no member of this cluster: check that the cluster runs")
        return list(self._public.values())

    def translate(self, address: Address) -> Address | None:
        """Return the public address of a member, None if the coordinator has not named it so far."""
        if address in self._public.values():
            return address
        return self._public.get(address)

    def _get(self) -> tuple[int, bytes]:
        began = monotonic()
        context = self._context or ssl.create_default_context()
        connection = http.client.HTTPSConnection(
            self._host, self._port, timeout=self.timeout, context=context
        )
        # The time limit of the socket is one for each step; a coordinator that sends slowly would exceed it.
        connected: list[socket.socket] = []
        watchdog = threading.Timer(self.timeout, _shut, (connected,))
        watchdog.daemon = True
        watchdog.start()
        try:
            connection.connect()
            connected.append(connection.sock)
            connection.request(
                "GET",
                f"{self._base}{_PATH}{quote(self._token, safe='')}",
                headers={"Accept": "application/json"},
            )
            response = connection.getresponse()
            answer = response.status, self._read(response)
            if monotonic() - began >= self.timeout:
                raise TimeoutError("the answer may be cut off")
            return answer
        except (OSError, http.client.HTTPException) as e:
            if monotonic() - began >= self.timeout:
                raise self._error(f"it gave no whole answer within {self.timeout:g} s") from None
            reason = f"{type(e).__name__}: {e}".replace(self._token, "...")
            raise self._error(f"it gave no answer: {reason}") from None
        finally:
            watchdog.cancel()
            watchdog.join()
            connection.close()

    def _read(self, response: http.client.HTTPResponse) -> bytes:
        body = bytearray()
        while piece := response.read(_PIECE):
            body += piece
            if len(body) > _LARGEST_ANSWER:
                raise self._error(f"its answer has more than {_LARGEST_ANSWER} bytes")
        if response.length:
            raise http.client.IncompleteRead(b"", response.length)
        return bytes(body)

    def _reason(self, body: bytes) -> str:
        """Return what the coordinator says of an error."""
        try:
            message = json.loads(body)["message"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return ""
        return f" ({str(message)[:200]})".replace(self._token, "...")

    def _error(self, text: str) -> DiscoveryError:
        return DiscoveryError(
            f"the coordinator of Hazelcast Cloud at https://{self._host}:{self._port}: {text}"
        )

    def __str__(self) -> str:
        return f"Hazelcast Cloud at {self._host}"

    def __repr__(self) -> str:
        return f"HazelcastCloudDiscovery(token=..., url='https://{self._host}:{self._port}{self._base}')"


def _split(url: str) -> tuple[str, int, str]:
    try:
        parts = urlsplit(url if "://" in url else f"https://{url}")
        port = parts.port or http.client.HTTPS_PORT
    except ValueError as e:
        raise InvalidConfigurationError(f"the URL of the coordinator {url[:200]!r} is invalid: {e}") from None
    if parts.scheme != "https":
        raise InvalidConfigurationError(
            f"the URL of the coordinator {url[:200]!r} is not one of https: the token would be sent in plain text"
        )
    if not parts.hostname or parts.username is not None or parts.query or parts.fragment:
        raise InvalidConfigurationError(
            f"the URL of the coordinator must be https://host, with a port and a path if needed, not {url[:200]!r}"
        )
    return parts.hostname, port, parts.path.rstrip("/")


def _members(answer: Any) -> list[tuple[Address, Address]]:
    if not isinstance(answer, list):
        raise ValueError(f"it is of type {type(answer).__name__}")
    return [_member(item) for item in answer]


def _member(item: Any) -> tuple[Address, Address]:
    if not isinstance(item, dict):
        raise ValueError(f"an item is of type {type(item).__name__}")
    private, public = item.get("private-address"), item.get("public-address")
    if not isinstance(private, str) or not isinstance(public, str):
        raise ValueError("private-address or public-address is missing")
    host, port = parse_address(public)
    if port is None:
        raise ValueError(f"the public address {public[:200]!r} has no port")
    private_host, private_port = parse_address(private)
    # Private addresses are named without a port, which is the same then.
    return Address(private_host, private_port or port), Address(host, port)


def _shut(connected: list[socket.socket]) -> None:
    for sock in connected:
        with suppress(OSError):  # it has just ended
            # Not the method of the TLS socket, which would change what the other thread reads from.
            socket.socket.shutdown(sock, socket.SHUT_RDWR)
