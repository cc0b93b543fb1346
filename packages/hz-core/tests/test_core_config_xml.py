"""Configuration files in XML: what differs from YAML, and what is refused."""

from pathlib import Path

import pytest

from core_config_objects import FACTORY
from hz_core.config import ClientConfig
from hz_core.errors import InvalidConfigurationError


def write(folder: Path, body: str, head: str = "") -> Path:
    path = folder / "hazelcast-client.xml"
    path.write_text(f"{head}<hazelcast-client>{body}</hazelcast-client>", "utf-8")
    return path


LAUGHS = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))

REFUSED_HEADS = {
    "entities of entities": f'<!DOCTYPE x [<!ENTITY a0 "ha">{LAUGHS}]>',
    "a file": '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hostname">]>',
    "a DTD elsewhere": '<!DOCTYPE hazelcast-client SYSTEM "http://127.0.0.1:1/x.dtd">',
    "a parameter entity": '<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:1/x.dtd"> %p;]>',
    "just a type": "<!DOCTYPE hazelcast-client>",
}


@pytest.mark.parametrize("head", REFUSED_HEADS)
def test_document_types_are_refused(head: str, tmp_path: Path) -> None:
    path = write(tmp_path, "<cluster-name>&a9;&f;</cluster-name>", REFUSED_HEADS[head])
    with pytest.raises(InvalidConfigurationError, match=r"line 1: a document type \(DOCTYPE\) is refused"):
        ClientConfig.from_file(path)


REFUSED = {
    "<cluster-nam>x</cluster-nam>": "cluster-nam is not a known key; did you mean cluster-name?",
    "<cluster-name>a</cluster-name><cluster-name>b</cluster-name>": "cluster-name is there twice",
    "<cluster-name>a": "this is not valid XML: mismatched tag",
    "<cluster-name>&nbsp;</cluster-name>": "this is not valid XML: undefined entity",
    "<network>text<redo-operation>true</redo-operation></network>": "has both text and",
    "<load-balancer type='random'>text</load-balancer>": "has both text and",
    "<near-cache/>": "near-cache needs the attribute name",
    "<properties><property>5</property></properties>": "properties.property needs the attribute name",
    "<client-labels><lable>x</lable></client-labels>": "client-labels.lable is not known here; items are called label",
    "<client-labels><label a='b'>x</label></client-labels>": "must hold a text only",
    "<connection-strategy async='true'/>": "connection-strategy.async is not a known key; did you mean async-start?",
    "<query-caches><query-cache name='a'/><query-cache name='b'/></query-caches>": "query-caches cannot be used",
    "<serialization><serializers><serializer type-class='a:b' class-name='a:b'>x</serializer></serializers>"
    "</serialization>": "serialization.serializers.serializer has attributes only, and no text",
    "<serialization><portable-factories><portable-factory factory-id='2' class-name='a:b'>a:b</portable-factory>"
    "</portable-factories></serialization>": "class-name is there twice",
    "<import/>": "import must be a list of files",
    "<a>" * 50 + "</a>" * 50: "levels",
}


@pytest.mark.parametrize("body", REFUSED)
def test_what_is_refused(body: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidConfigurationError, match=REFUSED[body]) as caught:
        ClientConfig.from_file(write(tmp_path, body))
    assert str(caught.value).startswith(f"{tmp_path / 'hazelcast-client.xml'}, line 1: ")


def test_another_root_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_text("<hazelcast><cluster-name>x</cluster-name></hazelcast>")
    with pytest.raises(
        InvalidConfigurationError, match="the root element must be hazelcast-client, not hazelcast"
    ):
        ClientConfig.from_file(path)


def test_too_many_elements_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "<x/>" * 100_001)
    with pytest.raises(InvalidConfigurationError, match="more than 100000 elements"):
        ClientConfig.from_file(path)


def test_lines(tmp_path: Path) -> None:
    path = write(tmp_path, "\n<network>\n\n<ssl enabld='true'/>\n</network>")
    with pytest.raises(InvalidConfigurationError) as caught:
        ClientConfig.from_file(path)
    assert (
        str(caught.value) == f"{path}, line 4: network.ssl.enabld is not a known key; did you mean enabled?"
    )


def test_encodings_and_spaces(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    text = "<hazelcast-client><cluster-name>\n caf\xe9 &amp; &#x42; <![CDATA[<c>]]>\n</cluster-name></hazelcast-client>"
    for encoding in ("iso-8859-1", "utf-16", "utf-8"):
        path.write_bytes(f'<?xml version="1.0" encoding="{encoding}"?>{text}'.encode(encoding))
        assert ClientConfig.from_file(path).cluster_name == "café & B <c>"
    path.write_bytes(b'<?xml version="1.0" encoding="no-such"?>' + text.encode("ascii", "ignore"))
    with pytest.raises(InvalidConfigurationError, match="this is not valid XML: unknown encoding"):
        ClientConfig.from_file(path)


def test_attributes_and_elements_say_the_same(tmp_path: Path) -> None:
    attributes = write(tmp_path, '<network><ssl enabled="true"/></network>')
    first = ClientConfig.from_file(attributes)
    elements = write(tmp_path, "<network><ssl><enabled>true</enabled></ssl></network>")
    assert first == ClientConfig.from_file(elements) == ClientConfig.from_kwargs(ssl_enabled=True)
    factories = "<portable-factory factory-id='2' class-name='core_config_objects:FACTORY'/>"
    body = f"<serialization><portable-factories>{factories}</portable-factories></serialization>"
    assert ClientConfig.from_file(write(tmp_path, body)).portable_factories == {2: FACTORY}
    token = "<security><token>two words</token></security>"
    provider = ClientConfig.from_file(write(tmp_path, token)).token_provider
    assert provider is not None
    assert provider.token() == b"two words"
