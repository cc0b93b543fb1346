"""The parts of the demo, one module for each topic."""


class DemoError(Exception):
    """The demo had an unexpected result."""
