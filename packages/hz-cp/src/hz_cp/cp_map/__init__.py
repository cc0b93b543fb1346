"""CPMap, a map in a CP group (``hz:raft:mapService``)."""

from hz_cp.cp_map.blocking import BlockingCPMap
from hz_cp.cp_map.futures import CPMap
from hz_cp.cp_map.kind import CP_MAP

__all__ = ["CP_MAP", "BlockingCPMap", "CPMap"]
