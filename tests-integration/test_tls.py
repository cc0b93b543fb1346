"""TLS in front of a real member, by a relay whose certificates are made on the fly; and what the member refuses.

Open-source members do not speak TLS themselves, and check no passwords: they refuse every client that sends one.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import hazelcast
import hazelcast.asyncio
from core_ca import Authority
from core_tls_relay import TlsRelay
from hazelcast.errors import AuthenticationError, IllegalStateError
from hazelcast.security import BasicTokenProvider
from hz_embedded import Cluster
from hz_embedded.fault_proxy import FaultProxy
from map_harness import Recorder, fresh_name, until_now
from test_versions import (
    collections,
    collections_in_a_transaction,
    multi_map,
    page,
    query,
    read_and_write,
    replicated_map,
)
from test_versions_services import count, estimate, execute, execute_durably, generate_ids
from test_versions_topics import walk_ringbuffer, walk_topic

VERSION = "5.7.0"
ONCE: dict[str, Any] = {"cluster_connect_timeout": 0}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Return the authority that members and clients trust."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def own(authority: Authority) -> dict[str, Any]:
    """Return the options of a client with a certificate of its own, whose key is encrypted."""
    files = authority.client("own", b"the password")
    return {**authority.trusted, **files.options, "ssl_password": "the password"}


class Front:
    """A port of the relay in front of the member."""

    def __init__(self, cluster: Cluster, context: ssl.SSLContext) -> None:
        self.relay = TlsRelay(context)
        self.plain = int(cluster.addresses[0].rpartition(":")[2])
        self.port = self.relay.open(self.plain)

    @property
    def where(self) -> dict[str, Any]:
        """The options for where the cluster is."""
        return {"cluster_members": [f"127.0.0.1:{self.port}"], "retry_initial_backoff": 0.01}

    def __enter__(self) -> Front:
        return self

    def __exit__(self, *error: object) -> None:
        self.relay.stop()


@pytest.fixture(scope="module")
def front(cluster: Cluster, authority: Authority) -> Iterator[Front]:
    """Yield the way to the member for clients with a certificate."""
    with Front(cluster, authority.mutual()) as made:
        yield made


# --- work over TLS ------------------------------------------------------------------------------------------------


def test_every_structure(front: Front, own: dict[str, Any]) -> None:
    with hazelcast.HazelcastClient(**front.where, **own) as client:
        for part in (read_and_write, query, page):
            m = client.get_map(f"tls {part.__name__}").blocking()
            part(m)
            m.destroy()
        for walk in (collections, collections_in_a_transaction, multi_map, replicated_map, walk_ringbuffer):
            walk(client)
        walk_topic(client, publishes_all=True)
        for service in (count, generate_ids, estimate, execute, execute_durably):
            service(client, VERSION)
        reliable = client.get_reliable_topic("tls").blocking()
        heard = Recorder()
        reliable.add_listener(heard)
        reliable.publish("message")
        until_now(lambda: heard.events)


async def test_asyncio(front: Front, own: dict[str, Any]) -> None:
    async with hazelcast.asyncio.HazelcastClient(**front.where, **own) as client:
        m = await client.get_map(fresh_name())
        heard = Recorder()
        await m.add_entry_listener(True, added_func=heard)
        large = "x" * 3_000_000
        results = await asyncio.gather(m.put("large", large), *(m.put(n, n) for n in range(500)))
        assert results == [None] * 501
        assert await m.get("large") == large
        assert len(await heard.wait_for(501)) == 501
        q = await client.get_queue(fresh_name())
        waiting = asyncio.ensure_future(q.poll(20))
        assert await m.get(1) == 1
        await q.offer("item")
        assert await waiting == "item"


def test_large_values_under_load_by_threads(front: Front, own: dict[str, Any]) -> None:
    """Every thread reads what it wrote; nobody waits for ever."""
    with hazelcast.HazelcastClient(**front.where, **own) as client:
        m = client.get_map(fresh_name()).blocking()
        large = bytes(range(256)) * 20_000
        errors: list[BaseException] = []

        def work(number: int) -> None:
            try:
                for turn in range(3 if number < 2 else 200):
                    value = large if number < 2 else [number, turn]
                    m.set(number, value)
                    assert m.get(number) == value
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()
        assert errors == []
        m.destroy()


# --- members and clients that are not trusted ---------------------------------------------------------------------


def refusals(front: Front, **options: Any) -> list[str]:
    """Return why neither client gets a connection."""
    found = []
    with pytest.raises(IllegalStateError) as caught:
        hazelcast.HazelcastClient(**front.where, **options, **ONCE).shutdown()
    found.append(str(caught.value))

    async def start() -> None:
        async with hazelcast.asyncio.HazelcastClient(**front.where, **options, **ONCE):
            pass

    with pytest.raises(IllegalStateError) as caught:
        asyncio.run(start())
    found.append(str(caught.value))
    return found


def test_a_certificate_for_another_name(cluster: Cluster, authority: Authority) -> None:
    with Front(cluster, authority.server("other.test")) as front:
        for text in refusals(front, **authority.trusted):
            assert "certificate is not valid for '127.0.0.1'" in text
        with hazelcast.HazelcastClient(
            **front.where, **authority.trusted, ssl_check_hostname=False
        ) as client:
            assert client.get_map(fresh_name()).blocking().put(1, 1) is None


def test_an_expired_certificate(cluster: Cluster, authority: Authority) -> None:
    with Front(cluster, authority.server(expired=True)) as front:
        for text in refusals(front, **authority.trusted):
            assert "certificate has expired" in text


def test_a_certificate_of_an_unknown_authority(
    cluster: Cluster, authority: Authority, tmp_path: Path
) -> None:
    with Front(cluster, Authority(tmp_path, "stranger").server()) as front:
        for text in refusals(front, **authority.trusted):
            assert "check that ssl_cafile holds the certificate of the authority" in text


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=lambda v: v.name)
def test_a_client_without_a_certificate(
    version: ssl.TLSVersion, cluster: Cluster, authority: Authority
) -> None:
    with Front(cluster, authority.mutual(version)) as front:
        for text in refusals(front, **authority.trusted):
            assert "refused by members with mutual authentication" in text


def test_a_member_without_tls_and_a_client_without(
    cluster: Cluster, front: Front, authority: Authority
) -> None:
    plain: dict[str, Any] = {"cluster_members": cluster.addresses}
    with pytest.raises(IllegalStateError, match="check that the member uses TLS on this port"):
        hazelcast.HazelcastClient(**plain, **authority.trusted, **ONCE).shutdown()
    with pytest.raises(
        IllegalStateError, match="during the authentication: the log of the member may tell why"
    ):
        hazelcast.HazelcastClient(**front.where, **ONCE).shutdown()


@pytest.mark.parametrize(
    ("count", "direction"), [(1, "to_client"), (900, "to_client"), (1, "to_member"), (300, "to_member")]
)
def test_a_connection_that_is_cut_in_the_handshake(
    count: int, direction: Any, front: Front, own: dict[str, Any]
) -> None:
    with FaultProxy(f"127.0.0.1:{front.port}") as proxy:
        through: dict[str, Any] = {"cluster_members": [proxy.address], "retry_initial_backoff": 0.01}
        with proxy.cut_after(count, direction):
            with pytest.raises(IllegalStateError) as caught:
                hazelcast.HazelcastClient(**through, **own, **ONCE).shutdown()
            assert "the member closed the connection during the TLS handshake" in str(caught.value)
        # The write may be begun before the client knows that the connection is lost.
        with hazelcast.HazelcastClient(**through, **own, redo_operation=True) as client:
            m = client.get_map(fresh_name()).blocking()
            with proxy.cut_after(count, direction):
                proxy.reset()
                until_now(lambda: proxy.connection_count() == 0)
            m.set("k", "v")
            assert m.get("k") == "v"


# --- certificates that are renewed --------------------------------------------------------------------------------


def test_renewed_certificates(
    cluster: Cluster, authority: Authority, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The authority changes while the client runs; in between its file is broken."""
    old, new = Authority(tmp_path, "old"), Authority(tmp_path, "new")
    context = old.server()
    with Front(cluster, context) as front, hazelcast.HazelcastClient(**front.where, **old.trusted) as client:
        m = client.get_map(fresh_name()).blocking()
        m.set("k", "old")
        new.certify(context)
        Path(old.cafile).write_text("broken")
        front.relay.cut_raggedly()
        until_now(lambda: "ssl_cafile: no certificates in the format PEM" in caplog.text)
        Path(old.cafile).write_bytes(Path(new.cafile).read_bytes())
        assert m.get("k") == "old"
        m.set("k", "new")
        assert m.get("k") == "new"


# --- authentication -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        ({"cluster_name": "other"}, "refused cluster name 'other' or the credentials"),
        ({"creds_username": "ann", "creds_password": "secret"}, "the client sent the password of user 'ann'"),
        ({"token_provider": BasicTokenProvider("secret")}, "the client sent the token of token_provider"),
    ],
    ids=["name", "password", "token"],
)
def test_what_a_member_refuses(options: dict[str, Any], sent: str, cluster: Cluster) -> None:
    with pytest.raises(IllegalStateError) as caught:
        hazelcast.HazelcastClient(cluster_members=cluster.addresses, **options, **ONCE).shutdown()
    refusal = caught.value.__cause__
    assert isinstance(refusal, AuthenticationError)
    assert f"the member at {cluster.addresses[0]} refused cluster name" in str(refusal)
    assert sent in str(refusal)
    assert "secret" not in str(caught.value)
