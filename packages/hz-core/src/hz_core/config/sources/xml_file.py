"""Reads XML as a tree of texts, the same as that of YAML. A document type, and so any entity, is refused."""

from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from hz_core.config.sources.foreign import FOREIGN
from hz_core.config.sources.keys import SECTIONS
from hz_core.config.sources.schema import ANY, IMPORT, Leaf, ends
from hz_core.config.sources.tree import (
    DEEPEST,
    MOST_NODES,
    ROOT,
    Items,
    Mapping,
    Node,
    Place,
    Scalar,
    dotted,
    problem,
)

_ITEMS: Final = {
    "serialization/data-serializable-factories": ("data-serializable-factory", "class-name"),
    "serialization/portable-factories": ("portable-factory", "class-name"),
    "serialization/serializers": ("serializer", ""),
    "serialization/compact-serialization/serializers": ("serializer", "serializer"),
}
"""Lists of mappings: the element of an item, and the key of its text."""

_TEXTS: Final = {"security/token": "value", "serialization/global-serializer": "class-name"}
"""Mappings: the key of the element's text."""

_NAMED: Final = frozenset(section.path for section in SECTIONS)
_HOISTED: Final = "global-serializer"
"""It stands among the serializers in XML, and beside them in YAML."""


@dataclass(slots=True)
class _Element:
    name: str
    attributes: dict[str, str]
    line: int
    children: "list[_Element]" = field(default_factory=list)
    text: str = ""


def read_xml(data: bytes, source: str, rank: int = 0, root: str = ROOT) -> Mapping:
    """Return what is in the root element.

    Args:
        data: The file's bytes.
        source: The name of the file, for errors.
        rank: The rank of its places.
        root: The name of the root element.

    Raises:
        InvalidConfigurationError: It is not valid XML, has a document type, another root, or is too large.
    """
    top = _parsed(data, source)
    if top.name != root:
        raise problem(Place(source, top.line), "", f"the root element must be {root}, not {top.name}")
    top.attributes.pop("id", None)
    return _Conversion(source, rank).mapping(top, ())


def _parsed(data: bytes, source: str) -> _Element:
    # Names come as "namespace name"; which namespace does not matter.
    parser = expat.ParserCreate(namespace_separator=" ")
    document = _Element("", {}, 0)
    stack = [document]
    count = 0

    def line() -> Place:
        return Place(source, parser.CurrentLineNumber)

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if count > MOST_NODES or len(stack) > DEEPEST:
            raise problem(line(), "", f"the file has more than {MOST_NODES} elements, or {DEEPEST} levels")
        # An attribute with a namespace is about the document, such as xsi:schemaLocation.
        own = {key: value for key, value in attributes.items() if " " not in key}
        element = _Element(name.rpartition(" ")[2], own, parser.CurrentLineNumber)
        stack[-1].children.append(element)
        stack.append(element)

    def end(name: str) -> None:
        stack.pop()

    def text(data: str) -> None:
        stack[-1].text += data

    def doctype(*_: object) -> None:
        raise problem(
            line(), "", "a document type (DOCTYPE) is refused, because entities could read or fill anything"
        )

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = doctype
    parser.EntityDeclHandler = doctype
    parser.buffer_text = True
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        place = Place(source, error.lineno)
        raise problem(place, "", f"this is not valid XML: {expat.ErrorString(error.code)}") from None
    except (LookupError, ValueError) as error:  # an encoding that Python lacks
        raise problem(Place(source, 1), "", f"this is not valid XML: {error}") from None
    return document.children[0]


def _lists() -> dict[str, str]:
    """Return the elements of the items of each list of texts, by path."""
    found = {
        "/".join(path): end.key.kind.item
        for path, end in ends()
        if isinstance(end, Leaf) and end.key.kind.item
    }
    return found | {"clients": "client"}  # of hazelcast-client-failover


