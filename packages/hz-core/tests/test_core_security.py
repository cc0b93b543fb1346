"""Tokens, Kerberos tickets and credentials of users' classes, and what members refuse."""

import copy
import pickle
import sys
import threading
from collections.abc import Callable
from typing import Any, cast
from unittest import mock

import pytest
import spnego

from core_selector_thread import PATIENCE
from core_simulation import Simulation
from core_sockets import SocketCluster
from core_surfaces import make, why_not
from hz_core.config import ClientConfig
from hz_core.drivers.background import MOST, BackgroundCalls
from hz_core.errors import (
    AuthenticationError,
    ClientNotAllowedInClusterError,
    ConfigurationError,
    HazelcastError,
    IllegalStateError,
    InvalidConfigurationError,
)
from hz_core.model import Address
from hz_core.op import Flow, Sleep
from hz_core.security import (
    BasicTokenProvider,
    CredentialsProvider,
    KerberosTokenProvider,
    TokenProvider,
)
from hz_core.testing import Request, codes
from hz_core.testing.scripted import Outcome
from hz_serialization import SerializationConfig, SerializationService
from hz_serialization.api import IdentifiedDataSerializable, ObjectDataInput, ObjectDataOutput

MEMBER = Address("10.0.0.1", 5701)
DRIVERS = ["threaded", "asyncio", "uvloop"]


# --- what a member refuses ----------------------------------------------------------------------------------------


def refusal(
    status: int = 0, rule: Callable[[Request], object] | None = None, **options: Any
) -> BaseException:
    """Return the error of a client that a member refuses."""
    simulation = Simulation(1, **{"cluster_connect_timeout": 3, **options})
    simulation.cluster.authentication_status = status
    if rule is not None:
        for method in ("Client.authentication", "Client.authenticationCustom"):
            simulation.cluster.members[0].rule(method, rule)
    with pytest.raises(HazelcastError) as caught:
        simulation.start()
    simulation.stop()
    if isinstance(caught.value, IllegalStateError):
        assert str(caught.value.__cause__) in str(caught.value)
        assert caught.value.__cause__ is not None
        return caught.value.__cause__
    return caught.value


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (1, AuthenticationError, "refused cluster name 'dev' or the credentials"),
        (2, ConfigurationError, "asked for cluster 'dev', does not support serialization version 1"),
        (3, ClientNotAllowedInClusterError, "asked for cluster 'dev', does not allow this client"),
        (77, AuthenticationError, "asked for cluster 'dev', replied to the authentication with the unknown"),
    ],
)
def test_each_refusal_names_the_member_and_the_cluster(
    status: int, kind: type[Exception], words: str
) -> None:
    error = refusal(status)
    assert type(error) is kind
    assert str(error).startswith(f"the member at {MEMBER}")
    assert words in str(error)


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        ({}, "the client sent no credentials"),
        (
            {"creds_username": "ann", "creds_password": "secret"},
            "the client sent the password of user 'ann' (creds_username, creds_password)",
        ),
        ({"token_provider": BasicTokenProvider("secret")}, "the client sent the token of token_provider"),
    ],
)
def test_a_refusal_says_what_was_sent_but_not_its_secrets(options: dict[str, Any], sent: str) -> None:
    error = refusal(1, **options)
    assert sent in str(error)
    assert "secret" not in str(error)


@pytest.mark.parametrize(
    "code",
    [codes.AUTHENTICATION, codes.SECURITY, codes.ACCESS_CONTROL, codes.LOGIN],
    ids=lambda code: code[1],
)
def test_a_refusal_by_an_error_is_the_same(code: tuple[int, str]) -> None:
    error = refusal(rule=lambda request: request.error(*code, "not this one"))
    assert type(error) is AuthenticationError
    assert f"the member at {MEMBER} refused cluster name 'dev'" in str(error)
    assert "not this one" in str(error)


def test_other_errors_are_not_taken_for_refusals() -> None:
    error = refusal(rule=lambda request: request.error(*codes.ILLEGAL_STATE, "still starting"))
    assert type(error) is IllegalStateError
    assert "still starting" in str(error)


def test_refused_credentials_are_tried_again_until_the_time_limit() -> None:
    """They may be those of a cluster that is being set up."""
    simulation = Simulation(1, cluster_connect_timeout=60)
    simulation.cluster.authentication_status = 1
    simulation.driver.call_later(20, lambda: setattr(simulation.cluster, "authentication_status", 0))
    simulation.start()
    assert simulation.cluster.members[0].count("Client.authentication") > 2
    simulation.stop()


