"""Cardinality estimators, which are exact here."""

from hz_core.testing.members import Request, Service, SimulatedCluster, serves


@serves("CardinalityEstimator")
class CardinalityEstimatorService(Service):
    """Messages of the service ``CardinalityEstimator``."""

    service_name = "hz:impl:cardinalityEstimatorService"

    def __init__(self, cluster: SimulatedCluster) -> None:
        super().__init__(cluster)
        self._hashes: dict[str, set[int]] = {}

    def destroy(self, name: str) -> None:
        """Forget an estimator."""
        self._hashes.pop(name, None)

    def reset(self) -> None:
        """Forget all estimators."""
        self._hashes.clear()

    def add(self, request: Request) -> None:
        """Add a hash."""
        self._hashes.setdefault(request["name"], set()).add(request["hash"])
        request.reply_write()

    def estimate(self, request: Request) -> None:
        """Reply the number of hashes."""
        request.reply(len(self._hashes.get(request["name"], ())))
