"""Programs whose threads are replaced by gevent or eventlet, with simulated members."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core_ca import Authority
from core_selector_thread import PATIENCE
from core_sockets import SocketCluster
from core_tls_relay import TlsRelay

PROGRAM = """
import json
import os
import sys
import threading
import hazelcast

client = hazelcast.HazelcastClient(
    cluster_members=[sys.argv[1]],
    heartbeat_interval=0.2,
    heartbeat_timeout=0.8,
    statistics_enabled=False,
    **json.loads(sys.argv[2]),
)
values = client.get_map("m")
blocking = values.blocking()
blocking.set("a", 1)
heard = threading.Event()
blocking.add_entry_listener(added_func=lambda event: heard.set())
blocking.set("b", 1)
assert heard.wait(20)
done = threading.Event()
values.get("a").add_done_callback(lambda future: done.set())
assert done.wait(20)
assert values.get("a").result(20) == 1

def work(number):
    for turn in range(30):
        blocking.put(number, turn)
        assert blocking.get(number) == turn

threads = [threading.Thread(target=work, args=(number,)) for number in range(10)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert [blocking.get(number) for number in range(10)] == [29] * 10
# Nothing but heartbeats keeps the connection for longer than its time limit.
(connection,) = client._engine.connections.routes.all
heartbeats = {connection.last_ping}
while connection.alive and max(heartbeats) - min(heartbeats) < 1.6:
    threading.Event().wait(0.05)
    heartbeats.add(connection.last_ping)
assert connection.alive

# A forked child has green threads of its own, and connections.
readable, writable = os.pipe()
child = os.fork()
if child == 0:
    told = b"failed"
    try:
        blocking.put("of the child", os.getpid())
        told = b"%d" % blocking.get("of the child")
    finally:
        os.write(writable, told)
        os._exit(0)
os.close(writable)
os.waitpid(child, 0)
with os.fdopen(readable) as pipe:
    assert pipe.read() == str(child)
assert connection.alive
assert blocking.get("of the child") == child
client.shutdown()
print("passed")
"""

FORGOTTEN = """
import sys
import hazelcast

client = hazelcast.HazelcastClient(cluster_members=[sys.argv[1]], statistics_enabled=False)
client.get_map("m").blocking().set("a", 1)
print("passed")
"""

PATCHES = {
    "gevent": "from gevent import monkey; monkey.patch_all()",
    "eventlet": "import warnings; warnings.simplefilter('ignore'); import eventlet; eventlet.monkey_patch()",
}


@pytest.mark.parametrize("library", PATCHES)
def test_a_program_of_green_threads_uses_the_client(library: str) -> None:
    run(library, SocketCluster(1), {})


@pytest.mark.parametrize("library", PATCHES)
def test_a_program_of_green_threads_may_end_without_closing_its_client(library: str) -> None:
    run(library, SocketCluster(1), {}, FORGOTTEN)


def test_green_threads_over_tls(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    run("gevent", SocketCluster(1, TlsRelay(authority.server())), authority.trusted)


def run(library: str, server: SocketCluster, options: dict[str, Any], program: str = PROGRAM) -> None:
    server.cluster.strict = False
    try:
        ran = subprocess.run(
            [
                sys.executable,
                "-c",
                f"{PATCHES[library]}\n{program}",
                server.addresses[0],
                json.dumps(options),
            ],
            capture_output=True,
            text=True,
            timeout=2 * PATIENCE,
            check=False,
        )
    finally:
        server.stop()
    assert ran.stdout == "passed\n", ran.stderr
    assert ran.stderr == ""