def test_a_client_that_is_refused_when_it_reconnects_shuts_down_at_the_time_limit(
    caplog: pytest.LogCaptureFixture,
) -> None:
    simulation = Simulation(1, cluster_connect_timeout=10)
    simulation.start()
    simulation.cluster.authentication_status = 1
    simulation.cluster.cut_all()
    simulation.until(lambda: simulation.states[-1] == "SHUTDOWN", 60)
    assert "refused cluster name 'dev' or the credentials" in caplog.text
    simulation.stop()


# --- tokens -------------------------------------------------------------------------------------------------------


def test_the_basic_provider() -> None:
    assert BasicTokenProvider("ä").token() == "ä".encode()
    assert BasicTokenProvider(b"\xff").token(MEMBER) == b"\xff"
    assert BasicTokenProvider().token() == b""
    with pytest.raises(TypeError, match="token must be a string or bytes, not int"):
        BasicTokenProvider(cast("str", 5))
    with pytest.raises(NotImplementedError, match="TokenProvider must define token"):
        TokenProvider().token()


class Counting(TokenProvider):
    """Provides another token for each connection."""

    def __init__(self) -> None:
        self.calls: list[Address | None] = []

    def token(self, address: Address | None = None) -> bytes:
        self.calls.append(address)
        return b"token %d" % len(self.calls)


def tokens(simulation: Simulation) -> list[bytes]:
    """Return the tokens that members got, in order."""
    return [
        request["credentials"]
        for member in simulation.cluster.members
        for request in member.requests
        if request.method == "Client.authenticationCustom"
    ]


def test_a_token_is_asked_for_at_each_authentication() -> None:
    provider = Counting()
    simulation = Simulation(1, token_provider=provider, creds_username="user", creds_password="x")
    simulation.start()
    simulation.cluster.cut_all()
    simulation.until(lambda: len(tokens(simulation)) == 2)
    simulation.put(1, "x")
    assert tokens(simulation) == [b"token 1", b"token 2"]
    assert provider.calls == [MEMBER, MEMBER]
    assert simulation.cluster.members[0].count("Client.authentication") == 0
    simulation.stop()


@pytest.mark.parametrize(
    "token", [b"t", bytearray(b"t"), memoryview(b"t")], ids=lambda token: type(token).__name__
)
def test_bytes_of_any_kind_are_tokens(token: Any) -> None:
    provider = mock.Mock(spec=["token"])
    provider.token.return_value = token
    with Simulation(1, token_provider=provider) as simulation:
        assert tokens(simulation) == [b"t"]
    provider.token.assert_called_once_with(MEMBER)


async def coroutine() -> bytes:
    return b"token"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (lambda: "text", "returned an object of type str"),
        (lambda: None, "returned an object of type NoneType"),
        (coroutine, "returned an object of type coroutine"),
    ],
)
def test_what_is_no_token(answer: Callable[[], Any], why: str) -> None:
    provider = mock.Mock(spec=["token"])
    provider.token.side_effect = lambda address: answer()
    error = refusal(token_provider=provider)
    assert type(error) is AuthenticationError
    assert f"token_provider {why} for the member at {MEMBER}: its token(address) must return bytes" in str(
        error
    )


def test_a_provider_that_fails_is_asked_again() -> None:
    provider = mock.Mock(spec=["token"])
    provider.token.side_effect = [OSError("no token server"), b"token"]
    with Simulation(1, token_provider=provider) as simulation:
        assert tokens(simulation) == [b"token"]
    provider.token.side_effect = OSError("no token server")
    error = refusal(token_provider=provider)
    assert str(error) == f"token_provider has no token for the member at {MEMBER}: OSError: no token server"
    assert isinstance(error.__cause__, OSError)


@pytest.mark.parametrize("size", [3000, 5000])
def test_a_token_that_is_too_large_is_told(size: int, caplog: pytest.LogCaptureFixture) -> None:
    with Simulation(1, token_provider=BasicTokenProvider(b"x" * size)):
        assert ("members close the connection on more than 4096" in caplog.text) == (size > 4096)


