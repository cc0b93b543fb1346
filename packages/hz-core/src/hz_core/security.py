"""What programs prove their identity with to clusters with security, besides user name and password."""

from collections.abc import Callable
from functools import partial
from typing import Any

from hz_core.errors import AuthenticationError, InvalidConfigurationError
from hz_core.model import Address
from hz_serialization import SerializationConfig, SerializationService
from hz_serialization.public_names import publish

__all__ = ["BasicTokenProvider", "CredentialsProvider", "KerberosTokenProvider", "TokenProvider"]


class TokenProvider:
    """Base class of what provides the tokens that a client authenticates with (option ``token_provider``).

    ``token`` is called for each new connection, also when the client reconnects, so that a token may expire. It is
    called on a thread of its own, by several threads at a time, and may wait, for example for a token server.
    """

    def token(self, address: Address | None = None) -> bytes:
        """Return the token.

        Args:
            address: The address of the member that the token is for.

        Raises:
            Exception: There is no token now. The attempt to connect fails, and the client tries again as the options
                for retries say.
        """
        raise NotImplementedError(f"{type(self).__name__} must define token")

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"


class BasicTokenProvider(TokenProvider):
    """Provides the same token always.

    Args:
        token: The token; text is encoded as UTF-8.

    Raises:
        TypeError: ``token`` is neither text nor bytes.
    """

    def __init__(self, token: str | bytes = "") -> None:
        if isinstance(token, str):
            self._token = token.encode()
        elif isinstance(token, bytes):
            self._token = token
        else:
            raise TypeError(f"token must be a string or bytes, not {type(token).__name__}")

    def token(self, address: Address | None = None) -> bytes:
        """Return the token, the same for every address."""
        return self._token

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other._token == self._token

    def __hash__(self) -> int:
        return hash(self._token)


class CredentialsProvider(TokenProvider):
    """Provides credentials of a class of your own, serialized, for a login module of yours on the members.

    They are serialized before the client is connected, and so by Portable, IdentifiedDataSerializable, or a custom
    serializer. Compact does not work here: its schemas are sent over connections.

    Args:
        credentials: The credentials, or a function without arguments that returns them, called for each connection.
        **options: The options of the client for serialization, such as ``portable_factories``.

    Raises:
        TypeError: ``credentials`` is None, or an option has a wrong type.
    """

    def __init__(self, credentials: Any, **options: Any) -> None:
        if credentials is None:
            raise TypeError(
                "credentials must be an object to serialize, or a function that returns one, not None"
            )
        self._credentials = credentials
        self._options = options
        self._service = SerializationService(SerializationConfig(**options))

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), self._credentials, **self._options), ()

    def token(self, address: Address | None = None) -> bytes:
        """Return the bytes of the serialized credentials."""
        credentials = self._credentials
        return self._service.to_data(credentials() if callable(credentials) else credentials)


class KerberosTokenProvider(TokenProvider):
    """Provides Kerberos tickets for the members. Needs the extra ``kerberos`` (the package ``pyspnego``).

    The ticket is for the service ``hz/HOST`` by default; HOST is the host of the member as the client addresses it.

    Args:
        principal: Who the client is, such as ``"app@EXAMPLE.COM"``; None for whom the credential cache is (``kinit``).
        keytab: File with the keys of ``principal``; None for the credential cache.
        password: Password of ``principal``, instead of ``keytab``, or a function without arguments that returns it.
        service: First part of the name of the service.
        hostname: Second part of the name of the service, the same for all members; None for the host of each.

    Raises:
        InvalidConfigurationError: ``pyspnego`` is not installed; or the arguments contradict each other.
    """

    def __init__(
        self,
        principal: str | None = None,
        *,
        keytab: str | None = None,
        password: str | Callable[[], str] | None = None,
        service: str = "hz",
        hostname: str | None = None,
    ) -> None:
        if keytab is not None and password is not None:
            raise InvalidConfigurationError("keytab and password: give one of them")
        if principal is None and (keytab is not None or password is not None):
            raise InvalidConfigurationError(
                "keytab or password without principal: give the principal that they belong to"
            )
        _spnego()
        self._principal = principal
        self._keytab = keytab
        self._password = password
        self._service = service
        self._hostname = hostname

    def token(self, address: Address | None = None) -> bytes:
        """Return a ticket for the member at ``address``.

        Raises:
            AuthenticationError: Kerberos issues no ticket.
        """
        host = self._hostname or (address.host if address is not None else None)
        if not host:
            raise AuthenticationError("there is no address, and so no service to ask Kerberos for")
        service = f"{self._service}/{host}"
        try:
            context = _spnego().client(
                self._identity(), hostname=host, service=self._service, protocol="kerberos"
            )
            ticket: bytes | None = context.step()
        except Exception as e:  # of pyspnego, or of the library below it
            raise AuthenticationError(
                f"Kerberos issued no ticket for the service {service}"
                f" to {self._principal or 'the principal of the credential cache'}: {type(e).__name__}: {e}"
            ) from e
        if not ticket:
            raise AuthenticationError(f"Kerberos returned an empty ticket for the service {service}")
        return ticket

    def _identity(self) -> Any:
        if self._keytab is not None:
            return _spnego().KerberosKeytab(self._keytab, self._principal)
        if self._password is not None:
            password = self._password
            return _spnego().Password(self._principal, password() if callable(password) else password)
        return self._principal


def _spnego() -> Any:
    try:
        import spnego
    except ImportError as e:
        raise InvalidConfigurationError(
            "Kerberos needs the package pyspnego: install hz-client[kerberos]"
        ) from e
    return spnego


publish(__name__, (globals()[name] for name in __all__))
