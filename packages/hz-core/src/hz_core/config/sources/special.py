"""Kinds of values that need more than a text: socket options, tokens, load balancers, serializers."""

import base64
import binascii
import socket
import struct
import sys
from collections.abc import Callable, Iterable
from typing import Any, Final

from hz_core.config.sources.tree import Items, Mapping, Node
from hz_core.config.sources.values import FLAG, INTEGER, Kind, Unfit, entries_of, load, one_text
from hz_core.load_balancer import LoadBalancer, RandomLB, RoundRobinLB

# ---- socket options


def _flag_option(level: int, name: int) -> Kind:
    return Kind(FLAG.expects, lambda text: [(level, name, int(FLAG.of_text(text)))])


def _linger(text: str) -> list[tuple[int, int, bytes]]:
    seconds = INTEGER.of_text(text)
    if not 0 <= seconds < 2**15:
        raise Unfit("a number of seconds from 0 to 32767", text)
    return [(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, seconds))]


def _buffers(text: str) -> list[tuple[int, int, int]]:
    kilobytes = INTEGER.of_text(text)
    if not 0 < kilobytes < 2**21:
        raise Unfit("a positive number of KB, less than 2 GB", text)
    return [(socket.SOL_SOCKET, name, kilobytes * 1024) for name in (socket.SO_SNDBUF, socket.SO_RCVBUF)]


TCP_NO_DELAY: Final = _flag_option(socket.IPPROTO_TCP, socket.TCP_NODELAY)
KEEP_ALIVE: Final = _flag_option(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
REUSE_ADDRESS: Final = _flag_option(socket.SOL_SOCKET, socket.SO_REUSEADDR)
LINGER: Final = Kind("a number of seconds", _linger)
BUFFERS: Final = Kind("a number of KB", _buffers)


def _socket_option(text: str) -> list[tuple[int, int, int]]:
    """Read ``SOL_SOCKET SO_RCVBUF 4096``: names of the module socket, or numbers."""
    parts = text.split()
    if len(parts) != 3:
        raise Unfit(_SOCKET_OPTION, text)
    numbers: list[int] = []
    for part in parts:
        number = getattr(socket, part, None) if part[:1].isalpha() else INTEGER.of_text(part)
        if not isinstance(number, int):
            raise Unfit(_SOCKET_OPTION, text, f"this system's module socket has no number {part}")
        numbers.append(number)
    level, name, value = numbers
    return [(level, name, value)]


_SOCKET_OPTION: Final = "a list of LEVEL NAME VALUE, each a number or a name of the module socket"


def _socket_options(node: Node) -> list[tuple[int, int, int]]:
    if not isinstance(node, Items):
        raise Unfit(_SOCKET_OPTION, reason="there is a mapping instead")
    return [option for item in node.items for option in _socket_option(one_text(item, _SOCKET_OPTION))]


SOCKET_OPTIONS: Final = Kind(
    _SOCKET_OPTION,
    lambda text: [option for part in text.split(",") for option in _socket_option(part)],
    item="option",
    from_node=_socket_options,
)

# ---- security


class FixedToken:
    """A token provider that returns the token of a configuration.

    Args:
        token: The token.
    """

    def __init__(self, token: bytes) -> None:
        self._token = token

    def token(self, address: object = None) -> bytes:
        """Return the token for a connection to the member at ``address``."""
        return self._token

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FixedToken) and other._token == self._token

    def __hash__(self) -> int:
        return hash(self._token)

    def __repr__(self) -> str:
        return "FixedToken(...)"


_TOKEN: Final = "a text, or a mapping with value and encoding (none or base64)"


def _token(node: Node) -> FixedToken:
    if not isinstance(node, Mapping) or not {"value"} <= node.entries.keys() <= {"value", "encoding"}:
        raise Unfit(_TOKEN)
    value = one_text(node.entries["value"], _TOKEN)
    encoding = one_text(node.entries["encoding"], _TOKEN) if "encoding" in node.entries else "none"
    if encoding.lower() not in ("none", "base64"):
        raise Unfit(_TOKEN, reason=f"the encoding {encoding!r} is not known")
    if encoding.lower() == "none":
        return FixedToken(value.encode())
    try:
        return FixedToken(base64.b64decode("".join(value.split()), validate=True))
    except (binascii.Error, ValueError):
        raise Unfit(_TOKEN, reason="the value is not Base64") from None


TOKEN: Final = Kind(_TOKEN, lambda text: FixedToken(text.encode()), from_node=_token)

# ---- load balancers

_BALANCERS: Final[dict[str, type[LoadBalancer]]] = {"round-robin": RoundRobinLB, "random": RandomLB}
_BALANCER: Final = f"{', '.join(_BALANCERS)}, or custom with custom-class-name"


