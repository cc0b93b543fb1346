"""Files with a list of clusters."""

from pathlib import Path

import pytest

from hz_core.config.sources.files import read_failover
from hz_core.errors import InvalidConfigurationError

YAML = """
hazelcast-client-failover:
  clients:
    - blue.yaml
    - ${GREEN}/green.xml
  try-count: 4
"""
XML = """
<hazelcast-client-failover xmlns="http://www.hazelcast.com/schema/client-failover-config">
    <clients>
        <client>blue.yaml</client>
        <client>${GREEN}/green.xml</client>
    </clients>
    <try-count>4</try-count>
</hazelcast-client-failover>
"""


@pytest.mark.parametrize(("name", "text"), [("a.yaml", YAML), ("a.xml", XML)])
def test_a_list_of_clusters(name: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(text)
    assert read_failover(str(path), {"GREEN": "inner"}) == (
        [tmp_path / "blue.yaml", tmp_path / "inner" / "green.xml"],
        4,
    )


REFUSED = {
    "{}": "clients must be a list of files, at least one",
    "clients: []": "clients must be a list of files, at least one",
    "clients: a.yaml": "clients must be a list of files, at least one",
    "clients: [{a: b}]": "clients must be a list of files, at least one",
    "clients: [a.yaml, '']": "clients must be a list of files, at least one",
    "clients: [a.yaml]\ntry-count: often": "try-count must be an integer, not 'often'",
    "clients: [a.yaml]\ntries: 4": "tries is not a known key; there are clients and try-count",
    "hazelcast-client: {}": "hazelcast-client is not a known key",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_list_of_clusters(text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(text)
    with pytest.raises(InvalidConfigurationError, match=f", line {text.count(chr(10)) + 1}: {REFUSED[text]}"):
        read_failover(path, {})


def test_the_number_of_tries_may_be_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("clients: [b.yaml]")
    assert read_failover(path, {}) == ([tmp_path / "b.yaml"], None)
