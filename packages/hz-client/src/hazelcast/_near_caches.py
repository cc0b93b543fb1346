"""Puts near caches together with the structures that they are for. They are imported by clients that have some."""

from typing import TYPE_CHECKING

from hz_core.client_base import ClientBase
from hz_core.context import ClientContext
from hz_core.operations import ObjectOperations

if TYPE_CHECKING:
    from hz_core.statistics.report import Report


def make_near_cached(
    operations: type[ObjectOperations], context: ClientContext, name: str
) -> ObjectOperations:
    """Return the operations of an object, with a near cache if the option ``near_caches`` names it."""
    from hz_nearcache.reads import make_operations

    return make_operations(operations, context, name)


def report_near_caches(client: ClientBase) -> None:
    """Let the statistics that a client sends hold those of its near caches."""
    if client.statistics is None or not client.config.near_caches:
        return
    context = client._engine

    def report(report: "Report") -> None:
        from hz_nearcache.service import NearCaches

        context.service(NearCaches).report(report)

    client.statistics.add_source(report)
