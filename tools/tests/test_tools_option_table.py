"""The tables of options in the documentation say the key, the unit and the variable of each option."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sphinx.errors import ExtensionError

from hz_core.config import ClientConfig, FlakeIdGeneratorConfig, NearCacheConfig, ReliableTopicConfig
from hz_core.config.sources.foreign import FOREIGN

ROOT = Path(__file__).resolve().parents[2]


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("option_tables", ROOT / "docs" / "option_tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


TABLES: Any = _load()
HAVE_A_PAGE = {"near_caches", "flake_id_generators", "reliable_topics"}


def rows(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in text.splitlines()]


@pytest.mark.parametrize("kind", [ClientConfig, NearCacheConfig, FlakeIdGeneratorConfig, ReliableTopicConfig])
def test_every_option_has_a_full_row(kind: type[Any]) -> None:
    head, _, *found = rows(TABLES.markdown(kind))
    assert head[-2:] == ["key in files", "environment variable"]
    assert [row[0] for row in found] == [f"`{name}`" for name in kind.options()]
    assert all(len(row) == len(head) and all(row) for row in found)
    variables = [row[-1] for row in found if row[0].strip("`") not in HAVE_A_PAGE]
    assert all(variable.startswith("`HZCLIENT_") for variable in variables)
    assert len(set(variables)) == len(variables)


def test_rows() -> None:
    found = {row[0]: row[-2:] for row in rows(TABLES.markdown(ClientConfig))}
    assert found["`connection_timeout`"] == [
        "`network.connection-timeout` (ms)",
        "`HZCLIENT_NETWORK_CONNECTIONTIMEOUT`",
    ]
    assert found["`smart_routing`"][0] == "`network.smart-routing`, `network.cluster-routing.mode`"
    assert found["`near_caches`"] == ["`near-cache`", "see below"]
    found = {row[0]: row[-2:] for row in rows(TABLES.markdown(NearCacheConfig))}
    assert found["`max_idle`"] == [
        "`near-cache.NAME.max-idle-seconds` (s)",
        "`HZCLIENT_NEARCACHE_NAME_MAXIDLESECONDS`",
    ]


def test_the_table_of_what_is_not_followed() -> None:
    found = rows(TABLES.foreign_markdown())[2:]
    assert len(found) == len(FOREIGN)
    assert ["`listeners`", "refused"] in [row[:2] for row in found]
    assert ["`tpc`", "ignored"] in [row[:2] for row in found]


def test_what_is_no_configuration() -> None:
    with pytest.raises(ExtensionError, match="is not a configuration class"):
        TABLES.class_of("hz_core.config.IndexType")
    with pytest.raises(ExtensionError, match=r"cannot import hz_core\.config\.NoSuch"):
        TABLES.class_of("hz_core.config.NoSuch")
    with pytest.raises(ExtensionError, match="there are no options nothing"):
        TABLES.markdown(ClientConfig, ["nothing"])
