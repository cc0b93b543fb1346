"""Django, Flask-Caching, ASGI and Celery with a real member."""

from __future__ import annotations

import asyncio
import importlib.util
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import ThreadSensitiveContext
from celery import Celery, chord, group
from celery.contrib.testing.worker import start_worker
from celery.signals import setup_logging
from django.conf import settings
from django.contrib.sessions.backends.base import UpdateError
from fastapi import FastAPI, Request
from flask import Flask
from flask_caching import Cache

import hazelcast
from core_forks import in_child
from hazelcast.errors import IllegalStateError
from hz_embedded import Cluster
from hz_frameworks import clients
from hz_frameworks.asgi import HazelcastMiddleware, hazelcast_lifespan
from hz_frameworks.clients import close_clients, shared_client
from hz_frameworks.pickled import PickledMap
from map_harness import fresh_name, until_now

EXAMPLES = Path(__file__).parent.parent / "examples"

if not settings.configured:
    settings.configure(SECRET_KEY="only for tests")


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    """Close the clients that the test's backends share."""
    yield
    close_clients()


@pytest.fixture
def address(cluster: Cluster) -> str:
    """Return the address of the member."""
    return cluster.addresses[0]


def test_clients_are_shared(cluster: Cluster) -> None:
    one = shared_client(cluster.addresses, {"client_name": "one"})
    assert shared_client(cluster.addresses, {"client_name": "one"}) is one
    other = shared_client(f"hazelcast://{cluster.addresses[0]}", {"client_name": "other"})
    assert (one.name, other.name) == ("one", "other")
    one.shutdown()
    again = shared_client(cluster.addresses, {"client_name": "one"})
    assert again is not one
    assert again.lifecycle_service.is_running()


def test_a_forked_child_does_not_wait_for_a_client_that_the_parent_connects(
    cluster: Cluster, reserved_ports: tuple[int, int]
) -> None:
    addresses = cluster.addresses
    shared_client(addresses, {})  # no thread may import anything while the process forks
    nobody = f"127.0.0.1:{reserved_ports[0]}"
    options = {"cluster_connect_timeout": 1, "retry_initial_backoff": 0.1}
    with ThreadPoolExecutor(1) as pool:
        connecting = pool.submit(shared_client, nobody, options)
        until_now(clients._lock.locked)

        def use() -> None:
            own = shared_client(addresses, {"client_name": "own"})
            assert own.lifecycle_service.is_running()
            own.shutdown()

        in_child(use)
        with pytest.raises(IllegalStateError):
            connecting.result()


def test_a_map_of_objects(client: hazelcast.HazelcastClient) -> None:
    entries = PickledMap(lambda: client, fresh_name("pickled"), timeout=20)
    raw = client.get_map(entries.name).blocking()
    entries.set("n", 5, ttl=100)
    assert (raw.get("n"), entries.add_to("n", 2), entries.get("n")) == (5, 7, 7)
    view = raw.get_entry_view("n")
    assert view is not None
    assert 90_000 < view.expiration_time - time.time() * 1000 <= 101_000
    assert entries.add_to("none", 1) is None
    assert entries.add_to("none", 5, 0) == 5
    assert entries.add_to("large", 1, 2**31) == 2**31 + 1 == entries.get("large")
    entries.set("big", 2**31 - 1)
    assert entries.add_to("big", 1) == 2**31 == entries.get("big")
    entries.set("text", "x")
    with pytest.raises(TypeError):
        entries.add_to("text", 1)
    assert not raw.is_locked("text")
    assert not entries.replace("absent", 1)
    assert entries.replace("text", {"a": None}, ttl=100)
    assert entries.get_many(["text", "absent"]) == {"text": {"a": None}}
    assert entries.delete_many(["text", "absent"]) == ["text"]
    assert not entries.touch("text", 5)


def test_django_cache(address: str, client: hazelcast.HazelcastClient) -> None:
    from hz_frameworks.django.cache import HazelcastCache

    name = fresh_name("django")
    params: dict[str, Any] = {"OPTIONS": {"MAP": name, "CLIENT": {"client_name": "django"}}, "TIMEOUT": 100}
    cache = HazelcastCache(address, params)
    cache.set("k", {"a": [1]})
    raw = client.get_map(name).blocking()
    view = raw.get_entry_view(":1:k")
    assert view is not None
    assert view.ttl == 100_000
    cache.set("forever", 1, None)
    forever = raw.get_entry_view(":1:forever")
    assert forever is not None
    assert forever.expiration_time == 2**63 - 1
    assert (cache.get("k"), cache.get("forever"), cache.get("no", 7)) == ({"a": [1]}, 1, 7)
    assert cache.get("k", version=2) is None
    assert not cache.add("k", 1)
    assert cache.add("gone", 1, 0)
    assert not cache.has_key("gone")
    assert cache.touch("k", 0)
    assert not cache.touch("k", 5)
    assert cache.incr("forever", 41) == 42
    with pytest.raises(ValueError, match="Key 'no' not found"):
        cache.incr("no")
    assert cache.set_many({"a": 1, "b": None}, 5) == []
    assert cache.get_many(["a", "b", "c"]) == {"a": 1, "b": None}
    cache.delete_many(["a", "b"])
    assert raw.size() == 1
    cache.clear()
    assert raw.is_empty()


