"""Calls of Java for the bridge's own purposes.

Arguments are passed without conversion; what is returned passes no output converter and belongs to no scope.
"""

from collections.abc import Callable
from typing import Any, Final

from hz_embedded._py4j import BaseObject, protocol

CLASSES: Final[dict[str, Callable[[str, Any], BaseObject]]] = {}
"""The class for each kind of reference that py4j distinguishes; ``java_collections`` defines them."""


def call(thing: BaseObject, method: str, *arguments: object, for_user: bool = False) -> Any:
    """Call a method of a Java object.

    Args:
        thing: The Java object.
        method: Name of the method.
        arguments: Values that py4j can pass.
        for_user: Whether the user gets the result: then output converters apply, and it belongs to a scope.
    """
    return _call(thing._gateway_client, thing._target_id, method, arguments, for_user)


def call_static(client: Any, class_name: str, method: str, *arguments: object) -> Any:
    """Call a static method."""
    return _call(client, protocol.STATIC_PREFIX + class_name, method, arguments)


def new(client: Any, class_name: str, *arguments: object, for_user: bool = False) -> Any:
    """Create a Java object."""
    head = f"{protocol.CONSTRUCTOR_COMMAND_NAME}{class_name}\n"
    return _send(client, head, arguments, class_name, "<init>", for_user)


def of_array(array: BaseObject, subcommand: str, *arguments: object, for_user: bool = False) -> Any:
    """Send one of py4j's commands for arrays."""
    head = f"{protocol.ARRAY_COMMAND_NAME}{subcommand}{array._target_id}\n"
    return _send(array._gateway_client, head, arguments, array._target_id, "array", for_user)


def gather(values: BaseObject, indexes: list[int] | range, *, for_user: bool = False) -> Any:
    """Return a new ``ArrayList`` of the elements of a Java list at these indexes, in this order."""
    head = f"{protocol.LIST_COMMAND_NAME}{protocol.LIST_SLICE_SUBCOMMAND_NAME}{values._target_id}\n"
    return _send(values._gateway_client, head, indexes, values._target_id, "get", for_user)


def _call(client: Any, target: str, method: str, arguments: Any, for_user: bool = False) -> Any:
    head = f"{protocol.CALL_COMMAND_NAME}{target}\n{method}\n"
    return _send(client, head, arguments, target, method, for_user)


def _send(client: Any, head: str, arguments: Any, target: str, name: str, for_user: bool) -> Any:
    pool = client.gateway_property.pool
    parts = "".join([protocol.get_command_part(each, pool) for each in arguments])
    answer = client.send_command(f"{head}{parts}{protocol.END_COMMAND_PART}")
    if not for_user and answer[:1] == protocol.SUCCESS and answer[1:2] in CLASSES:
        return CLASSES[answer[1]](answer[2:], client)
    return protocol.get_return_value(answer, client, target, name)
