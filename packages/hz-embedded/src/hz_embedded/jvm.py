"""One JVM process with its py4j gateway; it ends when Python ends, for whatever reason."""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import weakref
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

from hz_embedded import _py4j
from hz_embedded._waiting import call_within
from hz_embedded.bridge.api import JvmBridge
from hz_embedded.bridge.errors import GatewayError
from hz_embedded.bridge.gateways import disconnect
from hz_embedded.bridge.options import BridgeOptions
from hz_embedded.bridge.servers import open_gateway
from hz_embedded.errors import JvmStartError, MemberStateError, jvm_ended, log_tail
from hz_embedded.interfaces.pool import attach as attach_interfaces
from hz_embedded.interfaces.pool import detach as detach_interfaces
from hz_embedded.java import JavaRuntime, find_java

_EXIT_SECONDS: Final = 5.0
_NOTICE_SECONDS: Final = 2.0
_GREETING_BYTES: Final = 64 * 1024
_FAST_START: Final = (
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    "-Xshare:auto",
    "-XX:-UsePerfData",
    "-Djava.net.preferIPv4Stack=true",
    "-Djava.awt.headless=true",
)

_running: weakref.WeakSet[Jvm] = weakref.WeakSet()


class Jvm(JvmBridge):
    """A JVM started by this process.

    The JVM reads from a pipe whose other end is open only in this Python process: when Python ends in any way, even by
    SIGKILL, the pipe breaks and the JVM exits. The JVM runs in its own process group, so Ctrl-C in the terminal reaches
    only Python, and the kernel wakes and ends a stopped JVM when Python has ended.

    Args:
        java: The runtime to start.
        classpath: Jars and folders, in addition to py4j's own jar.
        log_file: The file for the JVM's standard output and error.
        heap: Maximum heap in the syntax of ``-Xmx``.
        jvm_args: Additional options for the JVM.
        timeout: Seconds in which the gateway must be open.
        bridge: Threading, ports, TLS and conversion of the gateway.

    Raises:
        JvmStartError: The JVM did not start or did not open its gateway in time.
        ConfigurationError: A key store for TLS cannot be read.
    """

    def __init__(
        self,
        java: JavaRuntime,
        classpath: Sequence[Path],
        log_file: Path,
        *,
        heap: str = "512m",
        jvm_args: Sequence[str] = (),
        timeout: float = 60.0,
        bridge: BridgeOptions | None = None,
    ) -> None:
        self.runtime = java
        self.log_file = log_file
        self._bridge = bridge or BridgeOptions()
        self._owner_pid = os.getpid()
        self._suspended = False
        self._own_log = False
        self._exited = threading.Event()
        self._gateway: Any = None
        command = _command(java, classpath, heap, jvm_args)
        self._process = _spawn(command, log_file)
        _running.add(self)
        threading.Thread(target=self._watch, name=f"hz-embedded-jvm-{self.pid}", daemon=True).start()
        try:
            self._gateway = self._open_gateway(timeout)
            self._attach_bridge(self._gateway)
            attach_interfaces(self._gateway)
        except BaseException:
            self.kill()
            raise

    @classmethod
    def start(
        cls,
        *,
        java: str | None = None,
        classpath: Sequence[str | Path] = (),
        log_file: Path | None = None,
        bridge: BridgeOptions | None = None,
        heap: str = "512m",
        jvm_args: Sequence[str] = (),
        timeout: float = 60.0,
    ) -> Self:
        """Start a JVM without any member.

        Args:
            java: The choice of a runtime, as for :func:`hz_embedded.find_java`.
            classpath: Jars and folders.
            log_file: The file for the JVM's output. None creates a temporary file, which :meth:`close` removes.
            bridge: Threading, ports, TLS and conversion of the gateway.
            heap: Maximum heap in the syntax of ``-Xmx``.
            jvm_args: Additional options for the JVM.
            timeout: Seconds in which the gateway must be open.

        Raises:
            JavaNotFoundError: There is no Java 17 or newer.
            JvmStartError: The JVM did not start or did not open its gateway in time.
        """
        runtime = find_java(java)
        own_log = log_file is None
        if log_file is None:
            descriptor, name = tempfile.mkstemp(prefix="hz-embedded-jvm-", suffix=".log")
            os.close(descriptor)
            log_file = Path(name)
        paths = [Path(entry) for entry in classpath]
        try:
            made = cls(runtime, paths, log_file, heap=heap, jvm_args=jvm_args, timeout=timeout, bridge=bridge)
        except BaseException:
            if own_log:
                log_file.unlink(missing_ok=True)  # the error contains its last lines
            raise
        made._own_log = own_log
        return made

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open_gateway(self, timeout: float) -> Any:
        stdout = self._process.stdout
        assert stdout is not None  # Popen was given a pipe
        try:
            port, token = call_within(timeout, lambda: self._read_greeting(stdout))
            if not token:
                raise JvmStartError(
                    f"{self.runtime.program} ended before its gateway was open (exit code "
                    f"{self._exit_code()}).\n"
                    f"{log_tail(self.log_file)}"
                )
            gateway = call_within(
                timeout, lambda: open_gateway(int(port), token.decode("ascii"), self._bridge, self._label)
            )
        except TimeoutError as error:
            raise JvmStartError(
                f"{self.runtime.program} did not open its gateway within {timeout:g} s.\n"
                f"{log_tail(self.log_file)}"
            ) from error
        except (GatewayError, _py4j.Py4JError, ValueError, OSError) as error:
            reason = getattr(error, "cause", None)  # py4j's message does not contain it
            raise JvmStartError(
                f"the gateway to {self.runtime.program} could not be opened: {error}"
                f"{f': {reason}' if reason else ''}\n{log_tail(self.log_file)}"
            ) from error
        stdout.close()
        return gateway

    def _read_greeting(self, stdout: IO[bytes]) -> tuple[bytes, bytes]:
        """Return the gateway's port and token; write other output of a failing JVM to the log."""
        port = stdout.readline().strip()
        if port.isdigit():
            return port, stdout.readline().strip()
        rest = stdout.read(_GREETING_BYTES)
        with self.log_file.open("ab") as log:
            log.write(port + b"\n" + rest)
        return port, b""

    def _exit_code(self) -> int | None:
        self._exited.wait(_EXIT_SECONDS)
        return self._process.returncode

    @property
    def _label(self) -> str:
        return f"the JVM with pid {self.pid}"

    def _watch(self) -> None:
        self._process.wait()
        self._exited.set()
        self._refuse("has ended", ended=True)

    def _refuse(self, why: str, *, ended: bool) -> None:
        """Let no call wait for a JVM that will not answer."""
        gateway = self._gateway
        if gateway is not None:
            gateway._gateway_client.refuse(f"{self._label} {why}", ended=ended)

    def _await_end(self) -> None:
        gateway = self._gateway
        if gateway is not None and not gateway._gateway_client.refusal:
            self._exited.wait(_NOTICE_SECONDS)

    @property
    def pid(self) -> int:
        """Process id of the JVM."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """Exit code of the JVM's process, negative for a signal; None while it runs."""
        return self._process.returncode

    @property
    def alive(self) -> bool:
        """Whether the JVM's process exists, even suspended."""
        return not self._exited.is_set()

    @property
    def suspended(self) -> bool:
        """Whether the JVM has been stopped by :meth:`suspend` and not resumed."""
        return self._suspended and self.alive

    @property
    def gateway(self) -> Any:
        """The py4j ``JavaGateway``.

        Raises:
            JvmDiedError: The JVM no longer runs.
            JvmOutOfMemoryError: It ended because its heap was full.
            MemberStateError: The JVM is suspended.
        """
        if self.suspended:
            raise MemberStateError(f"{self._label} is suspended and cannot be called; resume it first")
        if not self.alive:
            raise jvm_ended(self._label, self.exit_code, self.log_file)
        return self._gateway

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the JVM has ended, and return whether it has."""
        return self._exited.wait(timeout)

    def kill(self) -> None:
        """Kill the JVM (SIGKILL) and wait until its process has ended. Idempotent."""
        if self.alive:
            self._process.kill()
        self._exited.wait()
        self._release()

    def suspend(self) -> None:
        """Stop the JVM (SIGSTOP): it does not respond, but its sockets stay open.

        Calls through the bridge that wait for the JVM, and those that are made before :meth:`resume`, raise
        ``Py4JNetworkError``.

        Raises:
            MemberStateError: The platform has no such signal, or the JVM no longer runs.
        """
        self._signal("SIGSTOP")
        self._suspended = True
        self._refuse("is suspended and cannot be called; resume it first", ended=False)
        if hasattr(os, "waitid"):
            # The signal takes effect a little later. WNOWAIT leaves an exit code to the watching thread.
            with contextlib.suppress(ChildProcessError):
                os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def resume(self) -> None:
        """Continue a suspended JVM (SIGCONT).

        Raises:
            MemberStateError: The platform has no such signal, or the JVM no longer runs.
        """
        self._signal("SIGCONT")
        self._suspended = False
        self._gateway._gateway_client.accept()

    def _signal(self, name: str) -> None:
        number = getattr(signal, name, None)
        if number is None:
            raise MemberStateError(
                f"{sys.platform} has no {name}, so a JVM cannot be suspended or resumed here"
            )
        if not self.alive:
            raise MemberStateError(
                f"the JVM with pid {self.pid} no longer runs, so {name} cannot be sent to it"
            )
        self._process.send_signal(number)

    def forget(self) -> None:
        """Drop the pipe to the JVM in a forked child; it belongs to the parent."""
        with contextlib.suppress(OSError):
            _stream(self._process.stdin).close()

    def request_exit(self) -> None:
        """Ask the JVM to exit, and do not wait for it; :meth:`close` waits."""
        if os.getpid() == self._owner_pid and self._gateway is not None:
            with contextlib.suppress(OSError):
                _stream(self._process.stdin).close()

    def close(self) -> None:
        """Ask the JVM to exit, and kill it if it does not exit within a few seconds. Idempotent."""
        if os.getpid() != self._owner_pid:
            # A forked child inherited this object; the JVM belongs to the parent.
            return
        if self._suspended or self._gateway is None:
            self.kill()
            return
        self.request_exit()
        if self._exited.wait(_EXIT_SECONDS):
            self._release()
        else:
            self.kill()

    def _release(self) -> None:
        _running.discard(self)
        for stream in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                _stream(stream).close()
        gateway, self._gateway = self._gateway, None
        if gateway is not None:
            disconnect(gateway)
            self._detach_bridge(gateway)
            detach_interfaces(gateway)
        if self._own_log:
            self.log_file.unlink(missing_ok=True)


def _stream(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None  # Popen was given pipes for both
    return stream


def java_command(java: JavaRuntime) -> list[str]:
    """Return the Java program with the options that all JVMs have."""
    return [str(java.program), *_FAST_START, *java.module_options()]


def class_path(entries: Sequence[Path]) -> list[Path]:
    """Return the class path of a JVM with these entries: py4j's own jar comes first.

    Raises:
        JvmStartError: That jar is missing.
    """
    jar = _py4j.jar_path()
    if not jar:
        raise JvmStartError("py4j's own jar is missing from its installation; reinstall py4j")
    return [Path(jar).absolute(), *entries]


def _command(java: JavaRuntime, entries: Sequence[Path], heap: str, jvm_args: Sequence[str]) -> list[str]:
    return [
        *java_command(java),
        f"-Xmx{heap}",
        *jvm_args,
        "-classpath",
        os.pathsep.join(map(str, class_path(entries))),
        "py4j.GatewayServer",
        "--die-on-broken-pipe",
        "--enable-auth",
        "0",
    ]


def _spawn(command: list[str], log_file: Path) -> subprocess.Popen[bytes]:
    own_group: dict[str, Any] = (
        {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
        if sys.platform == "win32"
        else {"process_group": 0}
    )
    try:
        with log_file.open("ab") as log:
            return subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, bufsize=-1, **own_group
            )
    except OSError as error:
        raise JvmStartError(f"{command[0]} could not be started: {error}") from error


def _close_all() -> None:
    jvms = list(_running)
    for jvm in jvms:
        jvm.request_exit()
    for jvm in jvms:
        jvm.close()


def _forget_all() -> None:
    for jvm in list(_running):
        jvm.forget()
    _running.clear()


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
