"""Version of hz-embedded."""

__version__ = "0.1.0"
