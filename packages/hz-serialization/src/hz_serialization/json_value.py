"""JSON text as a value that members can query."""

from __future__ import annotations

from typing import Any

from hz_serialization.public_names import publish


class HazelcastJsonValue:
    """JSON text that a member stores as such, so that predicates and indexes reach its attributes.

    A ``str`` is kept unchanged and not checked. Anything else is converted to JSON at once; errors of
    ``json.dumps`` are not wrapped.

    Args:
        value: JSON text, or an object that the ``json`` module can write. Not ``None``.

    Raises:
        AssertionError: ``value`` is ``None``; clients raise it since 4.0.
    """

    __slots__ = ("_json_string",)

    def __init__(self, value: Any) -> None:
        if isinstance(value, str):
            self._json_string = value
        elif value is None:
            raise AssertionError(
                "HazelcastJsonValue needs JSON text or an object, not None; use 'null' for JSON null"
            )
        else:
            import json  # few programs have the client make the text; it takes as long as some modules of the client

            self._json_string = json.dumps(value)

    def to_string(self) -> str:
        """Return the JSON text, unaltered."""
        return self._json_string

    def loads(self) -> Any:
        """Parse the text.

        Raises:
            json.JSONDecodeError: The text is not valid JSON.
        """
        import json  # see __init__

        return json.loads(self._json_string)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, HazelcastJsonValue):
            return self._json_string == other._json_string
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self._json_string)

    def __repr__(self) -> str:
        return f"HazelcastJsonValue({self._json_string!r})"


publish("hz_serialization", (HazelcastJsonValue,))
