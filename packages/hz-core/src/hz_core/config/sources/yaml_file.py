"""Reads YAML as a tree of texts. Objects are never constructed, whatever the tags say."""

from typing import TYPE_CHECKING, Any, Final

from hz_core.config.sources.tree import (
    DEEPEST,
    MOST_NODES,
    ROOT,
    Items,
    Mapping,
    Node,
    Place,
    Scalar,
    problem,
)
from hz_core.errors import InvalidConfigurationError

if TYPE_CHECKING:
    import yaml

_CORE: Final = "tag:yaml.org,2002:"
_TAGS: Final = frozenset(
    _CORE + name
    for name in ("str", "int", "float", "bool", "null", "timestamp", "value", "merge", "map", "seq")
)


def read_yaml(text: str, source: str, rank: int = 0, root: str = ROOT) -> Mapping:
    """Return what is below the key ``root``, or the whole document without that key.

    Args:
        text: The text.
        source: The name of the file, for errors.
        rank: The rank of its places.
        root: The key.

    Raises:
        InvalidConfigurationError: It is not valid YAML, not a mapping, or too large; or PyYAML is not installed.
    """
    try:
        import yaml
    except ImportError:
        raise InvalidConfigurationError(
            f"{source}: reading YAML needs the package PyYAML, an extra: pip install 'hz-client[yaml]'; or write the "
            "configuration in XML"
        ) from None
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(source, None if mark is None else mark.line + 1)
        raise problem(place, "", f"this is not valid YAML: {error.problem or error.context}") from None
    except (yaml.YAMLError, RecursionError) as error:
        # Neither quotes more than a character.
        raise problem(Place(source), "", f"this is not valid YAML: {type(error).__name__}") from None
    tree = _Conversion(source, rank).node(node, 0) if node is not None else None
    if tree is None:
        return Mapping(Place(source, 1, rank))
    if not isinstance(tree, Mapping):
        raise problem(tree.place, "", f"a mapping with the key {root} is expected")
    if root not in tree.entries:
        return tree
    for key, place, _ in tree:
        if key != root:
            raise problem(place, key, f"stands beside {root}, where only that key is read")
    below = tree.entries[root]
    if not isinstance(below, Mapping):
        raise problem(below.place, root, "must hold keys, not a value")
    return below


class _Conversion:
    """Converts nodes of PyYAML.

    Args:
        source: The name of the file.
        rank: The rank of its places.
    """

    def __init__(self, source: str, rank: int) -> None:
        self._source = source
        self._rank = rank
        self._count = 0

    def _place(self, node: "yaml.Node") -> Place:
        return Place(self._source, node.start_mark.line + 1, self._rank)

    def node(self, node: "yaml.Node", depth: int) -> Node | None:
        """Return a node as part of the tree; None for null."""
        import yaml  # it is there: the nodes are made by it

        place = self._place(node)
        self._count += 1
        if self._count > MOST_NODES or depth > DEEPEST:
            raise problem(
                place,
                "",
                f"the file has more than {MOST_NODES} values, or {DEEPEST} levels (aliases count each time)",
            )
        if node.tag not in _TAGS:
            raise problem(place, "", f"the tag {node.tag.replace(_CORE, '!!')} is not allowed here")
        value: Any = node.value
        if isinstance(node, yaml.ScalarNode):
            return None if node.tag == f"{_CORE}null" else Scalar(place, value)
        if isinstance(node, yaml.SequenceNode):
            return Items(place, [self._item(item, depth) for item in value])
        made = Mapping(place)
        for key, child in value:
            if not isinstance(key, yaml.ScalarNode):
                raise problem(self._place(key), "", "a key must be a text")
            converted = self.node(child, depth + 1)
            if converted is None:
                # Says nothing, but must not be there twice either.
                converted = Mapping(self._place(child))
            made.add(key.value, self._place(key), converted)
        return made

    def _item(self, item: "yaml.Node", depth: int) -> Node:
        converted = self.node(item, depth + 1)
        if converted is None:
            raise problem(self._place(item), "", "an item of a list is empty")
        return converted
