"""Servers that fork after they have made a client: gunicorn with preload, celery's prefork pool, pools of processes."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import hazelcast
from core_forks import in_child
from core_sockets import until
from hazelcast.errors import HazelcastError
from hz_embedded import Cluster
from map_harness import fresh_name

PATIENCE = 60.0

GUNICORN = """
import json
import os
import hazelcast

# Made before the workers are forked, as `--preload` does: the master uses it, and so do they.
client = hazelcast.HazelcastClient(cluster_members=os.environ["MEMBERS"].split(","))
values = client.get_map(os.environ["MAP"]).blocking()
values.set("master", os.getpid())


def app(environ, start_response):
    number = int(environ["QUERY_STRING"])
    values.set(number, number * number)
    told = {"pid": os.getpid(), "square": values.get(number), "master": values.get("master")}
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(told).encode()]


def worker_exit(server, worker):
    client.shutdown()


def on_exit(server):
    values.set("end", values.get("master"))
    client.shutdown()
"""

CELERY = """
import os
import celery
import hazelcast

folder = os.environ["FOLDER"]
app = celery.Celery("program", broker="filesystem://")
app.conf.broker_transport_options = {
    "data_folder_in": folder, "data_folder_out": folder, "control_folder": folder, "polling_interval": 0.05
}
app.conf.worker_prefetch_multiplier = 1
client = hazelcast.HazelcastClient(cluster_members=os.environ["MEMBERS"].split(","))
values = client.get_map(os.environ["MAP"]).blocking()
values.set("main", os.getpid())


@app.task
def square(number):
    values.set(number, [os.getpid(), number * number, values.get("main")])


@celery.signals.worker_shutting_down.connect
def ends(**options):
    values.set("end", values.get("main"))
"""

POOL = """
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import hazelcast

client = hazelcast.HazelcastClient(cluster_members=os.environ["MEMBERS"].split(","))
values = client.get_map(os.environ["MAP"]).blocking()


def square(number):
    values.set(number, number * number)
    return [os.getpid(), values.get(number)]


with ProcessPoolExecutor(3, mp_context=get_context("fork")) as pool:
    found = list(pool.map(square, range(60)))
assert [value for _, value in found] == [number * number for number in range(60)]
assert os.getpid() not in {pid for pid, _ in found}
assert values.size() == 60
client.shutdown()
print("passed")
"""


class Log:
    """What a program writes to its standard error, line by line."""

    def __init__(self, program: subprocess.Popen[str]) -> None:
        self._program = program
        self._changed = threading.Condition()
        self._lines: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self._program.stderr is not None
        for line in self._program.stderr:
            with self._changed:
                self._lines.append(line)
                self._changed.notify_all()

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(self._lines)

    def wait_for(self, text: str, times: int = 1) -> None:
        """Wait until a text was written so many times."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.text.count(text) >= times, PATIENCE), self.text

    def close(self) -> None:
        """Wait for its end."""
        self._reader.join(PATIENCE)
        assert self._program.stderr is not None
        self._program.stderr.close()


@contextmanager
def running(arguments: list[str], folder: Path, cluster: Cluster, name: str) -> Iterator[tuple[Log, Any]]:
    """Run a program; it must end with SIGTERM, without an error and without a trace of one."""
    environment = {
        **os.environ,
        "MEMBERS": ",".join(cluster.addresses),
        "MAP": name,
        "FOLDER": str(folder / "queue"),
        "HOME": str(folder),
    }
    (folder / "queue").mkdir()
    program = subprocess.Popen(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-m", *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    log = Log(program)
    try:
        yield log, program
        program.send_signal(signal.SIGTERM)
        assert program.wait(PATIENCE) == 0, log.text
    finally:
        if program.poll() is None:
            program.kill()
            program.wait(PATIENCE)
        log.close()
    text = log.text.replace("[ERROR] Worker (pid", "")  # one was killed
    for trace in ("Traceback", "Exception", "ERROR", "CRITICAL", "hazelcast"):
        assert trace not in text, text


class Connection(http.client.HTTPConnection):
    """A connection to a server that listens on a path."""

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(self.host)


@pytest.mark.parametrize(
    "options", [["-k", "sync"], ["-k", "gthread", "--threads", "4"]], ids=["sync", "gthread"]
)
def test_gunicorn_with_preload(
    cluster: Cluster, client: hazelcast.HazelcastClient, tmp_path: Path, options: list[str]
) -> None:
    name = fresh_name("gunicorn")
    (tmp_path / "program.py").write_text(GUNICORN)
    path = str(tmp_path / "socket")
    arguments = [
        "gunicorn",
        "--preload",
        "-w",
        "2",
        *options,
        "-b",
        f"unix:{path}",
        "-c",
        "program.py",
        "program:app",
    ]
    values = client.get_map(name).blocking()

    def ask(number: int) -> dict[str, int]:
        connection = Connection(path)
        connection.request("GET", f"/?{number}")
        try:
            found: dict[str, int] = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        return found

    with running(arguments, tmp_path, cluster, name) as (log, program):
        log.wait_for("Booting worker", 2)
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(ask, range(200)))
        workers = Counter(answer["pid"] for answer in answers)
        assert len(workers) == 2
        assert [answer["square"] for answer in answers] == [number * number for number in range(200)]
        assert {answer["master"] for answer in answers} == {values.get("master")}
        # A worker that dies is replaced by another one, which is forked from the master.
        os.kill(next(iter(workers)), signal.SIGKILL)
        log.wait_for("Booting worker", 3)
        again = {ask(number)["pid"] for number in range(50)}
        assert program.pid not in again
    # The master has used its own connection to the end.
    assert values.get("end") == values.get("master")


