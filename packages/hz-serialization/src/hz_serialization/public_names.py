"""Public names of classes, which hide the modules that define them."""

from collections.abc import Iterable


def publish(package: str, things: Iterable[object], *, including: Iterable[str] = ()) -> None:
    """Give classes the module name of the package that users import them from.

    Tracebacks, reprs and pickles show that name. The package has to have the classes under their own names. Things
    that are not classes, and classes of other distributions, are left as they are, so that a package can pass all
    that it exports.

    Args:
        package: The import name of the package, its ``__name__``.
        things: What the package exports.
        including: Import names of other distributions whose classes get the name, too.
    """
    roots = {package.partition(".")[0], *including}
    for thing in things:
        if isinstance(thing, type) and thing.__module__.partition(".")[0] in roots:
            thing.__module__ = package
