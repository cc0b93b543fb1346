"""A plugin of pytest that leaves out the tests that ask for more than members can do.

``HZ_SUITE_UNMET=1`` runs them, and no others: those that pass should not be in the list.
"""

import os

import pytest
import sqlalchemy
from requirements import UNMET, UNMET_OF_2_0


def _name(item: pytest.Item) -> str:
    assert item.parent is not None
    return f"{item.parent.name.split('_hazelcast')[0]}.{item.name}"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Choose the tests."""
    old = sqlalchemy.__version__.startswith("2.0.")
    reasons = [*UNMET.values(), *(UNMET_OF_2_0.values() if old else ())]
    patterns = tuple(pattern for group in reasons for pattern in group)
    wanted = bool(os.environ.get("HZ_SUITE_UNMET"))
    names = [_name(item) for item in items]
    chosen = [item for item, name in zip(items, names, strict=True) if name.startswith(patterns) is wanted]
    if "whole.py" in config.args and not config.option.keyword and not old:
        unknown = [pattern for pattern in patterns if not any(name.startswith(pattern) for name in names)]
        assert not unknown, unknown
    config.hook.pytest_deselected(items=list(set(items) - set(chosen)))
    items[:] = chosen