class _Conversion:
    """Converts elements to a tree.

    Args:
        source: The name of the file.
        rank: The rank of its places.
    """

    def __init__(self, source: str, rank: int) -> None:
        self._source = source
        self._rank = rank
        self._lists = _lists()

    def _place(self, element: _Element) -> Place:
        return Place(self._source, element.line, self._rank)

    def mapping(self, element: _Element, path: tuple[str, ...]) -> Mapping:
        """Return an element as a mapping of its attributes and children."""
        place = self._place(element)
        made = Mapping(place)
        for key, value in element.attributes.items():
            made.add(key, place, Scalar(place, value))
        if element.children and element.text.strip():
            raise problem(place, dotted(path), "has both text and elements")
        for child in element.children:
            self._child(made, child, path)
        return made

    def _child(self, made: Mapping, child: _Element, path: tuple[str, ...]) -> None:
        place = self._place(child)
        inner = (*path, child.name)
        if path and path[-1] == "properties":
            made.add(self._name(child, inner), place, Scalar(place, child.text.strip()))
        elif not path and child.name in _NAMED:
            parts = made.entries.get(child.name)
            if not isinstance(parts, Mapping):
                parts = Mapping(place)
                made.add(child.name, place, parts)
            name = self._name(child, inner)
            parts.add(name, place, self.mapping(child, (*inner, name)))
        elif not path and child.name == IMPORT:
            files = made.entries.get(IMPORT)
            if not isinstance(files, Items):
                files = Items(place)
                made.add(IMPORT, place, files)
            files.items.append(Scalar(place, child.attributes.get("resource", "")))
        elif inner == ("serialization", "serializers"):
            for hoisted in [item for item in child.children if item.name == _HOISTED]:
                child.children.remove(hoisted)
                self._child(made, hoisted, path)
            made.add(child.name, place, self._node(child, inner))
        elif child.name in made.entries and _is_foreign(inner):
            pass  # the first one says enough
        else:
            made.add(child.name, place, self._node(child, inner))

    def _name(self, element: _Element, path: tuple[str, ...]) -> str:
        """Take the attribute ``name``."""
        try:
            return element.attributes.pop("name")
        except KeyError:
            raise problem(self._place(element), dotted(path), "needs the attribute name") from None

    def _node(self, element: _Element, path: tuple[str, ...]) -> Node:
        place = self._place(element)
        key = "/".join(path)
        if key in _ITEMS:
            tag, text = _ITEMS[key]
            return Items(place, [self._item(item, path, tag, text) for item in element.children])
        if key in self._lists and (element.children or not element.text.strip()):
            return Items(place, [self._item(item, path, self._lists[key], None) for item in element.children])
        if key in _TEXTS:
            made = self.mapping(element, path)
            if element.text.strip():
                made.add(_TEXTS[key], place, Scalar(place, element.text.strip()))
            return made
        if element.children or element.attributes:
            if element.text.strip() and not _is_foreign(path):
                raise problem(place, dotted(path), "has both text and attributes or elements")
            return self.mapping(element, path)
        return Scalar(place, element.text.strip())

    def _item(self, element: _Element, path: tuple[str, ...], tag: str, text: str | None) -> Node:
        """Return an item of a list; ``text`` is the key of the element's text, None if the text is the item."""
        place = self._place(element)
        if element.name != tag:
            raise problem(place, dotted((*path, element.name)), f"is not known here; items are called {tag}")
        if text is None:
            if element.children or element.attributes:
                raise problem(place, dotted((*path, tag)), "must hold a text only")
            return Scalar(place, element.text.strip())
        made = self.mapping(element, (*path, tag))
        if element.text.strip():
            if not text:
                raise problem(place, dotted((*path, tag)), "has attributes only, and no text")
            made.add(text, place, Scalar(place, element.text.strip()))
        return made


def _is_foreign(path: tuple[str, ...]) -> bool:
    """Return whether a path is, or is below, one that is not followed."""
    return any(
        all(a in (ANY, b) for a, b in zip(parts, path, strict=False)) and len(path) >= len(parts)
        for parts in (tuple(foreign.path.split("/")) for foreign in FOREIGN)
    )
