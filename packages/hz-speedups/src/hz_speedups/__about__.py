"""Version of the hz-speedups distribution."""

__version__ = "0.1.0"
