"""Which format a file has."""

from pathlib import Path
from types import ModuleType
from typing import Final

from hz_cli.errors import USAGE, CommandError

FORMATS: Final = ("csv", "json", "jsonl", "parquet")
"""The formats of files; ``jsonl`` is one JSON object on each line."""

_SUFFIXES: Final = {
    ".csv": "csv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}


def format_of(path: Path, given: str | None, allowed: tuple[str, ...] = FORMATS) -> str:
    """Return the format of a file: the given one, or what its name says.

    Raises:
        CommandError: The name says nothing, or a format that is not among the allowed ones.
    """
    found = given or _SUFFIXES.get(path.suffix.lower())
    if found is None or found not in allowed:
        names = ", ".join(suffix for suffix, name in _SUFFIXES.items() if name in allowed)
        raise CommandError(
            f"{path}: the name does not say the format", f"end it with {names}, or use --format", USAGE
        )
    return found


def pyarrow() -> ModuleType:
    """Return the package pyarrow with its module ``parquet``.

    Raises:
        CommandError: It is not installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise CommandError(
            f"Parquet needs the package pyarrow ({error})", "pip install 'hz-cli[parquet]'", USAGE
        ) from error
    found: ModuleType = pyarrow
    return found
