"""TLS contexts made of files, which are read again for each connection."""

import ssl
import threading
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final, TypeAlias

from hz_core.config import ClientConfig, SSLProtocol
from hz_core.errors import InvalidConfigurationError

_VERSIONS: Final = {
    SSLProtocol.TLSv1_2: ssl.TLSVersion.TLSv1_2,
    SSLProtocol.TLSv1_3: ssl.TLSVersion.TLSv1_3,
}

_READINGS: Final = 3
"""So often files are read that change meanwhile."""

_State: TypeAlias = tuple[bytes, ...]
"""What tells whether files have changed."""


class TlsContexts:
    """The TLS context of the next connection.

    Files are looked at for each connection, so that renewed certificates need no restart; they are loaded again only
    when they have changed, and connections share a context otherwise.

    Args:
        config: The options, which do not contradict each other.

    Attributes:
        given: The context of the user; without one it must be loaded.

    Raises:
        InvalidConfigurationError: A file cannot be used, so that no connection would succeed.
    """

    def __init__(self, config: ClientConfig) -> None:
        self.given: ssl.SSLContext | None = config.ssl_context
        self._config = config.copy()
        self._lock = threading.Lock()
        self._loaded: tuple[_State, ssl.SSLContext] | None = None
        if self.given is None:
            self.load()
        elif getattr(self.given, "protocol", None) is ssl.PROTOCOL_TLS_SERVER:
            raise InvalidConfigurationError(
                "ssl_context is one for servers (PROTOCOL_TLS_SERVER); clients need PROTOCOL_TLS_CLIENT"
            )

    def load(self) -> ssl.SSLContext:
        """Return the context; load it if the files have changed. Reads files, and may call the user's function.

        Raises:
            InvalidConfigurationError: A file cannot be used; the error names its option.
        """
        if self.given is not None:
            return self.given
        with self._lock:
            before = self._state()
            if self._loaded is not None and self._loaded[0] == before:
                return self._loaded[1]
            for _ in range(_READINGS):
                made = self._make()
                after = self._state()
                if after == before:
                    self._loaded = (after, made)
                    return made
                before = after
        raise InvalidConfigurationError(
            f"{' and '.join(name for name, _ in self._files())}: the files kept changing while they were read"
        )

    def forked(self) -> None:
        """Go on in a forked child, where the thread that has begun to load does not exist."""
        self._lock = threading.Lock()

    def _files(self) -> Iterator[tuple[str, str]]:
        for name in ("ssl_cafile", "ssl_certfile", "ssl_keyfile"):
            path = getattr(self._config, name)
            if path is not None:
                yield name, path

    def _state(self) -> _State:
        found = []
        for name, path in self._files():
            try:
                found.append(sha256(Path(path).read_bytes()).digest())
            except (OSError, ValueError) as e:
                reason = getattr(e, "strerror", None) or e
                raise InvalidConfigurationError(f"{name}: the file {path!r} cannot be read: {reason}") from e
        if self._config.ssl_cafile is None:
            defaults = ssl.get_default_verify_paths()
            places = [Path(place) for place in (defaults.cafile, defaults.capath) if place]
            found += [str(place.stat().st_mtime_ns).encode() for place in places if place.exists()]
        return tuple(found)

    def _make(self) -> ssl.SSLContext:
        config = self._config
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # which verifies certificates and their names
        # Python before 3.11.4 sets it, and then takes a cut connection for one that the member has closed.
        context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
        context.check_hostname = config.ssl_check_hostname
        context.minimum_version = _VERSIONS[config.ssl_protocol]
        if config.ssl_ciphers is not None:
            try:
                context.set_ciphers(config.ssl_ciphers)
            except (ssl.SSLError, ValueError) as e:
                raise InvalidConfigurationError(
                    f"ssl_ciphers: OpenSSL knows no cipher of TLS 1.2 in {config.ssl_ciphers!r}"
                ) from e
        if config.ssl_cafile is None:
            context.load_default_certs()
        else:
            try:
                context.load_verify_locations(config.ssl_cafile)
            except (OSError, ValueError) as e:
                raise InvalidConfigurationError(
                    f"ssl_cafile: no certificates in the format PEM in {config.ssl_cafile!r}: {_reason(e)}"
                ) from e
        if config.ssl_certfile is not None:
            self._load_own(context, config.ssl_certfile, config.ssl_keyfile)
        return context

    def _load_own(self, context: ssl.SSLContext, certfile: str, keyfile: str | None) -> None:
        where = f"ssl_certfile: the file {certfile!r}"
        if keyfile is not None:
            where = f"ssl_certfile and ssl_keyfile: the files {certfile!r} and {keyfile!r}"
        asked = False

        def password() -> str | bytes | bytearray:
            nonlocal asked
            asked = True
            return self._password(keyfile or certfile)

        try:
            # With a function always: without one, OpenSSL would ask for the password on the terminal.
            context.load_cert_chain(certfile, keyfile, password)
        except ssl.SSLError as e:
            if e.reason == "KEY_VALUES_MISMATCH":
                why = "the key is not that of the certificate; while they are replaced, one may be the old one still"
            elif asked:
                why = f"the key cannot be decrypted: check ssl_password ({_reason(e)})"
            else:
                why = f"no certificate and private key in the format PEM ({_reason(e)})"
            raise InvalidConfigurationError(f"{where} cannot be used: {why}") from e
        except (OSError, ValueError, TypeError) as e:
            raise InvalidConfigurationError(f"{where} cannot be used: {_reason(e)}") from e

    def _password(self, path: str) -> str | bytes | bytearray:
        value = self._config.ssl_password
        if value is None:
            raise InvalidConfigurationError(f"the private key in {path!r} is encrypted: set ssl_password")
        if callable(value):
            try:
                value = value()
            except Exception as e:
                raise InvalidConfigurationError(
                    f"ssl_password: the function raised {type(e).__name__}, so the key in {path!r} cannot be decrypted"
                ) from e
        if isinstance(value, str | bytes | bytearray):
            return value
        raise InvalidConfigurationError(
            f"ssl_password: the function must return a string, bytes or bytearray, not {type(value).__name__}"
        )


def _reason(error: Exception) -> str:
    """Return what OpenSSL says, without the names of its source files."""
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None)
    return str(reason or error)
