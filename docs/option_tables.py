"""The directive ``option-table``: the table of the options of a configuration class.

    ```{option-table} hz_core.config.ClientConfig
    :later: ssl_enabled ssl_cafile
    ```

Options in ``later`` are marked as accepted and checked, but not used yet. A name that is not an option is an error,
and so is a class without options.
"""

from collections.abc import Iterable
from importlib import import_module
from typing import Any, ClassVar

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from hz_core.config import Option, Options

HEAD = ("option", "value", "default", "meaning")


def options_of(path: str) -> dict[str, Option[Any]]:
    """Return the options of the configuration class at ``path``, such as ``hz_core.config.ClientConfig``.

    Raises:
        ExtensionError: There is no such class.
    """
    module, _, name = path.rpartition(".")
    try:
        found = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ExtensionError(f"option-table: cannot import {path}: {error}") from error
    if not isinstance(found, type) or not issubclass(found, Options):
        raise ExtensionError(f"option-table: {path} is not a configuration class")
    return dict(found.options())


def markdown(options: dict[str, Option[Any]], later: Iterable[str] = ()) -> str:
    """Return the table in Markdown.

    Raises:
        ExtensionError: A name in ``later`` is not an option.
    """
    unknown = sorted(set(later) - options.keys())
    if unknown:
        raise ExtensionError(f"option-table: there are no options {', '.join(unknown)}")
    lines = [_row(HEAD), _row("---" for _ in HEAD)]
    for name, option in options.items():
        meaning = f"{option.doc} *Not used yet.*" if name in later else option.doc
        lines.append(_row((f"`{name}`", option.check.expects, option.default_text, meaning)))
    return "\n".join(lines)


def _row(cells: Iterable[str]) -> str:
    # Brackets in the texts are not links, for example in [host]:port.
    escaped = (cell.replace("|", r"\|").replace("[", r"\[") for cell in cells)
    return f"| {' | '.join(escaped)} |"


class OptionTable(SphinxDirective):
    """A table with a row for each option: name, values, default and meaning."""

    required_arguments = 1
    option_spec: ClassVar[dict[str, Any]] = {"later": str}

    def run(self) -> list[Any]:
        """Return the table's nodes."""
        # Rebuild the page after a change of the options.
        self.env.note_dependency(import_module("hz_core.config.client").__file__ or "")
        later = self.options.get("later", "").split()
        return list(self.parse_text_to_nodes(markdown(options_of(self.arguments[0]), later)))


def setup(app: Sphinx) -> ExtensionMetadata:
    """Add the directive."""
    app.add_directive("option-table", OptionTable)
    return {"parallel_read_safe": True}
