"""The version of this distribution; bump it with ``hatch version`` in its folder."""

__version__ = "0.1.0"
