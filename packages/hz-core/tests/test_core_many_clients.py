"""Thousands of clients, opened and closed: no thread, descriptor, object or memory is left in the process."""

import json
import subprocess
import sys
from pathlib import Path

from core_selector_thread import PATIENCE
from core_sockets import SocketCluster

PROGRAM = """
import asyncio
import gc
import json
import os
import sys
import threading
import warnings

from hz_core.aio_client import AsyncioClient
from hz_core.client import Client
from hz_core.codecs.client import get_distributed_objects
from hz_core.config import ClientConfig

options = ClientConfig.from_kwargs(cluster_members=[sys.argv[1]], heartbeat_interval=5)
runner = asyncio.Runner()
runner.run(asyncio.sleep(0))


def threads(times):
    for _ in range(times):
        with Client(options) as client:
            assert client.blocking.call(get_distributed_objects()) == []
            assert client.futures.call(get_distributed_objects()).result() == []


def loop(times):
    async def run():
        for _ in range(times):
            async with AsyncioClient(options) as client:
                assert await client.operations.call(get_distributed_objects()) == []

    runner.run(run())


def forgotten(times):
    told = []
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        # No record of the warnings, which would keep the clients.
        warnings.showwarning = lambda message, category, *where: told.append((category, str(message)))
        for _ in range(times):
            Client(options)
            # Their threads end by themselves.
            for thread in threading.enumerate():
                if thread is not threading.main_thread():
                    thread.join(20)
    assert len(told) == times, told
    assert all(kind is ResourceWarning and "was not closed: call shutdown()" in text for kind, text in told)


def resources():
    gc.collect()
    with open("/proc/self/statm") as memory:
        pages = int(memory.read().split()[1])
    return {
        "threads": threading.active_count(),
        "descriptors": len(os.listdir("/proc/self/fd")),
        "objects": len(gc.get_objects()),
        "memory": pages * os.sysconf("SC_PAGE_SIZE"),
    }


run = {"threads": threads, "asyncio": loop, "forgotten": forgotten}[sys.argv[2]]
run(50)
seen = [resources()]
for _ in range(4):
    run(int(sys.argv[3]) // 4)
    seen.append(resources())
runner.close()
grown = {key: seen[-1][key] - seen[0][key] for key in seen[0]}
# Python takes memory from the system in large steps. What clients leave grows with each quarter.
grown["memory"] = min(after["memory"] - before["memory"] for before, after in zip(seen, seen[1:]))
print(json.dumps(grown))
"""


def test_thousands_of_clients_leave_nothing(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    server = SocketCluster(1)
    server.cluster.strict = False
    runs = {}
    try:
        for kind, times in (("threads", 1000), ("asyncio", 1000), ("forgotten", 200)):
            arguments = [sys.executable, str(program), server.addresses[0], kind, str(times)]
            runs[kind] = subprocess.Popen(
                arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
        for kind, run in runs.items():
            out, errors = run.communicate(timeout=4 * PATIENCE)
            assert (run.returncode, errors) == (0, ""), kind
            grown = json.loads(out)
            assert (grown["threads"], grown["descriptors"]) == (0, 0), kind
            assert grown["objects"] < 100, f"{kind}: the clients have left {grown['objects']} objects"
            assert grown["memory"] < 1 << 18, f"{kind}: the clients have left {grown['memory']} bytes"
    finally:
        for run in runs.values():
            run.kill()
            run.communicate()
        server.stop()
