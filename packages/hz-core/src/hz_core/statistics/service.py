"""Sends the statistics of a client in each period."""

from collections.abc import Callable

from hz_core.__about__ import __version__
from hz_core.cluster.authentication import CLIENT_TYPE
from hz_core.codecs import client as codec
from hz_core.connection import Connection
from hz_core.engine import Engine
from hz_core.io import Machine
from hz_core.log import get_logger
from hz_core.op import Flow, Sleep, Within
from hz_core.statistics.metrics_blob import Metric, Unit, compress
from hz_core.statistics.report import Report
from hz_core.statistics.traffic import Traffic

_logger = get_logger("statistics")


class ClientStatistics:
    """Sends the statistics of a client in each period, always over its oldest connection.

    Args:
        engine: The client.
        machine: The clock of the day, and what is known of the process and its computer.
        period: Seconds between two reports.
    """

    def __init__(self, engine: Engine, machine: Machine, period: float) -> None:
        self._engine = engine
        self._machine = machine
        self._period = period
        self._sources: list[Callable[[Report], object]] = []
        self._traffic = Traffic(engine)

    def add_source(self, source: Callable[[Report], object]) -> None:
        """Let ``source`` add to each report. It is called on the I/O side, and must not block."""
        self._sources.append(source)

    def run(self) -> Flow[None]:
        """Send a report now and in each period, until the client is shut down."""
        while True:
            open_now = self._engine.routing.open_connections()
            if open_now:
                connection = min(open_now, key=lambda c: c.id)
                try:
                    # Never two under way: a member that does not answer gets the next one later.
                    yield Within(self._period, self._send(connection))
                except Exception as e:
                    _logger.debug("statistics were not sent to %s: %s", connection.address, e)
            yield Sleep(self._period)

    def _send(self, connection: Connection) -> Flow[None]:
        timestamp = int(self._machine.wall_time() * 1000)
        report = self.report(connection, timestamp)
        op = codec.statistics(timestamp, report.attributes, compress(report.metrics))
        op.connection = connection
        yield op

    def report(self, connection: Connection, timestamp: int) -> Report:
        """Return the statistics of now.

        Args:
            connection: The connection over which it is sent.
            timestamp: The time, in milliseconds since the epoch.
        """
        engine = self._engine
        report = Report(timestamp)
        report.add_attribute("lastStatisticsCollectionTime", timestamp)
        report.add_attribute("enterprise", False)
        report.add_attribute("clientType", CLIENT_TYPE)
        report.add_attribute("clientVersion", __version__)
        age = engine.io.now() - connection.opened
        report.add_attribute("clusterConnectionTimestamp", timestamp - int(age * 1000))
        report.add_attribute("clientAddress", connection.facts().local)
        report.add_attribute("clientName", engine.name)
        report.add_attribute("credentials.principal", engine.config.creds_username)
        for name, value in self._machine.gauges().items():
            report.add_gauge(name, value)
        report.add_metric(Metric("invocations", "pendingCalls", engine.invocations.pending_count, Unit.COUNT))
        totals = self._traffic.totals()
        if totals is not None:
            report.add_metric(Metric("tcp", "bytesSend", totals[0], Unit.BYTES))
            report.add_metric(Metric("tcp", "bytesReceived", totals[1], Unit.BYTES))
        for source in self._sources:
            try:
                source(report)
            except Exception:
                _logger.exception("a source of statistics failed")
        return report