def _balancer(text: str) -> LoadBalancer:
    """Read ``random``, ``round-robin``, or the ``module:Class`` of another one."""
    if ":" in text:
        found = load(text)
        try:
            balancer: LoadBalancer = found() if isinstance(found, type) else found
        except Exception as error:
            raise Unfit(_BALANCER, text, f"making an object of it fails with {error!r}") from error
        return balancer
    try:
        return _BALANCERS[text.strip().lower()]()
    except KeyError:
        raise Unfit(_BALANCER, text) from None


def _balancer_node(node: Node) -> LoadBalancer:
    known = {"type", "custom-class-name"}
    if not isinstance(node, Mapping) or not {"type"} <= node.entries.keys() <= known:
        raise Unfit(f"a mapping with type ({_BALANCER})")
    words = {key: one_text(value, _BALANCER) for key, _, value in node}
    custom = words["type"].lower() == "custom"
    if custom != ("custom-class-name" in words):
        raise Unfit(_BALANCER, words["type"])
    if custom and ":" not in words["custom-class-name"]:
        load(words["custom-class-name"])  # raises the error for what cannot be loaded
    return _balancer(words["custom-class-name"] if custom else words["type"])


LOAD_BALANCER: Final = Kind(_BALANCER, _balancer, from_node=_balancer_node, loads=True)

# ---- serialization

BYTE_ORDERS: Final = {"BIG_ENDIAN": True, "LITTLE_ENDIAN": False}
NATIVE_BYTE_ORDER: Final = Kind(
    FLAG.expects,
    # False says nothing: the byte order is then what the other key says.
    lambda text: sys.byteorder == "big" if FLAG.of_text(text) else None,
)


def _load_type(text: str) -> type:
    found = load(text)
    if not isinstance(found, type):
        raise Unfit("a type, written module:name", text)
    return found


def _pairs(expects: str, key: str, value: str, read_key: Callable[[str], Any]) -> Kind:
    """Make the kind of a dict: a list of mappings in a file, ``key=value,key=value`` as a text."""

    def of(pairs: Iterable[tuple[str, str]]) -> dict[Any, Any]:
        return {read_key(name): load(found) for name, found in pairs}

    def from_text(text: str) -> dict[Any, Any]:
        parts = [part.partition("=") for part in text.split(",") if part.strip()]
        if not all(equals for _, equals, _ in parts):
            raise Unfit(expects, text)
        return of((left, right) for left, _, right in parts)

    def from_node(node: Node) -> dict[Any, Any]:
        return of((entry[key], entry[value]) for entry in entries_of(node, expects, (key, value)))

    return Kind(expects, from_text, from_node=from_node, loads=True)


FACTORIES: Final = _pairs(
    "a list of factory-id and class-name, the module:name of a dict of class id to class",
    "factory-id",
    "class-name",
    INTEGER.of_text,
)
SERIALIZERS: Final = _pairs(
    "a list of type-class and class-name, the module:name of a type and of its serializer",
    "type-class",
    "class-name",
    _load_type,
)
_COMPACT: Final = "a list of serializer, the module:name of a CompactSerializer"
COMPACT_SERIALIZERS: Final = Kind(
    _COMPACT,
    lambda text: [load(part) for part in text.split(",") if part.strip()],
    from_node=lambda node: [
        load(entry["serializer"]) for entry in entries_of(node, _COMPACT, ["serializer"])
    ],
    loads=True,
)
GLOBAL_SERIALIZER: Final = Kind(
    "a mapping with class-name, the module:name of a serializer",
    load,
    from_node=lambda node: load(_class_name(node)),
    loads=True,
)


def _class_name(node: Node) -> str:
    expects = "a mapping with class-name, the module:name of a Python object"
    known = {"class-name", "override-java-serialization"}  # the latter has no meaning here
    if not isinstance(node, Mapping) or not {"class-name"} <= node.entries.keys() <= known:
        raise Unfit(expects)
    return one_text(node.entries["class-name"], expects)


def _pickle_policy(text: str) -> Any:
    if text.strip().lower() in ("allow", "deny"):
        return text.strip().lower()
    return [load(part) for part in text.split(",") if part.strip()]


PICKLE_POLICY: Final = Kind(
    "allow, deny, or a list of types, each written module:name",
    _pickle_policy,
    item="type",
    from_node=lambda node: [load(one_text(item, "module:name")) for item in _items(node)],
    loads=True,
)


def _items(node: Node) -> list[Node]:
    if not isinstance(node, Items):
        raise Unfit("allow, deny, or a list of types", reason="there is a mapping instead")
    return node.items