class Waiting(TokenProvider):
    """Provides the first token at once, and each other one when it is let."""

    def __init__(self) -> None:
        self.asked, self.let = threading.Event(), threading.Event()
        self.let.set()
        self.threads: list[str] = []

    def token(self, address: Address | None = None) -> bytes:
        self.threads.append(threading.current_thread().name)
        self.asked.set()
        assert self.let.wait(PATIENCE)
        return b"token"


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_provider_that_takes_long_stops_nobody_else(driver: str) -> None:
    """Neither the other connection, nor the I/O side."""
    provider = Waiting()
    members = SocketCluster(2)
    try:
        surface = make(driver, 0, cluster_members=members.addresses, token_provider=provider)
        try:
            first, second = members.cluster.members
            surface.until(lambda: members.do(lambda: first.sessions and second.sessions))
            provider.asked.clear()
            provider.let.clear()
            members.do(second.cut_all)
            surface.until(provider.asked.is_set)
            for _ in range(10):
                surface.result(surface.submit(surface.ops.put(0, "value")))
                surface.result(surface.begin(pause()))
            provider.let.set()
            surface.result(surface.submit(surface.ops.put(1, "value")))
        finally:
            provider.let.set()
            surface.close()
    finally:
        members.stop()
    assert len(provider.threads) == 3
    assert all(name.endswith("-background") for name in provider.threads)


def pause() -> Flow[None]:
    """Wait for the I/O side."""
    yield Sleep(0.001)


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_provider_that_never_returns_costs_no_more_than_the_time_limit(driver: str) -> None:
    provider = Waiting()
    provider.let.clear()
    members = SocketCluster(1)
    try:
        text = why_not(driver, members.addresses[0], 0.2, token_provider=provider)
        assert "did not complete the authentication within 0.4 s (twice connection_timeout)" in text
    finally:
        provider.let.set()
        members.stop()


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_provider_that_would_end_its_thread(driver: str) -> None:
    provider = mock.Mock(spec=["token"])
    provider.token.side_effect = SystemExit
    members = SocketCluster(1)
    try:
        assert "raised SystemExit" in why_not(driver, members.addresses[0], token_provider=provider)
    finally:
        members.stop()


def test_calls_that_do_not_return_are_limited() -> None:
    let, ended = threading.Event(), threading.Semaphore(0)
    told: list[Callable[[], None]] = []

    def tell(callback: Callable[[], None]) -> None:
        told.append(callback)
        ended.release()

    calls = BackgroundCalls("test-background", tell)
    outcomes = [Outcome() for _ in range(MOST + 1)]
    for outcome in outcomes:
        calls.run(lambda: let.wait(PATIENCE), outcome)
    told.pop()()
    assert "32 calls of functions that may wait" in str(outcomes[MOST].error)
    outcomes[0].cancel()
    let.set()
    for _ in range(MOST + 1):
        assert ended.acquire(timeout=PATIENCE)
    for callback in told:
        callback()
    assert [outcome.times for outcome in outcomes] == [0, *[1] * MOST]
    late = Outcome()
    calls.run(lambda: "again", late)
    assert ended.acquire(timeout=PATIENCE)
    told[-1]()
    assert late.result == "again"


def test_a_system_without_threads_to_spare(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Callable[[], None]] = []
    calls = BackgroundCalls("test-background", told.append)
    outcome = Outcome()
    with monkeypatch.context() as patch:
        patch.setattr(
            threading.Thread, "start", mock.Mock(side_effect=RuntimeError("can't start new thread"))
        )
        calls.run(lambda: "never called", outcome)
    told.pop()()
    assert "can't start new thread" in str(outcome.error)


def test_a_call_that_returns_after_its_event_loop_was_closed() -> None:
    """Nobody is told, and nothing is raised in the thread."""
    tried = threading.Event()

    def closed(callback: Callable[[], None]) -> None:
        tried.set()
        raise RuntimeError("Event loop is closed")

    outcome = Outcome()
    BackgroundCalls("test-background", closed).run(lambda: "result", outcome)
    assert tried.wait(PATIENCE)
    assert not outcome.done


# --- credentials of users' classes --------------------------------------------------------------------------------


class Badge(IdentifiedDataSerializable):
    """Credentials for a login module of one's own."""

    def __init__(self, number: int = 0) -> None:
        self.number = number

    def write_data(self, object_data_output: ObjectDataOutput) -> None:
        object_data_output.write_int(self.number)

    def read_data(self, object_data_input: ObjectDataInput) -> None:
        self.number = object_data_input.read_int()

    def get_factory_id(self) -> int:
        return 7

    def get_class_id(self) -> int:
        return 8


