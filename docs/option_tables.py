"""The directives ``option-table`` and ``foreign-key-table``: what configurations hold, and what they cannot.

``option-table`` is the table of the options of a configuration class:

    ```{option-table} hz_core.config.ClientConfig
    :later: ssl_enabled ssl_cafile
    ```

Options in ``later`` are marked as accepted and checked, but not used yet. A name that is not an option is an error,
and so is a class without options. Keys of files and environment variables come from the table that also reads these.

``foreign-key-table`` is the table of the keys of Hazelcast's files that this client refuses or ignores.
"""

from collections.abc import Iterable
from importlib import import_module
from typing import Any, ClassVar

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from hz_core.config import ClientConfig, Option, Options
from hz_core.config.sources.foreign import FOREIGN
from hz_core.config.sources.keys import CLIENT, PREFIX, SECTIONS, Key, variable_part
from hz_core.config.sources.values import MILLIS, MILLIS_OR_INFINITE, SECONDS

HEAD = ("option", "value", "default", "meaning", "key in files", "environment variable")


def class_of(path: str) -> type[Options]:
    """Return the configuration class at ``path``, such as ``hz_core.config.ClientConfig``.

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
    return found


def names_of(kind: type[Options]) -> dict[str, tuple[str, str]]:
    """Return the keys in files and the environment variable of each option of a class."""
    if kind is ClientConfig:
        names = {
            option: (", ".join(_key(key) for key in keys), f"`{keys[0].variable}`")
            for option, keys in CLIENT.items()
            if keys
        }
        return names | {section.option: (f"`{section.path}`", "see below") for section in SECTIONS}
    section = next((section for section in SECTIONS if section.kind is kind), None)
    if section is None:
        return dict.fromkeys(kind.options(), ("", ""))  # it has files of its own, which its page describes
    prefix = f"{PREFIX}{variable_part(section.path)}_NAME_"
    return {
        option: (
            ", ".join(_key(key, f"{section.path}.NAME.") for key in keys),
            f"`{prefix}{variable_part(keys[0].path)}`",
        )
        for option, keys in section.keys.items()
    }


def _key(key: Key, prefix: str = "") -> str:
    unit = {MILLIS: " (ms)", MILLIS_OR_INFINITE: " (ms)", SECONDS: " (s)"}.get(key.kind, "")
    return f"`{prefix}{key.shown}`{unit}"


def markdown(kind: type[Options], later: Iterable[str] = ()) -> str:
    """Return the table in Markdown.

    Raises:
        ExtensionError: A name in ``later`` is not an option.
    """
    options: dict[str, Option[Any]] = dict(kind.options())
    names = names_of(kind)
    unknown = sorted(set(later) - options.keys())
    if unknown:
        raise ExtensionError(f"option-table: there are no options {', '.join(unknown)}")
    lines = [_row(HEAD), _row("---" for _ in HEAD)]
    for name, option in options.items():
        meaning = f"{option.doc} *Not used yet.*" if name in later else option.doc
        lines.append(_row((f"`{name}`", option.check.expects, option.default_text, meaning, *names[name])))
    return "\n".join(lines)


def foreign_markdown() -> str:
    """Return the table of what this client does not follow, in Markdown."""
    lines = [_row(("key", "is", "because")), _row("---" for _ in range(3))]
    for foreign in FOREIGN:
        unless = f", unless it is {' or '.join(foreign.harmless)}" if foreign.harmless else ""
        path = foreign.path.replace("/", ".").replace("*", "NAME")
        lines.append(
            _row((f"`{path}`", ("refused" if foreign.refused else "ignored") + unless, foreign.reason))
        )
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
        for name in ("hz_core.config.client", "hz_core.config.parts", "hz_core.config.sources.keys"):
            self.env.note_dependency(import_module(name).__file__ or "")
        later = self.options.get("later", "").split()
        return list(self.parse_text_to_nodes(markdown(class_of(self.arguments[0]), later)))


class ForeignKeyTable(SphinxDirective):
    """A table with a row for each key that is refused or ignored."""

    def run(self) -> list[Any]:
        """Return the table's nodes."""
        self.env.note_dependency(import_module("hz_core.config.sources.foreign").__file__ or "")
        return list(self.parse_text_to_nodes(foreign_markdown()))


def setup(app: Sphinx) -> ExtensionMetadata:
    """Add the directive."""
    app.add_directive("option-table", OptionTable)
    app.add_directive("foreign-key-table", ForeignKeyTable)
    return {"parallel_read_safe": True}
