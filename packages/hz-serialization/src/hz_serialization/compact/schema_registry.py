"""The schemas that one service knows, and those that have to be sent to a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hz_serialization.errors import HazelcastSerializationError
from hz_serialization.public_names import publish

if TYPE_CHECKING:
    from hz_serialization.compact.schema import Schema


class UnknownSchemaError(HazelcastSerializationError):
    """A Compact object whose schema is not known here.

    Attributes:
        schema_id: The fingerprint of the schema, which the cluster may know.
    """

    def __init__(self, schema_id: int) -> None:
        super().__init__(
            f"Cannot read the value: the schema {schema_id} of a Compact object is not known here; let a client "
            "that is connected to the cluster read it, or add the schema by service.schemas.add(...)"
        )
        self.schema_id = schema_id

    def __reduce__(self) -> tuple[type[UnknownSchemaError], tuple[int]]:
        return UnknownSchemaError, (self.schema_id,)


class SchemaRegistry:
    """The schemas of a service; safe to use from many threads, since it uses single dictionary operations.

    Attributes:
        by_id: All known schemas by fingerprint.
        unconfirmed: Those that objects were written with and that no cluster has confirmed; they have to be
            replicated before such an object is sent.
        used: Those that objects were written with, confirmed or not.
    """

    __slots__ = ("by_id", "unconfirmed", "used")

    def __init__(self) -> None:
        self.by_id: dict[int, Schema] = {}
        self.unconfirmed: dict[int, Schema] = {}
        self.used: dict[int, Schema] = {}

    def add(self, schema: Schema) -> None:
        """Add a schema, to read what others wrote with it.

        Raises:
            HazelcastSerializationError: Another schema has the same fingerprint.
        """
        known = self.by_id.setdefault(schema.schema_id, schema)
        if known is not schema and known != schema:
            raise HazelcastSerializationError(
                f"{schema} and {known} have the same fingerprint; give a field another name"
            )

    def use(self, schema: Schema) -> None:
        """Record that an object is written with a schema.

        Raises:
            HazelcastSerializationError: Another schema has the same fingerprint.
        """
        self.add(schema)
        if schema.schema_id not in self.used:
            self.unconfirmed[schema.schema_id] = schema
            # Only now: a thread that finds it in ``used`` relies on the line above.
            self.used[schema.schema_id] = schema

    def confirm(self, schema_id: int) -> None:
        """Record that the cluster has a schema."""
        self.unconfirmed.pop(schema_id, None)


publish("hz_serialization.compact", (SchemaRegistry, UnknownSchemaError))
