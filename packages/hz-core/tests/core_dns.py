"""A name server on the loopback, for names of a table, over UDP and TCP."""

import socket
import socketserver
import struct
import threading
from collections.abc import Callable
from typing import Any, Self

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset


class NameServer:
    """Answers from a table; can be told to truncate answers over UDP, or to say nothing.

    Attributes:
        records: Texts of records, by name (with a final dot) and type.
        asked: The questions so far, as (name, type, transport).
        silent: Whether there is no answer at all.
        truncate: Whether answers over UDP are cut off, so that the client has to ask by TCP.
        before: Called before each answer.
    """

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], list[str]] = {}
        self.asked: list[tuple[str, str, str]] = []
        self.silent = False
        self.truncate = False
        self.before: Callable[[], Any] = lambda: None
        outer = self

        class Udp(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                data, sock = self.request
                answer = outer._answer(data, "udp")
                if answer is not None:
                    sock.sendto(answer, self.client_address)

        class Tcp(socketserver.StreamRequestHandler):
            timeout = 10

            def handle(self) -> None:
                head = self.rfile.read(2)
                if len(head) == 2:
                    answer = outer._answer(self.rfile.read(struct.unpack("!H", head)[0]), "tcp")
                    if answer is not None:
                        self.wfile.write(struct.pack("!H", len(answer)) + answer)

        self._udp, self._tcp = _at_one_port(Udp, Tcp)
        self.port: int = self._udp.server_address[1]
        self._threads = [
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
            for server in (self._udp, self._tcp)
        ]

    def _answer(self, data: bytes, transport: str) -> bytes | None:
        query = dns.message.from_wire(data)
        question = query.question[0]
        name, kind = question.name.to_text(), dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind, transport))
        self.before()
        if self.silent:
            return None
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA
        if not any(known == name for known, _ in self.records):
            reply.set_rcode(dns.rcode.NXDOMAIN)
        elif self.truncate and transport == "udp":
            reply.flags |= dns.flags.TC
        else:
            found = self.records.get((name, kind))
            if found:
                reply.answer.append(dns.rrset.from_text(name, 5, "IN", kind, *found))
        return reply.to_wire()

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        # A discovery may ask still, and would wait long for an answer of a server that has ended.
        for thread in threading.enumerate():
            if thread.name.endswith("-background"):
                thread.join(10)
        for server, thread in zip((self._udp, self._tcp), self._threads, strict=True):
            server.shutdown()
            thread.join(10)
            server.server_close()


def _at_one_port(
    udp: type[socketserver.BaseRequestHandler], tcp: type[socketserver.BaseRequestHandler]
) -> tuple[socketserver.UDPServer, socketserver.TCPServer]:
    """Return servers at the same port, which must be free for both."""
    for _ in range(100):
        first = socketserver.UDPServer(("127.0.0.1", 0), udp)
        try:
            return first, socketserver.TCPServer(("127.0.0.1", first.server_address[1]), tcp)
        except OSError:
            first.server_close()
    raise AssertionError("no port is free for UDP and TCP")


def closed_udp_port() -> int:
    """Return a port where nobody listens."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port
