"""The leak guard of the root conftest finds what a test leaves behind, and nothing else."""

import psutil
import pytest

pytest_plugins = ["pytester"]

LEAKS = {
    "thread": (
        "import threading\nstop = threading.Event()\n"
        "def test_it():\n    threading.Thread(target=stop.wait, name='left-over', daemon=True).start()\n",
        "*thread 'left-over'*",
    ),
    "socket": (
        "import socket\nheld = []\ndef test_it():\n    held.append(socket.socket())\n",
        "*descriptor * (socket:*",
    ),
    "task": (
        "import asyncio\nheld = []\nasync def test_it():\n"
        "    held.append(asyncio.create_task(asyncio.sleep(60), name='left-over'))\n",
        "*task left running: *left-over*",
    ),
    "child": (
        "import pathlib, subprocess, sys\nheld = []\nendless = [sys.executable, '-c', 'while True: pass']\n"
        "def test_it():\n    held.append(subprocess.Popen(endless))\n"
        "    pathlib.Path('child.pid').write_text(str(held[0].pid))\n",
        "*child process *",
    ),
    "logging": (
        "import logging\ndef test_it():\n    logging.getLogger('hazelcast').propagate = False\n",
        "*level, propagate, disabled of logger hazelcast: (0, False, False), before None*",
    ),
    "level": (
        "import logging\ndef test_it():\n    logging.getLogger().setLevel(logging.ERROR)\n",
        "*level of the root logger: 40, before 30*",
    ),
}

CLEAN = """
import asyncio, socket, threading
import pytest

@pytest.fixture(scope="session")
def server():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener

def test_lazy_session_fixture(request):
    assert request.getfixturevalue("server").getsockname()[1]

def test_ending_thread():
    threading.Timer(0.05, lambda: None).start()

@pytest.fixture
async def writer(server):
    _, writer = await asyncio.open_connection(*server.getsockname())
    yield writer
    writer.close()
    await writer.wait_closed()

async def test_coroutine(writer):
    assert not writer.is_closing()
"""


@pytest.fixture
def guarded(pytester: pytest.Pytester, pytestconfig: pytest.Config) -> pytest.Pytester:
    """Return a test folder with the repository's conftest, its grace cut short."""
    source = (pytestconfig.rootpath / "conftest.py").read_text()
    pytester.makeconftest(source.replace("GRACE = 5.0", "GRACE = 1.0"))
    loops = "asyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n"
    pytester.makeini(f"[pytest]\n{loops}filterwarnings = error\n")
    return pytester


@pytest.mark.parametrize("workers", [0, 2])
def test_leaks_fail_their_tests_and_nothing_else_fails(guarded: pytest.Pytester, workers: int) -> None:
    guarded.makepyfile(test_clean=CLEAN, **{f"test_{kind}": source for kind, (source, _) in LEAKS.items()})
    result = guarded.runpytest_subprocess("-n", str(workers), "--dist", "worksteal")
    result.assert_outcomes(passed=3 + len(LEAKS), errors=len(LEAKS))
    for kind, (_, message) in LEAKS.items():
        result.stdout.fnmatch_lines_random(
            [f"ERROR test_{kind}.py::test_it*", "*The test left behind:*", message]
        )
    assert not psutil.pid_exists(int((guarded.path / "child.pid").read_text()))
