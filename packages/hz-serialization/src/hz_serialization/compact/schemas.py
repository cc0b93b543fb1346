"""The schemas that one service knows, and which of them a cluster still has to be told."""

from __future__ import annotations

from hz_serialization.compact.schema import Schema
from hz_serialization.errors import HazelcastSerializationError


class UnknownSchemaError(HazelcastSerializationError):
    """A Compact object whose schema is not known here.

    Attributes:
        schema_id: Fingerprint of the schema; the cluster may know it.
    """

    def __init__(self, schema_id: int) -> None:
        super().__init__(
            f"Cannot read the value: the schema {schema_id} of a Compact object is not known here; let a client "
            "that is connected to the cluster read it, or add the schema by service.schemas.add(...)"
        )
        self.schema_id = schema_id

    def __reduce__(self) -> tuple[type[UnknownSchemaError], tuple[int]]:
        return UnknownSchemaError, (self.schema_id,)


class Schemas:
    """The schemas of a service; safe to use from many threads, by single dictionary operations.

    Attributes:
        by_id: All known schemas by fingerprint.
        unconfirmed: Those that objects were written with and that no cluster has confirmed to have: to be
            replicated before any such object is sent.
    """

    __slots__ = ("by_id", "unconfirmed", "used")

    def __init__(self) -> None:
        self.by_id: dict[int, Schema] = {}
        self.unconfirmed: dict[int, Schema] = {}
        self.used: dict[int, Schema] = {}
        """Those that objects were written with, confirmed or not."""

    def add(self, schema: Schema) -> None:
        """Makes a schema known, for reading what others wrote with it.

        Raises:
            HazelcastSerializationError: Another schema has the same fingerprint.
        """
        known = self.by_id.setdefault(schema.schema_id, schema)
        if known is not schema and known != schema:
            raise HazelcastSerializationError(
                f"{schema} and {known} have the same fingerprint; give a field another name"
            )

    def use(self, schema: Schema) -> None:
        """Notes that an object is written with a schema.

        Raises:
            HazelcastSerializationError: Another schema has the same fingerprint.
        """
        self.add(schema)
        if schema.schema_id not in self.used:
            self.unconfirmed[schema.schema_id] = schema
            # Only now: whoever sees it in `used` can rely on the line above.
            self.used[schema.schema_id] = schema

    def confirm(self, schema_id: int) -> None:
        """Notes that the cluster has a schema."""
        self.unconfirmed.pop(schema_id, None)
