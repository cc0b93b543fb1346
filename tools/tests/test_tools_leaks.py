"""The leak guard of the root conftest finds what a test leaves behind, and nothing else."""

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
        "import subprocess, sys\nheld = []\nendless = [sys.executable, '-c', 'input()']\n"
        "def test_it():\n    held.append(subprocess.Popen(endless, stdin=subprocess.PIPE))\n",
        "*child process *",
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

async def test_coroutine(server):
    _, writer = await asyncio.open_connection(*server.getsockname())
    writer.close()
    await writer.wait_closed()
"""


@pytest.fixture
def guarded(pytester: pytest.Pytester, pytestconfig: pytest.Config) -> pytest.Pytester:
    """A test folder with the repository's conftest, its grace cut short."""
    source = (pytestconfig.rootpath / "conftest.py").read_text()
    pytester.makeconftest(source.replace("GRACE = 5.0", "GRACE = 0.3"))
    return pytester


@pytest.mark.parametrize("kind", LEAKS)
def test_a_leak_fails_the_test(guarded: pytest.Pytester, kind: str) -> None:
    source, message = LEAKS[kind]
    guarded.makepyfile(source)
    result = guarded.runpytest_subprocess("-p", "no:randomly")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*The test left behind:*", message])


def test_clean_tests_pass(guarded: pytest.Pytester) -> None:
    guarded.makepyfile(CLEAN)
    result = guarded.runpytest_subprocess("-W", "error")
    result.assert_outcomes(passed=3)
