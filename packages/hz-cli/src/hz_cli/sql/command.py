"""The command ``hz sql``."""

import sys
from pathlib import Path
from typing import Any, Final

import click

import hazelcast
from hz_cli.connecting import Connection, connection_options
from hz_cli.errors import USAGE, CommandError
from hz_cli.records.formats import FORMATS, format_of
from hz_cli.sql.running import SHOWN, Runner, Settings, rows_text
from hz_cli.sql.screen import Screen
from hz_cli.sql.statements import split
from hz_cli.values import guessed

_EXAMPLES: Final = """\b
Examples:
  hz sql
  hz sql "SELECT * FROM prices WHERE this > ?" -p 100
  hz sql "SELECT * FROM prices" -o prices.parquet
"""


@click.command("sql", short_help="SQL: an interactive shell, single statements, exports.", epilog=_EXAMPLES)
@connection_options
@click.argument("statements", nargs=-1, metavar="[STATEMENT]...")
@click.option(
    "-f",
    "--file",
    type=click.File("r", encoding="utf-8"),
    help="Execute the statements of a file; - for the standard input.",
)
@click.option("-p", "--param", "params", multiple=True, help="Value of a ? in the statement; repeatable.")
@click.option("--format", type=click.Choice([*SHOWN, "parquet"]), help="How rows are shown or written.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the rows to a file: .csv, .json, .jsonl or .parquet.",
)
@click.option("-n", "--max-rows", type=click.IntRange(min=1), help="Read no more than so many rows.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="How long a statement may take; 0 for any time.",
)
@click.option(
    "--page-rows",
    type=click.IntRange(min=1),
    default=4096,
    show_default=True,
    help="Rows fetched from the member at once.",
)
@click.option("--timing", is_flag=True, help="Show how long each statement takes.")
@click.option("--no-pager", is_flag=True, help="Do not stop after each screen of rows.")
def command(
    connection: Connection,
    statements: tuple[str, ...],
    file: Any,
    params: tuple[str, ...],
    format: str | None,
    output: Path | None,
    max_rows: int | None,
    timeout: float | None,
    page_rows: int,
    timing: bool,
    no_pager: bool,
) -> None:
    """Execute SQL statements; without any, open a shell.

    Statements come from the arguments, a file, or the standard input if that is no terminal; several are separated by
    semicolons. Members need the SQL module and Jet, as those of `hz start` have.
    """
    texts = list(statements)
    if file is not None:
        texts.append(file.read())
    elif not texts and not sys.stdin.isatty():
        texts.append(sys.stdin.read())
    script = _script(texts)
    if format == "parquet" and output is None:
        raise CommandError("Parquet is written to files only", "add --output FILE", USAGE)
    if (output is not None or params) and len(script) != 1:
        raise CommandError(
            f"--output and --param need exactly one statement, not {len(script)}", "give one statement", USAGE
        )
    file_format = format_of(output, format, FORMATS) if output is not None else None
    settings = Settings(
        format=format or "table",
        timing=timing,
        timeout=-1 if timeout is None else timeout,
        page_rows=page_rows,
        most_rows=max_rows,
    )
    interactive = not texts
    screen = Screen(paging=interactive and sys.stdout.isatty() and not no_pager)
    with connection.client() as client:
        runner = Runner(client.sql.blocking(), screen, settings)
        if interactive:
            _interact(client, runner)
        elif output is not None and file_format is not None:
            count = runner.export(script[0], output, file_format, [guessed(text) for text in params])
            click.echo(f"{rows_text(count)} written to {output}", err=True)
        else:
            for statement in script:
                runner.show(statement, [guessed(text) for text in params])


def _script(texts: list[str]) -> list[str]:
    found: list[str] = []
    for text in texts:
        parts = split(text)
        if parts.is_open:
            raise CommandError(f"a quote or comment is not closed: …{parts.rest[-60:]}", "close it", USAGE)
        found += [*parts.statements, *filter(None, [parts.rest])]
    return found


def _interact(client: hazelcast.HazelcastClient, runner: Runner) -> None:
    from hz_cli.sql.catalog import Catalog
    from hz_cli.sql.shell import Shell, new_session

    members = client.cluster_service.get_members()
    name = client.config.cluster_name
    count = f"{len(members)} member{'' if len(members) == 1 else 's'}"
    version = max(member.version for member in members)
    click.echo(f"Cluster {name}: {count}, Hazelcast {version}. Type \\help for help, \\quit to end.")
    catalog = Catalog(runner.rows)
    Shell(runner, catalog).run(new_session(catalog, name))
