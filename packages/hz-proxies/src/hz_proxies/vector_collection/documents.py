"""Documents, their vectors and the indexes over these, as programs see them."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from math import isfinite
from typing import Any

from hz_core.arguments import int32, shown


class Type(Enum):
    """The kinds of vectors."""

    DENSE = 0
    """All components are stored."""


class Metric(Enum):
    """What makes vectors similar."""

    EUCLIDEAN = 0
    """A small distance."""

    COSINE = 1
    """A small angle."""

    DOT = 2
    """A large dot product; for vectors of length 1."""


@dataclass
class Vector:
    """A vector of a document.

    Attributes:
        name: Name of the index; empty if the collection has only one.
        type: The kind.
        vector: The components, which members store with 32 bits.
    """

    name: str
    type: Type
    vector: Sequence[float]


@dataclass
class Document:
    """A value with its vectors.

    Attributes:
        value: The value, in any serializable form; not None.
        vectors: The vectors, one for each index; a single one may be given without a list.
    """

    value: Any
    vectors: Vector | list[Vector]

    @property
    def vector(self) -> Vector:
        """The only vector, or the first one."""
        return self.vectors if isinstance(self.vectors, Vector) else self.vectors[0]


@dataclass
class SearchResult:
    """A document that was found.

    Attributes:
        key: Its key.
        value: Its value; None unless it was asked for.
        score: How similar its vector is; larger is more similar.
        vectors: Its vectors; empty unless they were asked for.
    """

    key: Any
    value: Any
    score: float
    vectors: list[Vector]


@dataclass
class SearchOptions:
    """What a search returns.

    Attributes:
        include_value: Whether results have values.
        include_vectors: Whether results have vectors.
        limit: Maximum number of results.
        hints: Hints for the member's search, by name.
    """

    include_value: bool
    include_vectors: bool
    limit: int
    hints: dict[str, str] = field(default_factory=dict)


@dataclass
class IndexConfig:
    """An index of a collection.

    Attributes:
        name: Its name; the vectors of documents name it.
        metric: What makes vectors similar.
        dimension: Number of components of each vector.
        max_degree: Number of neighbours that the index links a vector to.
        ef_construction: Number of candidates that the index examines for a new vector.
        use_deduplication: Whether equal vectors are stored once.
    """

    name: str
    metric: Metric
    dimension: int
    max_degree: int = 32
    ef_construction: int = 100
    use_deduplication: bool = True

    def __post_init__(self) -> None:
        if not isinstance(self.metric, Metric):
            raise TypeError(f"metric must be a Metric, not {shown(self.metric)}")
        for name in ("dimension", "max_degree", "ef_construction"):
            int32(getattr(self, name), name, 1)


def components(vector: Any) -> list[float]:
    """Return the components of a vector as members get them.

    Raises:
        TypeError: It is no sequence of numbers.
        ValueError: It is empty, or a number is not finite in 32 bits.
    """
    try:
        found = array("f", vector).tolist()
    except TypeError:
        raise TypeError(f"vector must be a sequence of numbers, not {shown(vector)}") from None
    except OverflowError:
        found = [float("inf")]
    if not found or not all(map(isfinite, found)):
        raise ValueError(f"vector must have components, all of them finite in 32 bits: {shown(vector)}")
    return found
