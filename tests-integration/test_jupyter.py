"""Cells of a notebook in a real kernel of Jupyter, whose event loop runs while they use the clients."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from hz_embedded import Cluster

PATIENCE = 120
QUERY = "SELECT v, 'row ' || CAST(v AS VARCHAR) AS name FROM TABLE(generate_series(1, 3))"


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BlockingKernelClient]:
    """Yield a client of a kernel, whose files are in a folder of the test."""
    folder = tmp_path_factory.mktemp("jupyter")
    names = ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
    environment = os.environ | {name: str(folder) for name in names}
    manager = KernelManager(connection_file=str(folder / "kernel.json"))
    manager.start_kernel(env=environment, cwd=str(folder))
    client: BlockingKernelClient = manager.client()
    try:
        client.start_channels()
        client.wait_for_ready(timeout=PATIENCE)
        yield client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()
        Path(manager.connection_file).unlink(missing_ok=True)


class Cell:
    """What a cell has shown.

    Args:
        kernel: Runs it.
        code: Its text.
    """

    def __init__(self, kernel: BlockingKernelClient, code: str) -> None:
        self.texts: list[str] = []
        self.data: dict[str, Any] = {}
        reply = kernel.execute_interactive(code, timeout=PATIENCE, output_hook=self._shown)
        content = reply["content"]
        assert content["status"] == "ok", "\n".join(content.get("traceback", []))

    def _shown(self, message: dict[str, Any]) -> None:
        content = message["content"]
        if message["msg_type"] == "stream":
            self.texts.append(content["text"])
        elif message["msg_type"] in ("execute_result", "display_data"):
            self.data = content["data"]


def test_the_blocking_client(kernel: BlockingKernelClient, sql_cluster: Cluster) -> None:
    cell = Cell(
        kernel,
        "import asyncio, hazelcast\n"
        "print('running', asyncio.get_running_loop().is_running())\n"
        f"client = hazelcast.HazelcastClient(cluster_members={sql_cluster.addresses})\n"
        "numbers = client.get_map('notebook').blocking()\n"
        "numbers.put('a', 1)\n"
        "numbers.get('a')\n",
    )
    assert cell.texts == ["running True\n"]
    assert cell.data["text/plain"] == "1"
    for surface in ("client.sql.blocking()", "client.sql"):
        end = "" if "blocking" in surface else ".result()"
        shown = Cell(kernel, f"result = {surface}.execute({QUERY!r}){end}\nresult").data["text/html"]
        assert shown.count("<table") == 1
        assert shown.count("<tr") == 4
        assert "row 3" in shown
        # Showing a result does not read it.
        assert Cell(kernel, "sorted(row['v'] for row in result)").data["text/plain"] == "[1, 2, 3]"
        assert "have been read" in Cell(kernel, "result").data["text/html"]
    Cell(kernel, "client.shutdown()")


def test_the_asyncio_client(kernel: BlockingKernelClient, sql_cluster: Cluster) -> None:
    Cell(
        kernel,
        "import hazelcast.asyncio\n"
        f"aio = await hazelcast.asyncio.HazelcastClient.create_and_start(cluster_members={sql_cluster.addresses})\n",
    )
    cell = Cell(kernel, f"result = await aio.sql.execute({QUERY!r})\nresult")
    assert "row 3" in cell.data["text/html"]
    # The same client in another cell, which is another task of the same loop.
    cell = Cell(kernel, "rows = [tuple(row) async for row in result]\nsorted(rows)")
    assert cell.data["text/plain"] == "[(1, 'row 1'), (2, 'row 2'), (3, 'row 3')]"
    table = Cell(kernel, f"(await (await aio.sql.execute({QUERY!r})).to_pandas())").data
    assert "row 3" in table["text/html"]
    Cell(kernel, "await aio.shutdown()")
