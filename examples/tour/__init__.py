"""The parts of the demo, one module for each topic."""


class DemoError(Exception):
    """Something in the demo is not as it should be."""
