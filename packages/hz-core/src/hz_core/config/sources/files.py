"""Reads files, with those that they import, and looks for the file of a client."""

from collections.abc import Mapping as Variables
from contextlib import suppress
from pathlib import Path
from typing import Final

from hz_core.config.sources.environment import substituted
from hz_core.config.sources.schema import IMPORT
from hz_core.config.sources.tree import ROOT, Items, Mapping, Place, Scalar, merged, problem
from hz_core.config.sources.values import INTEGER, Unfit
from hz_core.config.sources.xml_file import read_xml
from hz_core.config.sources.yaml_file import read_yaml
from hz_core.errors import InvalidConfigurationError

VARIABLE: Final = "HAZELCAST_CLIENT_CONFIG"
"""The environment variable that names the file of clients."""

NAMES: Final = ("hazelcast-client.yaml", "hazelcast-client.yml", "hazelcast-client.xml")
"""The names that are looked for in folders."""

FAILOVER_ROOT: Final = "hazelcast-client-failover"
"""The root of a list of clusters."""

HOME_FOLDER: Final = ".hazelcast"
"""The folder in the home folder where a file is looked for."""

LARGEST_FILE: Final = 4 * 1024 * 1024
"""Maximum size of a file in bytes."""

_CLIENTS: Final = "clients"
_TRY_COUNT: Final = "try-count"
_MOST_IMPORTS: Final = 20


def read_file(path: str | Path, variables: Variables[str, str]) -> Mapping:
    """Return the tree of a file, over those of the files that it imports.

    Args:
        path: The file; its suffix says what is in it.
        variables: Environment variables for placeholders.

    Raises:
        InvalidConfigurationError: A file cannot be read, is not valid, or is imported by itself.
    """
    return _read(Path(path), variables, ())


def read_failover(path: str | Path, variables: Variables[str, str]) -> tuple[list[Path], int | None]:
    """Return the files of a list of clusters, ``hazelcast-client-failover``, and how often the list is tried.

    Args:
        path: The file of the list; the files in it are relative to its folder.
        variables: Environment variables for placeholders.

    Raises:
        InvalidConfigurationError: The file cannot be read, or is not such a list.
    """
    path = Path(path)
    tree = substituted(_document(path, FAILOVER_ROOT), variables)
    for key, place, _ in tree:
        if key not in (_CLIENTS, _TRY_COUNT):
            raise problem(place, key, f"is not a known key; there are {_CLIENTS} and {_TRY_COUNT}")
    clients = tree.entries.get(_CLIENTS)
    names = (
        [item.text for item in clients.items if isinstance(item, Scalar)]
        if isinstance(clients, Items)
        else []
    )
    if not names or not isinstance(clients, Items) or len(names) != len(clients.items) or not all(names):
        raise problem(
            tree.places.get(_CLIENTS, tree.place), _CLIENTS, "must be a list of files, at least one"
        )
    count = tree.entries.get(_TRY_COUNT)
    try:
        tries = None if count is None else INTEGER.of_node(count)
    except Unfit as unfit:
        raise problem(tree.places[_TRY_COUNT], _TRY_COUNT, unfit.text(False)) from None
    return [path.parent / name for name in names], tries


def _document(path: Path, root: str) -> Mapping:
    """Return the tree of a file alone."""
    shown = str(path)
    suffix = path.suffix.lower()
    if suffix not in (".yaml", ".yml", ".xml"):
        raise problem(Place(shown), "", "the name of a configuration file must end with .yaml, .yml or .xml")
    data = _bytes(path)
    if suffix == ".xml":
        return read_xml(data, shown, root=root)
    try:
        return read_yaml(data.decode("utf-8-sig"), shown, root=root)
    except UnicodeDecodeError:
        raise problem(Place(shown), "", "the file is not in UTF-8") from None


def _read(path: Path, variables: Variables[str, str], importing: tuple[Path, ...]) -> Mapping:
    tree = substituted(_document(path, ROOT), variables)
    below = Mapping(Place(str(path)))
    for imported in _imports(tree):
        inner = (path.parent / imported.text).resolve()
        if inner in importing or inner == path.resolve() or len(importing) >= _MOST_IMPORTS:
            raise problem(imported.place, IMPORT, f"of {imported.text!r} has no end: that file is being read")
        try:
            below = merged(below, _read(path.parent / imported.text, variables, (*importing, path.resolve())))
        except InvalidConfigurationError as error:
            error.add_note(f"imported by {imported.place}")
            raise
    return merged(below, tree)


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise problem(Place(str(path)), "", f"the file cannot be read: {error.strerror or error}") from error
    if len(data) > LARGEST_FILE:
        raise problem(Place(str(path)), "", f"the file is larger than {LARGEST_FILE} bytes")
    return data


def _imports(tree: Mapping) -> list[Scalar]:
    node = tree.entries.get(IMPORT)
    if node is None:
        return []
    found = node.items if isinstance(node, Items) else []
    files = [item for item in found if isinstance(item, Scalar) and item.text and "://" not in item.text]
    if not files or len(files) != len(found):
        raise problem(tree.places[IMPORT], IMPORT, "must be a list of files, not of URLs")
    return files


def find_file(variables: Variables[str, str]) -> Path | None:
    """Return the file of clients: named by a variable, in the working folder, or in the home folder.

    Args:
        variables: Environment variables, for ``HAZELCAST_CLIENT_CONFIG``.

    Raises:
        InvalidConfigurationError: A folder has several.
    """
    if variables.get(VARIABLE):
        return Path(variables[VARIABLE])
    folders = [Path()]
    with suppress(RuntimeError):  # there is no home folder
        folders.append(Path.home() / HOME_FOLDER)
    for folder in folders:
        found = [folder / name for name in NAMES if (folder / name).is_file()]
        if len(found) > 1:
            raise InvalidConfigurationError(
                f"there are {' and '.join(map(str, found))}: keep one, or name one in {VARIABLE}"
            )
        if found:
            return found[0]
    return None
