"""Writes configurations as YAML and XML, for round trips; knows the units on its own."""

import json
from typing import Any
from xml.sax.saxutils import escape, quoteattr

SCALE = {
    **dict.fromkeys(
        (
            "connection_timeout",
            "heartbeat_interval",
            "heartbeat_timeout",
            "retry_initial_backoff",
            "retry_max_backoff",
            "cluster_connect_timeout",
            "invocation_retry_pause",
            "operation_backup_timeout",
            "prefetch_validity",
        ),
        1000,
    )
}
"""Options in seconds whose keys are in milliseconds."""

XML_ITEMS = {"cluster-members": "address", "client-labels": "label"}


def text_of(option: str, value: Any) -> str:
    """Return a value as it stands in a file."""
    if isinstance(value, bool):
        if option == "is_big_endian":
            return "BIG_ENDIAN" if value else "LITTLE_ENDIAN"
        return "true" if value else "false"
    if hasattr(value, "name"):
        return str(value.value if option == "primitive_arrays" else value.name.replace("v1_", "v1."))
    if isinstance(value, int | float):
        if option in SCALE and value != -1:
            return str(round(value * SCALE[option]))
        return repr(value)
    return str(value).replace("${", "$${")


def tree_of(values: dict[str, Any], paths: dict[str, str]) -> dict[str, Any]:
    """Return nested dicts of texts and lists of texts."""
    root: dict[str, Any] = {}
    for option, value in values.items():
        *outer, last = paths[option].split("/")
        at = root
        for key in outer:
            at = at.setdefault(key, {})
        at[last] = [text_of(option, v) for v in value] if isinstance(value, list) else text_of(option, value)
    return root


def yaml_of(tree: dict[str, Any]) -> str:
    """Return the tree as YAML, in its JSON form."""
    return json.dumps({"hazelcast-client": tree}, ensure_ascii=False)


def xml_of(tree: dict[str, Any]) -> str:
    """Return the tree as XML."""
    return f"<hazelcast-client>{_elements(tree, '')}</hazelcast-client>"


def _elements(tree: dict[str, Any], parent: str) -> str:
    return "".join(_element(key, value, parent) for key, value in tree.items())


def _element(key: str, value: Any, parent: str) -> str:
    if parent == "properties":
        return f"<property name={quoteattr(key)}>{escape(value)}</property>"
    if parent == "" and key in ("near-cache", "flake-id-generator", "reliable-topic"):
        return "".join(
            f"<{key} name={quoteattr(name)}>{_elements(part, key)}</{key}>" for name, part in value.items()
        )
    if key == "username-password":
        return f"<{key} {' '.join(f'{name}={quoteattr(text)}' for name, text in value.items())}/>"
    if isinstance(value, list):
        item = XML_ITEMS[key]
        return f"<{key}>{''.join(f'<{item}>{escape(text)}</{item}>' for text in value)}</{key}>"
    return f"<{key}>{_elements(value, key) if isinstance(value, dict) else escape(value)}</{key}>"
