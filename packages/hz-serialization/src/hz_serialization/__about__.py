"""Version of the hz-serialization distribution."""

__version__ = "0.1.0"