async def test_django_cache_in_coroutines(address: str) -> None:
    from hz_frameworks.django.cache import HazelcastCache

    cache = HazelcastCache(address, {"OPTIONS": {"MAP": fresh_name("django")}})
    async with ThreadSensitiveContext():
        await cache.aset("k", 1)
        assert await cache.aincr("k") == 2
        assert await cache.aget_many(["k"]) == {"k": 2}


def test_django_sessions(
    address: str, client: hazelcast.HazelcastClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hz_frameworks.django.sessions import SessionStore

    name = fresh_name("sessions")
    monkeypatch.setattr(settings, "HAZELCAST_SESSIONS", {"LOCATION": address, "MAP": name}, raising=False)
    session = SessionStore()
    session["user"] = "ada"
    session.set_expiry(500)
    session.save()
    key = session.session_key
    raw = client.get_map(name).blocking()
    view = raw.get_entry_view(key)
    assert view is not None
    assert view.ttl == 500_000
    again = SessionStore(key)
    assert again["user"] == "ada"
    again.cycle_key()
    assert again.session_key != key
    assert not SessionStore().exists(key)
    assert SessionStore(again.session_key)["user"] == "ada"
    again.delete()
    again["user"] = "bob"
    with pytest.raises(UpdateError):
        again.save()
    assert raw.is_empty()
    assert SessionStore("unknown").get("user") is None


def test_flask_caching(address: str, client: hazelcast.HazelcastClient) -> None:
    name = fresh_name("flask")
    app = Flask("shop")
    config = {
        "CACHE_TYPE": "hz_frameworks.flask_caching.HazelcastCache",
        "CACHE_HAZELCAST_URL": f"hazelcast://{address}",
        "CACHE_HAZELCAST_MAP": name,
        "CACHE_KEY_PREFIX": "shop:",
        "CACHE_DEFAULT_TIMEOUT": 200,
    }
    cache = Cache(app, config=config)
    calls = []

    @app.get("/price/<sku>")
    @cache.cached()
    def price(sku: str) -> str:
        calls.append(sku)
        return f"{sku} {len(calls)}"

    @cache.memoize(50)
    def double(n: int) -> int:
        calls.append(str(n))
        return 2 * n

    web = app.test_client()
    assert [web.get(f"/price/{sku}").text for sku in ("a", "a", "b")] == ["a 1", "a 1", "b 2"]
    with app.app_context():
        assert [double(4), double(4)] == [8, 8]
        cache.delete_memoized(double)
        assert double(4) == 8
        assert calls == ["a", "b", "4", "4"]
        assert cache.set_many({"x": 1, "y": [2]}) == ["x", "y"]
        assert cache.get_many("x", "y", "z") == [1, [2], None]
        assert cache.get_dict("x", "z") == {"x": 1, "z": None}
        assert cache.add("x", 5) is False
        assert cache.has("x")
        assert cache.cache.inc("x", 4) == 5
        assert cache.cache.dec("n") == -1
        assert cache.delete_many("x", "z") == ["x"]
        assert cache.delete("y")
        assert cache.set("forever", 1, timeout=0)
    raw = client.get_map(name).blocking()
    forever, page = raw.get_entry_view("shop:forever"), raw.get_entry_view("shop:view//price/a")
    assert forever is not None
    assert page is not None
    assert (forever.expiration_time, page.ttl) == (2**63 - 1, 200_000)
    with app.app_context():
        cache.clear()
    assert raw.is_empty()


class Web:
    """Runs an ASGI application as a server does, and sends it requests."""

    def __init__(self, application: Any) -> None:
        self._application = application
        self._state: dict[str, Any] = {}
        self._to: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def __aenter__(self) -> Web:
        scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": self._state}
        self._running = asyncio.create_task(self._application(scope, self._to.get, self._sent.put))
        assert await self._say("lifespan.startup") == "lifespan.startup.complete"
        return self

    async def __aexit__(self, *error: object) -> None:
        assert await self._say("lifespan.shutdown") == "lifespan.shutdown.complete"
        await self._running

    async def _say(self, message: str) -> str:
        await self._to.put({"type": message})
        return str((await asyncio.wait_for(self._sent.get(), 30))["type"])

    async def get(self, path: str) -> str:
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
            "state": dict(self._state),
        }
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await self._application(scope, receive, send)
        return b"".join(message.get("body", b"") for message in sent).decode()


async def test_fastapi(cluster: Cluster) -> None:
    @asynccontextmanager
    async def inner(application: Any) -> Any:
        yield {"shop": "corner"}

    app = FastAPI(lifespan=hazelcast_lifespan(cluster_members=cluster.addresses, inner=inner))
    name = fresh_name("fastapi")

    @app.get("/count/{key}")
    async def count(key: str, request: Request) -> str:
        visits = await request.state.hazelcast.get_map(name)
        async with visits.lock_context(key):
            number = (await visits.get(key) or 0) + 1
            await visits.set(key, number)
        return f"{request.state.shop} {number}"

    async with Web(app) as web:
        assert [await web.get("/count/a"), await web.get("/count/a")] == ['"corner 1"', '"corner 2"']
        client = web._state["hazelcast"]
        assert client.lifecycle_service.is_running()
    assert not client.lifecycle_service.is_running()


