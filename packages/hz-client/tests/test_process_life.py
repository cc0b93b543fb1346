"""The end of programs, signals, and event loops, with simulated members: no hang, no noise, one named error."""

import asyncio
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import hazelcast
from core_selector_thread import PATIENCE
from core_sockets import SocketCluster, until
from core_surfaces import keep
from hazelcast.asyncio import HazelcastClient as AsyncioClient
from hazelcast.errors import IllegalStateError

BEGIN = """
import asyncio
import atexit
import os
import signal
import sys
import threading

import hazelcast
from hazelcast.asyncio import HazelcastClient

options = {"cluster_members": [sys.argv[1]], "statistics_enabled": False}
own = f"of-{os.getpid()}"  # the programs run side by side, so each has a map of its own


def make():
    return hazelcast.HazelcastClient(**options)


"""

FORGOTTEN = "was not closed: call shutdown()"

# The program, what it prints, its exit status, and a part of each line that it writes to its standard error.
ENDS: dict[str, tuple[str, str, int, list[str]]] = {
    "forgotten by a program": (
        "client = make()\nclient.get_map(own).blocking().set(1, 1)",
        "",
        0,
        [FORGOTTEN],
    ),
    "forgotten by a function": (
        "def work():\n    client = make()\n    client.get_map(own).blocking().set(1, 1)\nwork()",
        "",
        0,
        [FORGOTTEN, "tracemalloc"],
    ),
    "in the middle of callbacks and events": (
        """
client = make()
values = client.get_map(own)
values.blocking().add_entry_listener(added_func=id, updated_func=id)
for number in range(2000):
    values.set(number % 7, number).add_done_callback(id)
client.shutdown()
""",
        "",
        0,
        [],
    ),
    "with an error": (
        "with make() as client:\n    raise SystemExit(3)",
        "",
        3,
        [],
    ),
    "with a last use at the exit": (
        """
client = make()
values = client.get_map(own).blocking()

@atexit.register
def last():
    values.set(5, "last")
    print(values.get(5))
    client.shutdown()
""",
        "last\n",
        0,
        [],
    ),
    "with a shutdown at the exit": (
        "client = make()\natexit.register(client.shutdown)\nclient.get_map(own).blocking().set(1, 1)",
        "",
        0,
        [],
    ),
    "while daemon threads are in calls": (
        """
client = make()
values = client.get_map(own).blocking()
began = threading.Barrier(5)

def work():
    began.wait()
    while True:
        values.set(1, 1)

for _ in range(4):
    threading.Thread(target=work, daemon=True).start()
began.wait()
values.set(2, 2)
""",
        "",
        0,
        [FORGOTTEN],
    ),
    "before its threads": (
        """
client = make()
values = client.get_map(own).blocking()
ending = threading.Event()

def work():
    threading.main_thread().join()
    values.set(1, "after the main thread")
    print(values.get(1))
    client.shutdown()

threading.Thread(target=work).start()
""",
        "after the main thread\n",
        0,
        [],
    ),
    "while it connects": (
        "options.update(cluster_members=['127.0.0.1:1'], async_start=True)\nclient = make()",
        "",
        0,
        [FORGOTTEN],
    ),
    "of asyncio": (
        """
async def main():
    global client
    client = HazelcastClient(**options)
    await client.start()
    await (await client.get_map(own)).set(1, 1)

asyncio.run(main())
""",
        "",
        0,
        ["was not closed: call await shutdown()"],
    ),
}

CALLS: dict[str, str] = {
    "blocking": """
client = make()
values = client.get_map(own).blocking()
try:
    values.get("kept")
except KeyboardInterrupt:
    print("interrupted", values.get("free"))
client.shutdown()
""",
    "futures": """
client = make()
values = client.get_map(own)
future = values.get("kept")
try:
    future.result()
except KeyboardInterrupt:
    print("interrupted", values.get("free").result())
client.shutdown()
""",
    "asyncio": """
async def main():
    async with HazelcastClient(**options) as client:
        values = await client.get_map(own)
        try:
            await values.get("kept")
        except asyncio.CancelledError:
            print("interrupted", await values.get("free"))
            raise

try:
    asyncio.run(main())
except KeyboardInterrupt:
    pass
""",
    "while it connects": """
options["cluster_members"] = ["127.0.0.1:1"]
signal.signal(signal.SIGALRM, signal.default_int_handler)
signal.setitimer(signal.ITIMER_REAL, 0.3)
try:
    make()
except KeyboardInterrupt:
    print("interrupted", None)
""",
}


