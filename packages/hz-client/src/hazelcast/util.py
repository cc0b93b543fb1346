"""Load balancers: which member does what has no key."""

from hz_core.load_balancer import LoadBalancer, RandomLB, RoundRobinLB

__all__ = ["LoadBalancer", "RandomLB", "RoundRobinLB"]
