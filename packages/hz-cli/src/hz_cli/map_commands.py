"""The commands ``hz map``: entries, and whole maps."""

import json
import os
from pathlib import Path
from typing import Any, Final

import click

import hazelcast
from hz_cli.connecting import Connection, F, connection_options
from hz_cli.errors import FAILED, OK, USAGE, CommandError
from hz_cli.records.formats import format_of, pyarrow
from hz_cli.transfer.checkpoint import Checkpoint
from hz_cli.transfer.dumping import Dumper, check_writable
from hz_cli.transfer.entries import EntryMaker
from hz_cli.transfer.loading import Loader
from hz_cli.transfer.progress import progress_bar
from hz_cli.values import TYPES, parse, to_json, to_text


@click.group("map", short_help="Read and write entries; dump and load whole maps.")
def command() -> None:
    """Read and write the entries of a map, one by one or all of them.

    Keys and values have types, because a member finds a key by its bytes: the number 1 is another key than the text 1.
    The type 'auto' takes what looks like a number, true, false or JSON as such, and anything else as text; 'int' has 32
    bits, 'long' 64. The others are str, short, byte, float, double, bool, decimal, date, time, timestamp, uuid, json
    and bytes (Base64).
    """


_TYPE: Final = click.Choice(list(TYPES))


def _key_type(command: F) -> F:
    option = click.option(
        "--key-type", type=_TYPE, metavar="TYPE", default="auto", show_default=True, help="Type of keys."
    )
    return option(command)


def _argument(text: str, type_name: str, what: str) -> Any:
    try:
        found = parse(text, type_name, what)
    except ValueError as error:
        raise CommandError(str(error), f"the types are {', '.join(TYPES)}", USAGE) from error
    if found is None:
        raise CommandError(f"the {what} is empty", f"use --{what}-type str for an empty text", USAGE)
    return found


@command.command()
@connection_options
@click.argument("map_name", metavar="MAP")
@click.argument("key")
@_key_type
@click.option("--json", "as_json", is_flag=True, help="Print JSON, also for texts.")
def get(connection: Connection, map_name: str, key: str, key_type: str, as_json: bool) -> int:
    """Print the value of KEY; end with 1 if there is none."""
    wanted = _argument(key, key_type, "key")
    with connection.client() as client:
        value = client.get_map(map_name).blocking().get(wanted)
    if value is None:
        raise CommandError(
            f"map {map_name} has no key {key} of type {key_type}",
            f"the type must be that of the program that wrote it, such as --key-type {_other(key_type)}",
        )
    click.echo(json.dumps(to_json(value), ensure_ascii=False) if as_json else to_text(value))
    return OK


def _other(key_type: str) -> str:
    return "long" if key_type in ("auto", "int") else "str"


@command.command()
@connection_options
@click.argument("map_name", metavar="MAP")
@click.argument("key")
@click.argument("value")
@_key_type
@click.option(
    "--value-type", type=_TYPE, metavar="TYPE", default="auto", show_default=True, help="Type of the value."
)
@click.option("--ttl", type=click.FloatRange(min=0), metavar="SECONDS", help="How long the entry lives.")
def put(
    connection: Connection,
    map_name: str,
    key: str,
    value: str,
    key_type: str,
    value_type: str,
    ttl: float | None,
) -> int:
    """Put an entry; print the value that KEY had before, if there was one."""
    entry = _argument(key, key_type, "key"), _argument(value, value_type, "value")
    with connection.client() as client:
        before = client.get_map(map_name).blocking().put(*entry, ttl=ttl)
    if before is not None:
        click.echo(to_text(before))
    return OK


