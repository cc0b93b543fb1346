"""The command ``python -m hazelcast.config check``: is a configuration valid, and what are its options?"""

import argparse
import sys
from collections.abc import Sequence
from typing import Any, Final

from hz_core.addresses import all_candidates
from hz_core.config.client import ClientConfig
from hz_core.config.option import SECRETS
from hz_core.config.sources import loading
from hz_core.errors import HazelcastError

VALID: Final = 0
INVALID: Final = 1

_DESCRIPTION: Final = """
Check the configuration of clients, and print the effective options with the place of each; secrets are masked.
"""
_EPILOG: Final = "Exit codes: 0 valid, 1 not valid (the reason is on stderr), 2 wrong arguments."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with ``arguments``, those of the process by default, and return its exit code."""
    parser = argparse.ArgumentParser("python -m hazelcast.config", description=_DESCRIPTION, epilog=_EPILOG)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    check = commands.add_parser(
        "check", help="check a configuration", description=_DESCRIPTION, epilog=_EPILOG
    )
    check.add_argument(
        "file",
        nargs="?",
        help="YAML or XML; the one that Config.load finds, and the environment, if left out",
    )
    check.add_argument("--env", action="store_true", help="with the environment variables HZCLIENT_...")
    check.add_argument("--url", help="with a URL, hazelcast://...")
    parsed = parser.parse_args(arguments)
    try:
        loaded = _loaded(parsed.file, parsed.env, parsed.url)
        config = loaded.apply(ClientConfig())
        all_candidates(config.cluster_members)
        config.check_available(near_caches=True)
    except HazelcastError as error:
        print(f"not valid: {error}", *getattr(error, "__notes__", ()), sep="\n", file=sys.stderr)
        return INVALID
    for note in loaded.reading.notes:
        print(f"warning: {note}", file=sys.stderr)
    for line in _lines(config, loaded.places):
        print(line)
    return VALID


def _loaded(file: str | None, env: bool, url: str | None) -> loading.Loaded:
    if file is None or env:
        return loading.from_everywhere(file, url)
    loaded = loading.from_file(file)
    return loading.Loaded(loaded.reading, {} if url is None else loading.from_url(url).options)


def _lines(config: ClientConfig, places: dict[str, str]) -> list[str]:
    lines = []
    for name in ClientConfig.options():
        value: Any = getattr(config, name)
        shown = "***" if name in SECRETS and value is not None else repr(value)
        lines.append(f"{name} = {shown}  # {places.get(name, 'default')}")
    return lines