@pytest.mark.parametrize("credentials", [Badge(4711), lambda: Badge(4711)], ids=["object", "function"])
def test_credentials_are_serialized(credentials: Any) -> None:
    reader = SerializationService(SerializationConfig(data_serializable_factories={7: {8: Badge}}))
    with Simulation(1, token_provider=CredentialsProvider(credentials)) as simulation:
        (data,) = tokens(simulation)
    badge = reader.to_object(data)
    assert isinstance(badge, Badge)
    assert badge.number == 4711


def test_options_of_serialization_hold_for_credentials() -> None:
    little = CredentialsProvider(Badge(1), is_big_endian=False).token()
    assert little.endswith(b"\1\0\0\0")
    with pytest.raises(TypeError, match="credentials must be an object to serialize"):
        CredentialsProvider(None)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda made: pickle.loads(pickle.dumps(made))])
def test_providers_are_copied_with_their_configuration(
    copied: Callable[[Any], Any], kerberos: mock.Mock
) -> None:
    for provider in (
        BasicTokenProvider("t"),
        CredentialsProvider({"pin": 4711}, is_big_endian=False),
        KerberosTokenProvider("ann", password="secret"),
    ):
        made = copied(ClientConfig.from_kwargs(token_provider=provider)).token_provider
        assert type(made) is type(provider)
        assert made is not provider
        assert made.token(MEMBER) == provider.token(MEMBER)
    assert kerberos.call_args_list[0] == kerberos.call_args_list[1]


# --- Kerberos -----------------------------------------------------------------------------------------------------


@pytest.fixture
def kerberos(monkeypatch: pytest.MonkeyPatch) -> mock.Mock:
    """A stand-in for the Kerberos library, with the signature of `pyspnego`."""
    made: mock.Mock = mock.create_autospec(spnego.client)
    made.return_value.step.return_value = b"ticket"
    monkeypatch.setattr(spnego, "client", made)
    return made


def test_a_ticket_for_each_member(kerberos: mock.Mock) -> None:
    with Simulation(1, token_provider=KerberosTokenProvider()) as simulation:
        assert tokens(simulation) == [b"ticket"]
    kerberos.assert_called_once_with(None, hostname="10.0.0.1", service="hz", protocol="kerberos")


def test_who_the_client_is(kerberos: mock.Mock) -> None:
    principal = "app@EXAMPLE.COM"
    KerberosTokenProvider(principal, hostname="cluster.test", service="grid").token(MEMBER)
    kerberos.assert_called_with(principal, hostname="cluster.test", service="grid", protocol="kerberos")
    KerberosTokenProvider(principal, keytab="/etc/app.keytab").token(MEMBER)
    assert kerberos.call_args.args == (spnego.KerberosKeytab("/etc/app.keytab", principal),)
    for password in ("secret", lambda: "secret"):
        KerberosTokenProvider(principal, password=password).token(MEMBER)
        assert kerberos.call_args.args == (spnego.Password(principal, "secret"),)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"keytab": "k", "password": "p", "principal": "a"}, "keytab and password: give one of them"),
        ({"keytab": "k"}, "keytab or password without principal"),
        ({"password": "p"}, "keytab or password without principal"),
    ],
)
def test_arguments_that_contradict_each_other(arguments: dict[str, str], why: str) -> None:
    with pytest.raises(InvalidConfigurationError, match=why):
        KerberosTokenProvider(**arguments)


def test_no_ticket(kerberos: mock.Mock) -> None:
    kerberos.return_value.step.side_effect = spnego.exceptions.NoCredentialError(context_msg="expired")
    error = refusal(token_provider=KerberosTokenProvider("app", password="secret"))
    assert type(error) is AuthenticationError
    assert "Kerberos issued no ticket for the service hz/10.0.0.1 to app: NoCredentialError" in str(error)
    assert "secret" not in str(error)
    kerberos.return_value.step.side_effect = None
    kerberos.return_value.step.return_value = None
    with pytest.raises(AuthenticationError, match=r"empty ticket for the service hz/10\.0\.0\.1"):
        KerberosTokenProvider().token(MEMBER)
    with pytest.raises(AuthenticationError, match="there is no address"):
        KerberosTokenProvider().token()


def test_the_library_of_the_system_is_missing() -> None:
    """The extra installs it; this environment has the part alone that is pure Python."""
    assert "gssapi" not in sys.modules
    with pytest.raises(
        AuthenticationError, match=r"issued no ticket.*to the principal of the credential cache"
    ):
        KerberosTokenProvider().token(MEMBER)


def test_pyspnego_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "spnego", None)
    with pytest.raises(InvalidConfigurationError, match=r"install hz-client\[kerberos\]"):
        KerberosTokenProvider()
