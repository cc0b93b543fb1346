"""Secrets are planted into every option that holds one, and looked for in all that a client shows of itself."""

import copy
import logging
import pprint
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from core_ca import Authority
from core_simulation import Simulation
from core_sockets import SocketCluster
from core_surfaces import DRIVERS, Scripted, Surface, make
from core_tls_relay import TlsRelay
from hz_core.cluster.authentication import Credentials
from hz_core.config import ClientConfig
from hz_core.config.option import SECRETS
from hz_core.model import Address
from hz_core.security import (
    BasicTokenProvider,
    CredentialsProvider,
    KerberosTokenProvider,
    TokenProvider,
)

PLANTED = "Pl4nted"
"""Part of every secret."""

SOCKET_DRIVERS = ["threaded", "asyncio", "uvloop"]


class Provider(TokenProvider):
    """A provider of a user, who has not thought of its repr."""

    def __init__(self, answer: Callable[[], Any]) -> None:
        self.secret = PLANTED
        self.answer = answer

    def token(self, address: Address | None = None) -> bytes:
        secret = self.secret
        if secret:
            answer: bytes = self.answer()
            return answer
        return b""


class Shown:
    """All that was shown."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.records = 0

    def add(self, *things: Any) -> None:
        """Add what the things show of themselves."""
        for thing in things:
            self.texts += [repr(thing), str(thing), f"{thing}", pprint.pformat(thing)]
            if isinstance(thing, BaseException):
                # With the causes, and without the values of variables.
                self.texts += traceback.format_exception(thing)

    def check(self) -> None:
        """Look for the secrets."""
        found = [text for text in self.texts if PLANTED in text]
        assert found == []
        # It would be found, if it was there, and there was something to look through.
        assert len(self.texts) > 10
        assert self.records


class Collecting(logging.Handler):
    """Adds each message, with its arguments and the error that it tells."""

    def __init__(self, shown: Shown) -> None:
        super().__init__()
        self._shown = shown

    def emit(self, record: logging.LogRecord) -> None:
        self._shown.records += record.name.startswith("hazelcast")
        self._shown.texts += [self.format(record), repr(record.args), record.threadName or ""]


@pytest.fixture
def shown(caplog: pytest.LogCaptureFixture) -> Iterator[Shown]:
    """Everything that is shown, all messages of all loggers included."""
    made = Shown()
    handler = Collecting(made)
    logger = logging.getLogger()
    logger.addHandler(handler)
    try:
        with caplog.at_level(logging.DEBUG), caplog.at_level(logging.DEBUG, "hazelcast"):
            yield made
    finally:
        logger.removeHandler(handler)
    made.check()


def passwords() -> dict[str, Any]:
    return {"creds_username": "user", "creds_password": f"{PLANTED} password"}


def basic() -> dict[str, Any]:
    return {"token_provider": BasicTokenProvider(f"{PLANTED} token"), **passwords()}


def own() -> dict[str, Any]:
    return {"token_provider": Provider(lambda: f"{PLANTED} token".encode())}


def serialized() -> dict[str, Any]:
    return {"token_provider": CredentialsProvider({"pin": f"{PLANTED} pin"})}


def inspect(shown: Shown, surface: Surface) -> None:
    """Look at all objects of a client that a debugger, a log or an error could show."""
    client: Any = surface.simulation.client if isinstance(surface, Scripted) else vars(surface)["client"]
    engine = client._engine
    connections = engine.routing.open_connections()
    shown.add(client, client.config, engine, engine.connections, engine.connections._target, *connections)
    shown.add(*(getattr(connection, name) for connection in connections for name in ("pending", "transport")))
    shown.add(copy.deepcopy(client.config.copy()), client.lifecycle_service, client.cluster_service)
    shown.add(engine.connections._options, engine.invocations, client.config.token_provider)


@pytest.mark.parametrize("options", [passwords, basic, own, serialized], ids=lambda options: options.__name__)
@pytest.mark.parametrize("driver", DRIVERS)
def test_a_client_that_is_accepted(driver: str, options: Callable[[], dict[str, Any]], shown: Shown) -> None:
    surface = make(driver, 1, **options())
    try:
        surface.result(surface.submit(surface.ops.put(1, "x")))
        inspect(shown, surface)
        surface.refuse()
        surface.accept()
        assert surface.result(surface.submit(surface.ops.get(1))) == "x"
        inspect(shown, surface)
    finally:
        surface.close()


@pytest.mark.parametrize("status", [1, 2, 3, 9])
@pytest.mark.parametrize("options", [passwords, basic, own, serialized], ids=lambda options: options.__name__)
def test_a_client_that_is_refused(status: int, options: Callable[[], dict[str, Any]], shown: Shown) -> None:
    simulation = Simulation(1, cluster_connect_timeout=2, **options())
    simulation.cluster.authentication_status = status
    with pytest.raises(Exception, match="the member at") as caught:
        simulation.start()
    shown.add(caught.value, simulation.client, simulation.client.config)
    shown.add(simulation.outcomes, simulation.engine)
    simulation.stop()


def returns_text() -> Any:
    return f"{PLANTED} text"


def fails() -> Any:
    secret = PLANTED
    raise OSError("the token server does not answer") if secret else ValueError


@pytest.mark.parametrize("answer", [returns_text, fails])
def test_a_provider_without_a_token(answer: Callable[[], Any], shown: Shown) -> None:
    simulation = Simulation(1, cluster_connect_timeout=2, token_provider=Provider(answer))
    with pytest.raises(Exception, match="token_provider") as caught:
        simulation.start()
    shown.add(caught.value, simulation.client.config, simulation.engine)
    simulation.stop()


@pytest.mark.parametrize("driver", SOCKET_DRIVERS)
def test_passwords_of_keys(driver: str, tmp_path: Path, shown: Shown) -> None:
    """The right one, then a renewed key with another one, of which the log tells."""
    authority = Authority(tmp_path)
    files = authority.client("encrypted", f"{PLANTED} key".encode())
    options: dict[str, Any] = {**authority.trusted, **files.options, "ssl_password": f"{PLANTED} key"}
    members = SocketCluster(1, TlsRelay(authority.mutual()))
    try:
        surface = make(driver, 0, cluster_members=members.addresses, **options)
        try:
            inspect(shown, surface)
            authority.client("encrypted", f"{PLANTED} renewed".encode())
            members.do(members.refuse)
            members.do(members.accept)
            surface.until(lambda: any("cannot be decrypted" in text for text in list(shown.texts)))
            inspect(shown, surface)
        finally:
            surface.close()
    finally:
        members.stop()


@pytest.mark.parametrize("name", sorted(SECRETS))
def test_wrong_values_of_options(name: str, shown: Shown) -> None:
    for wrong in ([f"{PLANTED} value"], {PLANTED: 1}, f"{PLANTED}".encode(), f"{PLANTED} text", 5):
        try:
            config = ClientConfig.from_kwargs(**{name: wrong})
        except (TypeError, ValueError) as error:
            shown.add(error)
        else:
            shown.add(config, config.copy(), [config])
    try:
        ClientConfig.from_kwargs(**{f"{name}_": f"{PLANTED} value"})
    except Exception as error:
        shown.add(error)
    logging.getLogger("hazelcast.test").debug("%r", ClientConfig())


def test_objects_with_secrets(shown: Shown) -> None:
    shown.add(
        BasicTokenProvider(f"{PLANTED} token"),
        CredentialsProvider(f"{PLANTED} token"),
        KerberosTokenProvider("ann", password=f"{PLANTED} password"),
        Credentials("dev", "client", UUID(int=1), ["label"], "ann", f"{PLANTED} password"),
        ClientConfig.from_kwargs(**basic(), ssl_password=f"{PLANTED} key", cloud_discovery_token=PLANTED),
    )
    logging.getLogger("hazelcast.test").debug(
        "%r", Credentials("dev", "client", UUID(int=1), ["x"], "ann", PLANTED)
    )


def test_what_is_shown_is_looked_through() -> None:
    """The search finds secrets in reprs, causes, and messages."""
    for thing in ({"password": PLANTED}, PLANTED, _caused()):
        made = Shown()
        made.add(thing)
        made.texts += ["x"] * 10
        made.records = 1
        with pytest.raises(AssertionError):
            made.check()


def _caused() -> Exception:
    try:
        try:
            raise LookupError(PLANTED)
        except LookupError as e:
            raise ValueError from e
    except ValueError as e:
        return e
