"""Options of distributed objects: near caches, flake id generators, reliable topics."""

from collections.abc import Callable
from typing import Any, TypeVar

from hz_core.config.checks import (
    at_least_one,
    boolean,
    integer,
    member_of,
    non_negative,
    optional,
    string,
    type_error,
)
from hz_core.config.constants import EvictionPolicy, InMemoryFormat, TopicOverloadPolicy
from hz_core.config.option import Option, Options, unknown_option

P = TypeVar("P", bound=Options)

_MAX_PREFETCH = 100_000


class NearCacheConfig(Options):
    """Options of the near cache of one map."""

    invalidate_on_change: Option[bool] = Option(
        boolean, lambda: True, "Whether entries are removed when they change in the cluster."
    )
    in_memory_format: Option[InMemoryFormat] = Option(
        member_of(InMemoryFormat), lambda: InMemoryFormat.BINARY, "Format of the values.", "BINARY"
    )
    time_to_live: Option[float | None] = Option(
        optional(non_negative), lambda: None, "Time to live of an entry, in seconds.", "None: no limit"
    )
    max_idle: Option[float | None] = Option(
        optional(non_negative),
        lambda: None,
        "Maximum time without access to an entry, in seconds.",
        "None: no limit",
    )
    eviction_policy: Option[EvictionPolicy] = Option(
        member_of(EvictionPolicy),
        lambda: EvictionPolicy.LRU,
        "Which entries are evicted when the near cache is full.",
        "LRU",
    )
    eviction_max_size: Option[int] = Option(at_least_one, lambda: 10_000, "Maximum number of entries.")
    eviction_sampling_count: Option[int] = Option(
        at_least_one, lambda: 8, "Number of random entries that an eviction compares."
    )
    eviction_sampling_pool_size: Option[int] = Option(
        at_least_one, lambda: 16, "Size of the pool of candidates for eviction."
    )
    max_bytes: Option[int | None] = Option(
        optional(at_least_one),
        lambda: None,
        "Maximum memory that the entries take, in bytes, roughly.",
        "None: no limit",
    )
    copy_on_read: Option[bool] = Option(
        boolean, lambda: False, "Whether each read of a near cache of objects gets a copy of its own."
    )
    preload_file: Option[str | None] = Option(
        optional(string),
        lambda: None,
        "File that keeps the keys between runs; ``{name}`` in it is replaced by the name of the map.",
        "None: no file",
    )
    reconciliation_interval: Option[float] = Option(
        non_negative,
        lambda: 60.0,
        "Seconds after which members are asked again for changes that were not told; 0 for never.",
    )


class FlakeIdGeneratorConfig(Options):
    """Options of one flake id generator."""

    prefetch_count: Option[int] = Option(
        integer(f"in range 1 to {_MAX_PREFETCH}", lambda v: 1 <= v <= _MAX_PREFETCH),
        lambda: 100,
        "Number of ids to fetch at once.",
    )
    prefetch_validity: Option[float] = Option(
        non_negative, lambda: 600.0, "Seconds for which fetched ids are used; 0 for no limit."
    )
    prefetch_ahead: Option[bool] = Option(
        boolean,
        lambda: False,
        "Whether the next ids are fetched in the background as soon as half of a batch is used.",
    )


class ReliableTopicConfig(Options):
    """Options of one reliable topic."""

    read_batch_size: Option[int] = Option(
        at_least_one, lambda: 10, "Maximum number of messages that a listener reads at once."
    )
    overload_policy: Option[TopicOverloadPolicy] = Option(
        member_of(TopicOverloadPolicy),
        lambda: TopicOverloadPolicy.BLOCK,
        "What publishing does if the ringbuffer is full.",
        "BLOCK",
    )


def part(kind: type[P]) -> Callable[[str, Any], P]:
    """Return the check of one nested configuration: an instance of ``kind``, or a dict of its options."""

    def convert(name: str, value: Any) -> P:
        if isinstance(value, kind):
            return value
        if not isinstance(value, dict):
            raise type_error(name, f"a dict of options or a {kind.__name__}", value)
        made = kind(_prefix=f"{name}.")
        known = kind.options()
        for key, setting in value.items():
            if key not in known:
                raise unknown_option(f"{name}.{key}", str(key), known)
            setattr(made, key, setting)
        return made

    return convert