@pytest.fixture
def server() -> Iterator[SocketCluster]:
    made = SocketCluster(2)
    made.cluster.strict = False
    yield made
    made.stop()


def program(server: SocketCluster, text: str, *options: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, *options, "-c", BEGIN + text, server.addresses[0]],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_end_of_a_program(server: SocketCluster) -> None:
    def run(name: str) -> tuple[str, str, int, list[str]]:
        text = ENDS[name][0]
        running = program(server, text, "-W", "default")
        try:
            out, errors = running.communicate(timeout=PATIENCE)
        finally:
            running.kill()
        # Without the source lines, which Python shows of such programs since 3.13, and without attempts to connect,
        # which may come before the end or not.
        without = ("  ", "could not connect to")
        lines = [line for line in errors.splitlines() if not line.startswith(without)]
        return text, out, running.returncode, lines

    with ThreadPoolExecutor(3) as pool:
        ran = dict(zip(ENDS, pool.map(run, ENDS), strict=True))
    for name, (_, out, status, errors) in ran.items():
        _, expected, expected_status, parts = ENDS[name]
        assert (out, status) == (expected, expected_status), (name, errors)
        if "daemon" in name:
            parts = parts[: len(errors)]  # a thread that is stopped in a call may keep the client to the end
        assert len(errors) == len(parts), (name, errors)
        assert all(part in line for part, line in zip(parts, errors, strict=True)), (name, errors)


@pytest.mark.parametrize("surface", CALLS)
def test_ctrl_c_during_a_call(server: SocketCluster, surface: str) -> None:
    looks: Any = server
    kept = keep(looks, "Map.get")
    running = program(server, CALLS[surface])
    try:
        if surface != "while it connects":
            until(lambda: kept)
            running.send_signal(signal.SIGINT)
        out, errors = running.communicate(timeout=PATIENCE)
    finally:
        running.kill()
    if surface == "while it connects":
        errors = "".join(line for line in errors.splitlines() if "could not connect to" not in line)
    assert (out, errors, running.returncode) == ("interrupted None\n", "", 0)


def test_the_client_of_threads_works_inside_a_running_loop(server: SocketCluster) -> None:
    """As in a notebook, whose cells run on an event loop."""

    async def cell() -> None:
        with hazelcast.HazelcastClient(cluster_members=server.addresses) as client:
            values = client.get_map("m")
            values.blocking().set(1, "one")
            assert values.blocking().get(1) == "one"
            assert values.get(1).result() == "one"
            # A future can be awaited as well.
            assert await values.get(1) == "one"
            assert await asyncio.gather(*[values.get(1) for _ in range(10)]) == ["one"] * 10

    asyncio.run(cell())


def test_an_asyncio_client_is_refused_on_another_loop(server: SocketCluster) -> None:
    first = asyncio.new_event_loop()
    second = asyncio.new_event_loop()

    async def begin() -> tuple[AsyncioClient, Any]:
        client = AsyncioClient(cluster_members=server.addresses)
        await client.start()
        return client, await client.get_map("m")

    client, values = first.run_until_complete(begin())

    async def use(why: str) -> None:
        for call in (
            lambda: values.set(1, 1),
            lambda: values.get_all([1, 2]),
            lambda: client.get_map("another"),
            lambda: client.add_distributed_object_listener(print),
            lambda: values.add_entry_listener(added_func=print),
        ):
            with pytest.raises(IllegalStateError, match=why):
                await asyncio.wait_for(call(), PATIENCE)

    second.run_until_complete(use("on another event loop.*which does not run now"))

    # While the client's loop runs in another thread, too; there a call can be passed to it.
    thread = threading.Thread(target=first.run_forever)
    thread.start()
    second.run_until_complete(use("on another event loop.*which runs"))
    passed = asyncio.run_coroutine_threadsafe(values.set(1, "passed"), first)
    passed.result(PATIENCE)
    assert asyncio.run_coroutine_threadsafe(values.get(1), first).result(PATIENCE) == "passed"
    first.call_soon_threadsafe(first.stop)
    thread.join(PATIENCE)

    with pytest.raises(IllegalStateError, match="outside of any event loop"):
        values.size().send(None)
    first.run_until_complete(client.shutdown())
    first.close()
    second.close()
