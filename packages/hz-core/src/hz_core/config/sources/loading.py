"""Puts the sources together, in the order of their precedence."""

import os
from collections.abc import Mapping as Variables
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from hz_core.config.option import Options
from hz_core.config.sources.environment import environment_tree
from hz_core.config.sources.files import find_file, read_file
from hz_core.config.sources.reading import Reading, places
from hz_core.config.sources.tree import merged
from hz_core.config.sources.url import url_options
from hz_core.errors import InvalidConfigurationError
from hz_core.log import get_logger

C = TypeVar("C", bound=Options)

_logger = get_logger("config")


@dataclass(frozen=True, slots=True)
class Loaded:
    """What sources say.

    Attributes:
        reading: What is in a file and in the environment.
        options: What is in a URL.
    """

    reading: Reading
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def places(self) -> dict[str, str]:
        """Where each option was set."""
        return {**places(self.reading.settings), **dict.fromkeys(self.options, "URL")}

    def apply(self, config: C) -> C:
        """Set the options in ``config``, and return it.

        Raises:
            InvalidConfigurationError: A value is out of range; the error names its option and place.
        """
        self.reading.apply(config)
        for option, value in self.options.items():
            try:
                setattr(config, option, value)
            except (TypeError, ValueError) as error:
                raise InvalidConfigurationError(f"URL of the cluster: {error}") from None
        return config

    def warn(self) -> None:
        """Log what is ignored."""
        for note in self.reading.notes:
            _logger.warning("%s", note)


def from_file(path: str | Path, variables: Variables[str, str] | None = None) -> Loaded:
    """Read a file.

    Raises:
        InvalidConfigurationError: It cannot be read, or is not valid.
    """
    return Loaded(Reading.of(read_file(path, os.environ if variables is None else variables)))


def from_environment(variables: Variables[str, str] | None = None) -> Loaded:
    """Read environment variables.

    Raises:
        InvalidConfigurationError: A variable that begins with ``HZCLIENT_`` is not valid.
    """
    return Loaded(Reading.of(environment_tree(os.environ if variables is None else variables)))


def from_url(url: str) -> Loaded:
    """Read a URL.

    Raises:
        InvalidConfigurationError: It is not valid.
    """
    return Loaded(Reading(), url_options(url))


def from_everywhere(
    path: str | Path | None, url: str | None, variables: Variables[str, str] | None = None
) -> Loaded:
    """Read a file (None: the one that is found, if any), environment variables over it, and the URL over both.

    Raises:
        InvalidConfigurationError: One of them is not valid.
    """
    variables = os.environ if variables is None else variables
    file = find_file(variables) if path is None else path
    tree = environment_tree(variables)
    if file is not None:
        tree = merged(read_file(file, variables), tree)
    return Loaded(Reading.of(tree), {} if url is None else url_options(url))