def test_the_prefork_pool_of_celery(
    cluster: Cluster, client: hazelcast.HazelcastClient, tmp_path: Path
) -> None:
    name = fresh_name("celery")
    (tmp_path / "program.py").write_text(CELERY)
    values = client.get_map(name).blocking()
    arrived = threading.Semaphore(0)
    values.add_entry_listener(added_func=lambda event: arrived.release())
    arguments = ["celery", "-A", "program", "worker", "-P", "prefork", "-c", "2", "--without-gossip"]
    arguments += ["--without-mingle", "--without-heartbeat", "-l", "WARNING"]
    send = "import program\nfor number in range(30): program.square.delay(number)\nprogram.client.shutdown()"
    with running(arguments, tmp_path, cluster, name) as (log, program):
        assert arrived.acquire(timeout=PATIENCE), log.text  # "main"
        environment = {
            **os.environ,
            "MEMBERS": ",".join(cluster.addresses),
            "MAP": fresh_name("celery"),
            "FOLDER": str(tmp_path / "queue"),
        }
        subprocess.run(
            [sys.executable, "-c", send], cwd=tmp_path, env=environment, timeout=PATIENCE, check=True
        )
        for _ in range(30):
            assert arrived.acquire(timeout=PATIENCE), log.text
        found: list[Any] = [values.get(number) for number in range(30)]
        assert [square for _, square, _ in found] == [number * number for number in range(30)]
        workers = {pid for pid, _, _ in found}
        assert program.pid not in workers
        assert len(workers) == 2
    assert values.get("end") == program.pid


def test_a_forked_child_is_another_client(cluster: Cluster) -> None:
    """What the parent holds is not the child's: locks and transactions."""
    name = fresh_name("fork")
    with hazelcast.HazelcastClient(cluster_members=cluster.addresses) as client:
        values = client.get_map(name).blocking()
        heard: list[Any] = []
        values.add_entry_listener(added_func=lambda event: heard.append(event.key), include_value=False)
        values.lock("locked")
        transaction = client.new_transaction(timeout=30)
        transaction.begin()
        transaction.get_map(name).put("in the transaction", 1)

        def use() -> None:
            assert not values.try_lock("locked")
            with pytest.raises(HazelcastError):
                transaction.get_map(name).get("in the transaction")
            own = client.new_transaction(timeout=30)
            own.begin()
            own.get_map(name).put("of the child", 1)
            own.commit()
            values.set("heard", 1)
            until(lambda: "heard" in heard)
            client.shutdown()

        in_child(use)
        assert values.is_locked("locked")
        transaction.commit()
        assert values.get("in the transaction") == values.get("of the child") == 1
        values.unlock("locked")

        def lock() -> None:
            assert values.try_lock("locked")
            # The sessions and locks of a client are released by its shutdown.
            client.shutdown()

        in_child(lock)
        until(lambda: not values.is_locked("locked"))


def test_a_pool_of_processes(cluster: Cluster, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(POOL)
    environment = {**os.environ, "MEMBERS": ",".join(cluster.addresses), "MAP": fresh_name("pool")}
    ran = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", str(program)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ran.stderr == ""
    assert ran.stdout == "passed\n"