async def test_any_asgi_application(cluster: Cluster) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for _ in range(2):
                message = await receive()
                await send({"type": message["type"] + ".complete"})
            return
        client = scope["state"]["hazelcast"]
        size = await (await client.get_map("asgi-empty")).size()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": str(size).encode()})

    middleware = HazelcastMiddleware(application, cluster_members=cluster.addresses)
    async with Web(middleware) as web:
        assert await web.get("/") == "0"
    assert middleware._client is None


@contextmanager
def _logging_untouched() -> Iterator[None]:
    """Keep Celery from setting the level of the root logger: it does not when a receiver does the set-up."""

    def keep(**_ignored: object) -> None:
        pass

    setup_logging.connect(keep)
    try:
        yield
    finally:
        setup_logging.disconnect(keep)


def test_celery_results(
    address: str, client: hazelcast.HazelcastClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[int | None] = []

    class Counting(PickledMap):
        def add_to(self, key: str, delta: int, start: int | None = None) -> int | None:
            counted.append(super().add_to(key, delta, start))
            return counted[-1]

    monkeypatch.setattr("hz_frameworks.celery.PickledMap", Counting)
    name = fresh_name("celery")
    app = Celery(
        "shop",
        broker="memory://",
        backend=f"hz_frameworks.celery:HazelcastBackend+hazelcast://{address}",
        set_as_current=False,
    )
    app.conf.update(
        result_backend_transport_options={"map": name},
        result_expires=300,
        broker_transport_options={"polling_interval": 0.01},
    )

    @app.task(name="add")  # type: ignore[untyped-decorator]  # Celery has no types
    def add(a: int, b: int) -> int:
        return a + b

    @app.task(name="total")  # type: ignore[untyped-decorator]  # Celery has no types
    def total(numbers: list[int]) -> int:
        return sum(numbers)

    @app.task(name="fail")  # type: ignore[untyped-decorator]  # Celery has no types
    def fail() -> None:
        raise ValueError("no")

    with _logging_untouched(), start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=30):
        soon = {"timeout": 30, "interval": 0.02}
        result = add.delay(2, 3)
        assert result.get(**soon) == 5
        many = group(add.s(n, n) for n in range(4)).apply_async()
        assert many.get(**soon) == [0, 2, 4, 6]
        assert chord([add.s(n, 1) for n in range(5)], total.s()).apply_async().get(**soon) == 15
        assert counted == [1, 2, 3, 4, 5]
        with pytest.raises(ValueError, match="no"):
            fail.delay().get(**soon)
    raw = client.get_map(name).blocking()
    view = raw.get_entry_view(f"celery-task-meta-{result.id}")
    assert view is not None
    assert view.ttl == 300_000
    result.forget()
    assert not raw.contains_key(f"celery-task-meta-{result.id}")


def load_example(name: str) -> Any:
    """Import a module of examples/."""
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def test_the_fastapi_example(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HZ_MEMBERS", address)
    example = load_example("fastapi_app")
    async with Web(example.app) as web:
        first = await web.get("/rates/USD")
        answers = await asyncio.gather(*(web.get("/rates/USD") for _ in range(6)))
    assert first == '{"USD":1.16}'
    refused = '{"detail":"too many requests"}'
    assert sorted(answers) == sorted([first] * (example.MOST - 1) + [refused] * 2)
    assert example.rate_of.counts.misses <= 1


async def test_the_task_queue_survives_a_worker(address: str) -> None:
    example = load_example("task_queue")
    example.CLAIM = 1.0
    name, begun, go_on = fresh_name("tasks"), threading.Event(), threading.Event()

    def stuck(value: int) -> int:
        begun.set()
        assert go_on.wait(30)
        return value

    def fail() -> None:
        raise ValueError("no")

    functions = {"factorize": example.factorize, "stuck": stuck, "fail": fail}
    with ThreadPoolExecutor(2) as pool:
        async with (
            example.connect(address) as client,
            example.connect(address) as other,
            example.TaskQueue(client, name) as tasks,
            example.TaskQueue(other, name) as theirs,
        ):
            doomed = asyncio.create_task(example.Worker(theirs, functions, pool).run())
            result = await tasks.submit("stuck", 7)
            assert await asyncio.to_thread(begun.wait, 30)
            # It dies with the task in its hands: nobody renews the claim.
            doomed.cancel()
            await asyncio.gather(doomed, return_exceptions=True)
            go_on.set()
            survivor = example.Worker(tasks, functions, pool)
            running = asyncio.create_task(survivor.run())
            assert await asyncio.wait_for(result, 30) == 7
            assert await (await tasks.submit("factorize", 10**10)) == [2] * 10 + [5] * 10
            with pytest.raises(example.Failed, match="ValueError: no"):
                await (await tasks.submit("fail"))
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            assert survivor.done >= 2
            await tasks.queue.destroy()