@command.command()
@connection_options
@click.argument("map_name", metavar="MAP")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--format",
    type=click.Choice(["csv", "jsonl", "parquet"]),
    help="Format of FILE, unless its name says it.",
)
@click.option("--key-column", default="key", show_default=True, help="Name of the column that gets the keys.")
@click.option(
    "--page-size",
    type=click.IntRange(1, 100_000),
    default=1000,
    show_default=True,
    help="Entries read from a partition at once.",
)
@click.option("--restart", is_flag=True, help="Begin anew, whatever is there of an interrupted dump.")
def dump(
    connection: Connection,
    map_name: str,
    file: Path,
    format: str | None,
    key_column: str,
    page_size: int,
    restart: bool,
) -> int:
    """Write all entries of MAP to FILE: .csv, .jsonl or .parquet.

    Objects (JSON, Compact) get a column for each field in CSV and Parquet; JSON lines keep them as they are. An
    interrupted dump into CSV or JSON lines goes on where it was when the command is repeated.
    """
    chosen = format_of(file, format, ("csv", "jsonl", "parquet"))
    if chosen == "parquet":
        pyarrow()
    check_writable(file)
    with connection.client() as client:
        partitions = client.partition_service.get_partition_count()
        job = {
            "map": map_name,
            "cluster": _cluster(client),
            "partitions": partitions,
            "key_column": key_column,
        }
        checkpoint = Checkpoint(file.with_name(f"{file.name}.progress"), job)
        progress = None if restart else checkpoint.read()
        if progress is not None:
            click.echo(f"going on after {progress['rows']} entries", err=True)
        source = _existing(client, map_name).blocking()
        dumper = Dumper(source, partitions, file, chosen, checkpoint, key_column, page_size)
        with progress_bar(f"dump {map_name}") as report:
            count = dumper.dump(progress, report)
    click.echo(f"{count} entries written to {file}", err=True)
    return OK


def _existing(client: hazelcast.HazelcastClient, map_name: str) -> Any:
    infos = client.get_distributed_objects()
    names = sorted(found.name for found in infos if found.service_name == "hz:impl:mapService")
    if map_name not in names:
        shown = [name for name in names if not name.startswith("__")]
        raise CommandError(
            f"the cluster has no map {map_name}", f"it has {', '.join(shown[:20]) or 'none'}", FAILED
        )
    return client.get_map(map_name)


def _cluster(client: hazelcast.HazelcastClient) -> str | None:
    return client.diagnostics().cluster_id


@command.command(short_help="Put the rows of FILE into MAP: .csv, .json, .jsonl or .parquet.")
@connection_options
@click.argument("map_name", metavar="MAP")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--format",
    type=click.Choice(["csv", "json", "jsonl", "parquet"]),
    help="Format of FILE, unless its name says it.",
)
@click.option(
    "--key-column", default="key", show_default=True, help="Name of the column that holds the keys."
)
@_key_type
@click.option(
    "--value-type",
    type=_TYPE,
    metavar="TYPE",
    default="auto",
    show_default=True,
    help="Type of values, if 'value' is the only other column; several columns become a JSON object.",
)
@click.option("--type", "types", multiple=True, metavar="COLUMN=TYPE", help="Type of a column; repeatable.")
@click.option("--ttl", type=click.FloatRange(min=0), metavar="SECONDS", help="How long entries live.")
@click.option(
    "--batch", type=click.IntRange(1, 100_000), default=1000, show_default=True, help="Rows put at once."
)
@click.option("--restart", is_flag=True, help="Begin anew, whatever was loaded before an interruption.")
def load(
    connection: Connection,
    map_name: str,
    file: Path,
    format: str | None,
    key_column: str,
    key_type: str,
    value_type: str,
    types: tuple[str, ...],
    ttl: float | None,
    batch: int,
    restart: bool,
) -> int:
    """Put the rows of FILE into MAP: CSV with a header, JSON (an array), JSON lines, or Parquet.

    An interrupted load goes on where it was when the command is repeated.
    """
    chosen = format_of(file, format)
    maker = EntryMaker(key_column, key_type, value_type, _types(types), texts=chosen == "csv")
    stat = os.stat(file)
    with connection.client() as client:
        job = {
            "map": map_name,
            "cluster": _cluster(client),
            "size": stat.st_size,
            "changed": stat.st_mtime_ns,
            "format": chosen,
        }
        checkpoint = Checkpoint(file.with_name(f"{file.name}.progress"), job)
        progress = None if restart else checkpoint.read()
        skip = 0 if progress is None else int(progress["rows"])
        if skip:
            click.echo(f"going on after {skip} rows", err=True)
        loader = Loader(client.get_map(map_name), maker, checkpoint, ttl)
        with progress_bar(f"load {map_name}") as report:
            count = loader.load(file, chosen, batch, skip, report)
    click.echo(f"{count} rows of {file} are in map {map_name}", err=True)
    return OK


def _types(texts: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for text in texts:
        column, equals, name = text.rpartition("=")
        if not equals or name not in TYPES:
            raise CommandError(
                f"--type {text} is not COLUMN=TYPE", f"the types are {', '.join(TYPES)}", USAGE
            )
        found[column] = name
    return found
