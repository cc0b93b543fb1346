"""Prints which compiled modules hz-serialization uses where this runs, after it has written and read a value."""

import importlib
import pkgutil

from hz_serialization import SerializationService
from hz_serialization.speedups import compiled


def main() -> None:
    """Print the names of the modules in a line; nothing if there is none."""
    service = SerializationService()
    if service.to_object(service.to_data("text")) != "text":
        raise SystemExit("A text does not come back as it went")
    package = importlib.import_module("hz_speedups")
    names = [found.name for found in pkgutil.iter_modules(package.__path__) if found.name != "__about__"]
    print(*sorted(name for name in names if compiled(name) is not None))


if __name__ == "__main__":
    main()
