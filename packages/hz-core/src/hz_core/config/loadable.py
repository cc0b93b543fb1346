"""Options that can come from files, environment variables and a URL."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Self

from hz_core.config.option import Options

if TYPE_CHECKING:
    from pathlib import Path

    from hz_core.config.sources.loading import Loaded


class LoadableOptions(Options):
    """The ways to the options of a client that lead from outside of Python."""

    @classmethod
    def from_file(cls, path: "str | Path", environ: Mapping[str, str] | None = None) -> Self:
        """Return the configuration of a file in YAML or XML, with the keys of ``hazelcast-client``.

        What a client in Python cannot follow is refused; what only tunes others is logged as a warning.

        Args:
            path: The file; its name ends with .yaml, .yml or .xml. YAML needs the extra ``yaml``.
            environ: Variables for placeholders ``${NAME}``; None for those of the process.

        Raises:
            InvalidConfigurationError: The file cannot be read, a key is unknown, or a value does not fit; the error
                names the key and its place.
        """
        from hz_core.config.sources import loading

        return cls._of(loading.from_file(path, environ))

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Return the configuration of environment variables whose names begin with ``HZCLIENT_``.

        Args:
            environ: The variables; None for those of the process. Empty ones are as if they were not there.

        Raises:
            InvalidConfigurationError: A variable stands for no option, or its value does not fit.
        """
        from hz_core.config.sources import loading

        return cls._of(loading.from_environment(environ))

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Return the configuration of a URL, ``hazelcast://user:password@host:5701,other/?cluster_name=shop&tls=true``.

        The query names options as in Python, with durations in seconds; ``tls`` is ``ssl_enabled``, and ``token`` a
        token for authentication. Special characters are written as %XX.

        Raises:
            InvalidConfigurationError: It is not such a URL, or names no option; the error does not quote it.
        """
        from hz_core.config.sources import loading

        return cls._of(loading.from_url(url))

    @classmethod
    def load(
        cls,
        path: "str | Path | None" = None,
        *,
        url: str | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> Self:
        """Return the configuration of a file, of environment variables over it, and of a URL over both.

        Args:
            path: The file; None for the one that ``HAZELCAST_CLIENT_CONFIG`` names, or else a
                ``hazelcast-client.yaml``, ``.yml`` or ``.xml`` in the working folder or in ``~/.hazelcast``, if there
                is one.
            url: The URL; None for none.
            environ: The environment variables; None for those of the process.

        Raises:
            InvalidConfigurationError: One of them is not valid, or a folder has several files.
        """
        from hz_core.config.sources import loading

        return cls._of(loading.from_everywhere(path, url, environ))

    @classmethod
    def _of(cls, loaded: "Loaded") -> Self:
        loaded.warn()
        return loaded.apply(cls())
