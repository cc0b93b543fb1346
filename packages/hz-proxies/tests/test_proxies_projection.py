"""Projections: their bytes as members write them, their checks and their printed form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, assert_type

import pytest

from hz_proxies.projection import (
    PROJECTION_FACTORY,
    PROJECTION_FACTORY_ID,
    Projection,
    identity,
    multi_attribute,
    single_attribute,
)
from hz_serialization import SerializationConfig, SerializationService

HEADER = "00000000fffffffe01"  # no partition hash, type -2, identified

# What a member's own serialization service makes of each.
VECTORS: list[tuple[Projection[Any], str, str]] = [
    (single_attribute("attr"), "ffffffe2000000000000000461747472", "single_attribute('attr')"),
    (multi_attribute("a", "b"), "ffffffe2000000010000000200000001610000000162", "multi_attribute('a', 'b')"),
    (identity(), "ffffffe200000002", "identity()"),
]
IDS = [text for _, _, text in VECTORS]


@pytest.fixture
def service() -> SerializationService:
    return SerializationService(
        SerializationConfig(builtin_factories={PROJECTION_FACTORY_ID: PROJECTION_FACTORY})
    )


@pytest.mark.parametrize(("projection", "payload", "text"), VECTORS, ids=IDS)
def test_bytes_text_and_reading_back(
    service: SerializationService, projection: Projection[Any], payload: str, text: str
) -> None:
    data = service.to_data(projection)
    assert data.hex() == HEADER + payload
    assert repr(projection) == text
    assert service.to_object(data) == projection


def test_different_projections_differ() -> None:
    assert len({projection for projection, _, _ in VECTORS}) == len(VECTORS)
    assert single_attribute("a") == single_attribute("a")
    assert single_attribute("a") != single_attribute("b")
    assert multi_attribute("a", "b") != multi_attribute("b", "a")
    assert multi_attribute("a") != single_attribute("a")


def test_the_factory_makes_every_class_that_a_vector_has() -> None:
    assert set(PROJECTION_FACTORY) == {projection.get_class_id() for projection, _, _ in VECTORS}


WRONG_CALLS: list[tuple[Callable[[], object], type[Exception], str]] = [
    (lambda: single_attribute(None), TypeError, "^single_attribute: attribute_path must be a str"),  # type: ignore[arg-type] # misuse
    (lambda: single_attribute(""), ValueError, "^single_attribute: attribute_path must not be empty"),
    (lambda: single_attribute("a[any].b"), ValueError, r"^single_attribute: .*has \[any\]"),
    (lambda: multi_attribute(), ValueError, "^multi_attribute: at least one attribute path is required"),
    (lambda: multi_attribute("a", ""), ValueError, "^multi_attribute: attribute_path must not be empty"),
    (lambda: multi_attribute("a", "b[any]"), ValueError, r"^multi_attribute: .*has \[any\]"),
    (lambda: multi_attribute(["a"]), TypeError, "^multi_attribute: attribute_path must be a str, not list"),  # type: ignore[arg-type] # misuse
]


@pytest.mark.parametrize(
    ("call", "error", "message"), WRONG_CALLS, ids=[message for _, _, message in WRONG_CALLS]
)
def test_wrong_paths(call: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_result_types() -> None:
    assert_type(single_attribute("a"), Projection[Any])
    assert_type(multi_attribute("a"), Projection[list[Any]])
    assert identity().get_factory_id() == PROJECTION_FACTORY_ID
