"""A snapshot on the screen."""

from typing import Final

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from hz_cli.bench.histogram import shown
from hz_cli.top.snapshot import Snapshot

_NOTHING: Final = "-"
_SLOW: Final = 0.1
"""Seconds from which on an answer to a ping is slow."""
_FULL: Final = 0.85
"""Part of the heap from which on a member has little left."""


def render(snapshot: Snapshot, rows: int | None = None) -> RenderableType:
    """Return the tables of a snapshot. ``rows`` limits those of clients and of maps; None for no limit."""
    state = f", {snapshot.state}" if snapshot.state else ""
    head = Text(f"Cluster {snapshot.cluster}{state}: ", style="bold")
    head.append(
        f"{len(snapshot.members)} members, {len(snapshot.clients)} clients, {len(snapshot.maps)} maps"
    )
    parts: list[RenderableType] = [head, _members(snapshot), _maps(snapshot, rows), _clients(snapshot, rows)]
    if not snapshot.has_metrics:
        note = "No numbers of members and maps: they collect no metrics, or have collected none yet."
        parts.append(Text(note, style="yellow"))
    return Group(*parts)


def _table(*columns: str) -> Table:
    """Return a table; columns whose names end with ``>`` are aligned to the right."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for name in columns:
        justify = "right" if name.endswith(">") else "left"
        table.add_column(name.rstrip(">"), justify=justify, no_wrap=True)  # type: ignore[arg-type]  # one of both
    return table


def _members(snapshot: Snapshot) -> Table:
    table = _table(
        "member", "version", "ping>", "cpu>", "heap>", "op/s>", "queue>", "parts>", "clients>", "up>"
    )
    for row in snapshot.members:
        heap = _NOTHING
        full = False
        if row.heap is not None and row.heap_limit:
            heap = f"{_bytes(row.heap)}/{_bytes(row.heap_limit)}"
            full = row.heap / row.heap_limit > _FULL
        answer = Text("no answer", style="bold red")
        if row.ping is not None:
            answer = Text(shown(row.ping), style="yellow" if row.ping > _SLOW else "")
        table.add_row(
            row.address,
            row.version + (" lite" if row.lite else ""),
            answer,
            _NOTHING if row.cpu is None else f"{row.cpu:.0f} %",
            Text(heap, style="bold red" if full else ""),
            _number(row.operations),
            _number(row.queued),
            _number(row.partitions),
            _number(row.clients),
            _age(row.uptime),
        )
    return table


def _maps(snapshot: Snapshot, rows: int | None) -> Table:
    table = _table("map", "entries>", "memory>", "get/s>", "set/s>", "remove/s>", "get>", "set>")
    busiest = sorted(
        snapshot.maps, key=lambda row: (-(row.gets or 0) - (row.writes or 0), -(row.entries or 0), row.name)
    )
    for row in busiest[:rows]:
        table.add_row(
            row.name,
            _number(row.entries),
            _NOTHING if row.memory is None else _bytes(row.memory),
            _number(row.gets),
            _number(row.writes),
            _number(row.removes),
            _NOTHING if row.get_latency is None else shown(row.get_latency),
            _NOTHING if row.write_latency is None else shown(row.write_latency),
        )
    return _with_rest(table, len(busiest), rows)


def _clients(snapshot: Snapshot, rows: int | None) -> Table:
    table = _table("client", "kind", "version", "address", "members>", "since>")
    for row in snapshot.clients[:rows]:
        table.add_row(row.name, row.kind, row.version, row.address, str(row.members), _age(row.connected))
    return _with_rest(table, len(snapshot.clients), rows)


def _with_rest(table: Table, count: int, rows: int | None) -> Table:
    if rows is not None and count > rows:
        table.caption = f"and {count - rows} more"
    return table


def _number(value: float | None) -> str:
    return _NOTHING if value is None else f"{value:,.0f}"


def _bytes(value: float) -> str:
    for unit in ("B", "KB", "MB", "GB"):
        if value < 1024:
            return f"{value:.0f} {unit}"
        value /= 1024
    return f"{value:.1f} TB"


def _age(seconds: float | None) -> str:
    if seconds is None:
        return _NOTHING
    for limit, size, unit in ((120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h")):
        if seconds < limit:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 86_400:.0f} d"
