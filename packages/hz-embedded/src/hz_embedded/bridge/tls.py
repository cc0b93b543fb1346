"""TLS on the Java side of the bridge, set up with key stores through the first gateway of the JVM."""

from pathlib import Path
from typing import Any

from hz_embedded.bridge.options import BridgeTls
from hz_embedded.errors import ConfigurationError


def ssl_context(gateway: Any, tls: BridgeTls) -> Any:
    """Return a ``javax.net.ssl.SSLContext`` with the JVM's certificate and the certificates that it trusts.

    Raises:
        ConfigurationError: A key store cannot be read.
    """
    view = gateway.jvm
    keys = view.javax.net.ssl.KeyManagerFactory.getInstance(
        view.javax.net.ssl.KeyManagerFactory.getDefaultAlgorithm()
    )
    password = _characters(gateway, tls.key_store_password)
    keys.init(_key_store(gateway, tls.key_store, password), password)
    trusted = None
    if tls.trust_store is not None:
        store = _key_store(gateway, tls.trust_store, _characters(gateway, tls.trust_store_password))
        trust = view.javax.net.ssl.TrustManagerFactory.getInstance(
            view.javax.net.ssl.TrustManagerFactory.getDefaultAlgorithm()
        )
        trust.init(store)
        trusted = trust.getTrustManagers()
    context = view.javax.net.ssl.SSLContext.getInstance("TLS")
    context.init(keys.getKeyManagers(), trusted, None)
    return context


def _key_store(gateway: Any, path: Path, password: Any) -> Any:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"the key store {path} for TLS cannot be read: {error}") from error
    store = gateway.jvm.java.security.KeyStore.getInstance("PKCS12")
    store.load(gateway.jvm.java.io.ByteArrayInputStream(content), password)
    return store


def _characters(gateway: Any, text: str) -> Any:
    """Return a Java ``char[]``; py4j passes strings by value, so ``toCharArray`` cannot be called."""
    builder = gateway.jvm.java.lang.StringBuilder(text)
    length = builder.length()
    characters = gateway.new_array(gateway.jvm.char, length)
    builder.getChars(0, length, characters, 0)
    return characters
