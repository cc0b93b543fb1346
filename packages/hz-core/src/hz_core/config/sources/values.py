"""Kinds of values: how a text, or a list of texts, becomes the value of an option."""

import re
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any, Final

from hz_core.arguments import shown
from hz_core.config.sources.tree import Items, Mapping, Node, Scalar

_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,20}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,3})?")
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,18}")
_OBJECT: Final = re.compile(r"(?P<module>[A-Za-z_][\w.]*):(?P<name>[A-Za-z_][\w.]*)")


class Unfit(Exception):  # never leaves this package
    """A value does not fit; the message completes "<key> must be ...", and hides the value where that is secret.

    Args:
        expects: What is expected.
        value: The value, unless it is not the reason.
        reason: More about it.
    """

    def __init__(self, expects: str, value: str | None = None, reason: str = "") -> None:
        self.expects = expects
        self.value = value
        self.reason = reason

    def text(self, secret: bool) -> str:
        """Return the message."""
        value = "" if self.value is None or secret else f", not {shown(self.value)}"
        return f"must be {self.expects}{value}{self.reason and f': {self.reason}'}"


class Kind:
    """A kind of values.

    Args:
        expects: What is expected, to complete "must be".
        from_text: Returns the value for a text; raises Unfit.
        item: For a list: the name of its items in XML. The text is then split at commas, and ``from_text`` is called
            for each item.
        from_node: Returns the value for what is not a text; raises Unfit.
        loads: Whether it imports Python objects, which only files and the environment may name.
    """

    __slots__ = ("_from_node", "_from_text", "expects", "item", "loads")

    def __init__(
        self,
        expects: str,
        from_text: Callable[[str], Any],
        *,
        item: str | None = None,
        from_node: Callable[[Node], Any] | None = None,
        loads: bool = False,
    ) -> None:
        self.expects: str = expects
        self.item: str | None = item
        self.loads: bool = loads
        self._from_text = from_text
        self._from_node = from_node

    def of_text(self, text: str) -> Any:
        """Return the value for a text; raises Unfit."""
        if self.item is None or self._from_node is not None:
            return self._from_text(text)
        return [self._from_text(part.strip()) for part in text.split(",") if part.strip()]

    def of_node(self, node: Node) -> Any:
        """Return the value for a node; raises Unfit."""
        if isinstance(node, Scalar):
            return self.of_text(node.text)
        if self._from_node is not None:
            return self._from_node(node)
        if self.item is not None and isinstance(node, Items):
            return [self._from_text(one_text(part, self.expects)) for part in node.items]
        raise Unfit(self.expects, reason="there is a mapping or a list instead")


def one_text(node: Node, expects: str) -> str:
    """Return the text of a node that must be one."""
    if not isinstance(node, Scalar):
        raise Unfit(expects, reason="there is a mapping or a list instead")
    return node.text


def entries_of(node: Node, expects: str, names: Iterable[str]) -> Iterable[dict[str, str]]:
    """Yield the items of a list of mappings as texts; each must have exactly the keys ``names``."""
    wanted = set(names)
    for item in node.items if isinstance(node, Items) else ():
        if not isinstance(item, Mapping) or set(item.entries) != wanted:
            raise Unfit(expects, reason=f"each item needs {' and '.join(sorted(wanted))}, and nothing else")
        yield {key: one_text(value, expects) for key, _, value in item}
    if not isinstance(node, Items):
        raise Unfit(expects, reason="there is a mapping instead")


def named(expects: str, values: dict[str, Any]) -> Kind:
    """One of several words, in any case."""
    folded = {word.upper(): value for word, value in values.items()}
    text = f"{expects}: {', '.join(values)}"

    def convert(word: str) -> Any:
        try:
            return folded[word.strip().upper()]
        except KeyError:
            raise Unfit(text, word) from None

    return Kind(text, convert)


def _number(expects: str, scale: int = 1, unscaled: tuple[int, ...] = ()) -> Kind:
    def convert(text: str) -> float:
        if not _NUMBER.fullmatch(text.strip()):
            raise Unfit(expects, text)
        number = float(text)
        return number if number in unscaled else number / scale

    return Kind(expects, convert)


def _integer(text: str) -> int:
    if not _INTEGER.fullmatch(text.strip()):
        raise Unfit("an integer", text)
    return int(text)


def load(text: str) -> Any:
    """Return the Python object that ``module:name`` names."""
    match = _OBJECT.fullmatch(text.strip())
    if match is None:
        raise Unfit(OBJECT, text, "a client in Python cannot use classes of Java")
    try:
        found: Any = import_module(match["module"])
        for name in match["name"].split("."):
            found = getattr(found, name)
    except Exception as error:  # an imported module may raise anything
        raise Unfit(OBJECT, text, f"{type(error).__name__}: {error}") from error
    return found


OBJECT: Final = "a Python object, written module:name"
TEXT: Final = Kind("a text", lambda text: text)
FLAG: Final = named("a boolean", {"true": True, "false": False})
NUMBER: Final = _number("a number")
SECONDS: Final = _number("a number of seconds")
MILLIS: Final = _number("a number of milliseconds", 1000)
MILLIS_OR_INFINITE: Final = _number("a number of milliseconds, or -1 for no limit", 1000, (-1,))
INTEGER: Final = Kind("an integer", _integer)
PYTHON: Final = Kind(OBJECT, load, loads=True)


def texts(item: str) -> Kind:
    """Make the kind of a list of texts, whose items are called ``item`` in XML."""
    return Kind("a list of texts", lambda text: text, item=item)


def objects(item: str) -> Kind:
    """Make the kind of a list of Python objects, whose items are called ``item`` in XML."""
    return Kind(f"a list of items that are each {OBJECT}", load, item=item, loads=True)
