"""A simulated client with near caches."""

from hz_core.testing.simulation import SimulatedClient
from hz_nearcache import make_operations


class NearClient(SimulatedClient):
    """A client on the virtual clock, whose maps may have near caches."""

    make_near_cached = staticmethod(make_operations)
