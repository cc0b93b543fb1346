"""From a tree to a configuration: finds the option of each key, converts values, and says what does not fit."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from hz_core.arguments import shown
from hz_core.config.option import SECRETS, Options
from hz_core.config.sources.foreign import Foreign
from hz_core.config.sources.keys import SECTIONS
from hz_core.config.sources.schema import IMPORT, Branch, Leaf, nearest, schema
from hz_core.config.sources.tree import Items, Mapping, Node, Place, Scalar, dotted, problem
from hz_core.config.sources.values import Unfit
from hz_core.errors import InvalidConfigurationError

C = TypeVar("C", bound=Options)

_KINDS: Final = {section.option: section.kind for section in SECTIONS}
_OWN: Final = "hazelcast."
_MOST_PROBLEMS: Final = 50


@dataclass(frozen=True, slots=True)
class Setting:
    """An option that a tree sets.

    Attributes:
        option: The option of the client.
        name: For a part: the name of the object.
        sub: For a part: its option; empty if there is just a part with this name.
        value: The value.
        place: Where it was said.
        path: The keys.
        extends: Whether the value is added to those of other keys.
    """

    option: str
    name: str | None
    sub: str
    value: Any = field(repr=False)
    place: Place
    path: str
    extends: bool = False


@dataclass(slots=True)
class Reading:
    """What was read from a tree.

    Attributes:
        settings: The options.
        notes: Sentences about what is ignored, each with its place.
    """

    settings: list[Setting] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _problems: list[InvalidConfigurationError] = field(default_factory=list)
    _indexes: dict[tuple[str, str | None, str], int] = field(default_factory=dict)
    _gates: dict[str, bool] = field(default_factory=dict)
    _gated: list[tuple[str, Setting]] = field(default_factory=list)

    @classmethod
    def of(cls, tree: Mapping) -> "Reading":
        """Read a tree.

        Raises:
            InvalidConfigurationError: A key is not known or not usable, or a value does not fit; the error names them
                and their place, and its notes name further ones.
        """
        made = cls()
        made._branch(tree, schema(), (), None, False)
        made._finish()
        return made

    def apply(self, config: C) -> C:
        """Set the options in ``config``, and return it.

        Raises:
            InvalidConfigurationError: A value is out of range; the error names its key and place.
        """
        for setting in self.settings:
            try:
                _set(config, setting)
            except (TypeError, ValueError) as error:
                raise problem(setting.place, setting.path, f"does not fit: {error}") from None
        return config

    def _branch(
        self, tree: Mapping, branch: Branch, path: tuple[str, ...], name: str | None, off: bool
    ) -> None:
        enabled = tree.entries.get("enabled")
        off = off or (isinstance(enabled, Scalar) and enabled.text.strip().lower() == "false")
        if branch.option:
            name = path[-1]
            self._add(Setting(branch.option, name, "", None, tree.place, dotted(path)))
            self._exact(branch.option, name, tree.place)
        for key, place, node in tree:
            if len(self._problems) > _MOST_PROBLEMS:
                return
            if key == IMPORT and not path:
                continue  # the files are read by who reads this one
            try:
                self._entry(key, place, node, branch, (*path, key), name, off)
            except InvalidConfigurationError as error:
                self._problems.append(error)  # all of them are said at once

    def _entry(
        self,
        key: str,
        place: Place,
        node: Node,
        branch: Branch,
        path: tuple[str, ...],
        name: str | None,
        off: bool,
    ) -> None:
        found = branch.find(key)
        if isinstance(found, Leaf):
            self._value(found, place, node, path, name)
        elif isinstance(found, Foreign):
            self._foreign(found, place, node, path, off)
        elif isinstance(found, Branch):
            if isinstance(node, Mapping):
                self._branch(node, found, path, name, off)
            elif not _empty(node):
                raise problem(place, dotted(path), "must hold keys, not a value")
            elif found.option:
                self._branch(Mapping(place), found, path, name, off)
        elif path[0] == "properties" and len(path) == 2 and not key.startswith(_OWN):
            self._note(place, path, "it is not a property of Hazelcast")
        else:
            meant = nearest(branch, key)
            hint = f"; did you mean {meant}?" if meant else ""
            raise problem(place, dotted(path), f"is not a known key{hint}")

    def _value(self, leaf: Leaf, place: Place, node: Node, path: tuple[str, ...], name: str | None) -> None:
        if isinstance(node, Mapping) and not node.entries:
            return  # null says nothing
        try:
            value = leaf.key.kind.of_node(node)
        except Unfit as unfit:
            secret = leaf.option in SECRETS
            # What an import says may quote the value, too.
            cause = None if secret else unfit.__cause__
            raise problem(place, dotted(path), unfit.text(secret)) from cause
        if not leaf.option:
            self._gates["/".join(path)] = value
        elif value is not None:
            setting = Setting(leaf.option, name, leaf.sub, value, place, dotted(path), leaf.key.extends)
            if leaf.key.gate:
                self._gated.append((leaf.key.gate, setting))
            else:
                self._add(setting)

    def _add(self, setting: Setting) -> None:
        """Add a setting; of two keys for one option, that of the higher rank wins."""
        if setting.extends:
            self.settings.append(setting)
            return
        what = (setting.option, setting.name, setting.sub)
        index = self._indexes.setdefault(what, len(self.settings))
        if index == len(self.settings):
            self.settings.append(setting)
            return
        other = self.settings[index]
        if other.place.rank == setting.place.rank and other.value != setting.value:
            raise problem(
                setting.place,
                setting.path,
                f"contradicts {other.path} at {other.place}, which is about the same option",
            )
        if other.place.rank <= setting.place.rank:
            self.settings[index] = setting

    def _foreign(self, foreign: Foreign, place: Place, node: Node, path: tuple[str, ...], off: bool) -> None:
        if off or _empty(node):
            return
        if isinstance(node, Scalar) and node.text.strip().lower() in foreign.harmless:
            return
        if isinstance(node, Mapping):
            enabled = node.entries.get("enabled")
            if isinstance(enabled, Scalar) and enabled.text.strip().lower() == "false":
                return
        if foreign.refused:
            raise problem(place, dotted(path), f"cannot be used by a client in Python: {foreign.reason}")
        self._note(place, path, foreign.reason)

    def _exact(self, option: str, name: str, place: Place) -> None:
        if name == "default" or ("*" in name and option != "near_caches"):
            self.notes.append(
                f"{place}: the name {name!r} in {option} is that of one object here, and no pattern for others"
            )

    def _note(self, place: Place, path: tuple[str, ...], reason: str) -> None:
        self.notes.append(f"{place}: {dotted(path)} is ignored: {reason}")

    def _finish(self) -> None:
        for gate, setting in self._gated:
            if self._gates.get(gate, True):
                self._add(setting)
        if self._problems:
            first, *others = self._problems
            for other in others:
                first.add_note(str(other))
            raise first


def _empty(node: Node) -> bool:
    if isinstance(node, Scalar):
        return not node.text.strip()
    return not (node.items if isinstance(node, Items) else node.entries)


def _set(config: Options, setting: Setting) -> None:
    if setting.name is None:
        before = list(getattr(config, setting.option)) if setting.extends else None
        setattr(config, setting.option, setting.value if before is None else before + setting.value)
        return
    parts = getattr(config, setting.option)
    if setting.name not in parts:
        parts[setting.name] = _KINDS[setting.option](_prefix=f"{setting.option}[{shown(setting.name)}].")
    if setting.sub:
        setattr(parts[setting.name], setting.sub, setting.value)


def places(settings: Iterable[Setting]) -> dict[str, str]:
    """Return where each option of the client was set, last place last."""
    found: dict[str, list[str]] = {}
    for setting in settings:
        said = found.setdefault(setting.option, [])
        if str(setting.place) not in said:
            said.append(str(setting.place))
    return {option: ", ".join(said) for option, said in found.items()}
