"""Load balancers, which choose the member for operations without a key."""

from hz_core.load_balancer import LoadBalancer, RandomLB, RoundRobinLB

__all__ = ["LoadBalancer", "RandomLB", "RoundRobinLB"]
